"""What recipes have reached, in one committed file: a row for each recipe and machine."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from core import paths
from core.config import TrainConfig, list_changes
from core.errors import RunError
from core.evaluation.report import load_report
from core.files import make_folder, read_json, write_json
from core.recipes import RECIPES
from core.runs.groups import get_record, strip_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from core.recipes import Recipe
    from core.runs.groups import RunGroup
    from core.runs.store import RunEntry


class RecipeResult(BaseModel):
    """A recipe over several seeds on one machine: last epoch, nothing chosen on the test digits.

    Accuracies are fractions of the test digits, times seconds. What is computed here stands in the file too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    recipe: str
    claimed: float | None = Field(description="What the recipe's source reports, nearly always of one run.")
    seeds: tuple[int, ...] = Field(min_length=1)
    accuracies: tuple[float, ...] = Field(min_length=1, description="Of each seed.")
    test_digits: int
    test_loss: float = Field(description="Mean cross-entropy of the test digits, over the seeds.")
    scaled_loss: float | None = Field(description="The same after a temperature that was fitted on validation digits.")
    scaled_ece: float | None = Field(description="Expected calibration error of the test digits, likewise.")
    parameters: int
    epochs: float
    train_seconds: float = Field(description="Mean over the seeds, without start and evaluation.")
    at_once: int = Field(description="Trainings that shared the machine and its cores.")
    machine: dict[str, Any]
    device: str
    command: str
    date: str = Field(description="When the last of the seeds was done, in UTC.")
    settings: dict[str, Any] = Field(description="All that differs from the default settings, by path.")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mean(self) -> float:
        """Mean test accuracy."""
        return statistics.fmean(self.accuracies)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sd(self) -> float:
        """Sample standard deviation of the test accuracy; 0 for a single seed."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0

    @property
    def standard_error(self) -> float:
        """How far chance moves the mean: the standard deviation over the root of the number of seeds."""
        return self.sd / math.sqrt(len(self.seeds))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def best_seed(self) -> int:
        """Seed of the highest test accuracy. Found on the test digits: to look at, not to report."""
        return self.seeds[self.accuracies.index(max(self.accuracies))]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def worst_seed(self) -> int:
        """Seed of the lowest test accuracy."""
        return self.seeds[self.accuracies.index(min(self.accuracies))]

    @property
    def place(self) -> str:
        """The machine in words."""
        return describe_place(self.machine)

    def is_of(self, recipe: Recipe) -> bool:
        """Whether it was measured with the settings that the recipe has now."""
        return self.recipe == recipe.name and self.settings == describe_settings(recipe.config)


def describe_place(machine: Mapping[str, Any]) -> str:
    """Return a machine in words, as in 'AMD EPYC, 2 cores' or 'NVIDIA A100'."""
    cores = machine.get("cores", "?")
    processor = f"{machine.get('processor', 'unknown')}, {cores} {'core' if cores == 1 else 'cores'}"
    accelerator: str = machine.get("accelerator") or processor
    return accelerator


def describe_settings(config: TrainConfig) -> dict[str, Any]:
    """Return value by path of the settings that differ from the defaults, but for the seed and the threads."""
    return list_changes(strip_seed(config), TrainConfig())


def build_result(
    recipe: Recipe, group: RunGroup, machine: Mapping[str, Any], entries: Iterable[RunEntry]
) -> RecipeResult:
    """Put the seeds of a recipe together.

    Args:
        recipe: what they are seeds of.
        group: its completed runs.
        machine: that they were trained on, as of `describe_machine`.
        entries: all runs there, to know how many trained at once.

    Raises:
        RunError: if a run's report is missing or damaged.
    """
    records = [get_record(entry) for entry in group.entries]
    reports = [load_report(entry.run) for entry in group.entries]
    scaled = [report["temperature"]["after"] for report in reports if report["temperature"]]
    return RecipeResult(
        recipe=recipe.name,
        claimed=recipe.claimed,
        seeds=tuple(record.seed for record in records),
        accuracies=group.accuracies,
        test_digits=records[0].test_total or 0,
        test_loss=statistics.fmean(report["loss"] for report in reports),
        scaled_loss=statistics.fmean(after["nll"] for after in scaled) if scaled else None,
        scaled_ece=statistics.fmean(after["ece"] for after in scaled) if scaled else None,
        parameters=records[0].parameters,
        epochs=recipe.config.loop.epochs,
        train_seconds=statistics.fmean(record.train_seconds for record in records),
        at_once=_count_at_once(group, entries),
        machine=dict(machine),
        device=records[0].device,
        command=_write_command(recipe.name, group.n),
        date=max(record.finished for record in records)[:10],
        settings=describe_settings(recipe.config),
    )


def _write_command(name: str, seeds: int) -> str:
    return f"python -m core benchmark recipes --recipe {name} --seeds {seeds}"


def merge_results(first: RecipeResult, second: RecipeResult) -> RecipeResult:
    """Put together two rows of one recipe, measured alike with other seeds: every mean counts each seed once.

    Raises:
        RunError: if they share a seed, or are not of the same recipe, settings, machine and device.
    """
    alike = [(row.recipe, row.settings, row.place, row.device, row.test_digits) for row in (first, second)]
    if alike[0] != alike[1] or set(first.seeds) & set(second.seeds):
        raise RunError(
            f"Two results of {first.recipe} cannot be put together: other settings or machine, or same seeds."
        )
    by_seed = sorted(zip(first.seeds + second.seeds, first.accuracies + second.accuracies, strict=True))
    n, m = len(first.seeds), len(second.seeds)

    def average(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else (n * a + m * b) / (n + m)

    means = ("test_loss", "scaled_loss", "scaled_ece", "train_seconds")
    return first.model_copy(
        update={
            "seeds": tuple(seed for seed, _ in by_seed),
            "accuracies": tuple(accuracy for _, accuracy in by_seed),
            **{name: average(getattr(first, name), getattr(second, name)) for name in means},
            "at_once": max(first.at_once, second.at_once),
            "machine": second.machine,
            "command": _write_command(first.recipe, n + m),
            "date": max(first.date, second.date),
        }
    )


def _count_at_once(group: RunGroup, entries: Iterable[RunEntry]) -> int:
    """Return how many trainings were under way when the busiest of the group's began."""
    others = [entry.record for entry in entries if entry.record and entry.record.started and entry.record.finished]
    starts = [get_record(entry).started for entry in group.entries]
    return max(sum(other.started <= start < other.finished for other in others) for start in starts)


def get_results_file() -> Path:
    """Return the file of the project's own results."""
    return paths.results_dir() / "recipes.json"


def load_results(file: Path | None = None) -> list[RecipeResult]:
    """Return all rows, in the order of the recipes; none if nothing was measured yet.

    Args:
        file: None takes the project's own.

    Raises:
        RunError: if the file is damaged.
    """
    path = file or get_results_file()
    if not path.exists():
        return []
    try:
        rows = [RecipeResult.model_validate(row) for row in read_json(path)]
    except (ValidationError, TypeError) as error:
        raise RunError(f"{path} is damaged ({str(error).splitlines()[0]}); restore it or delete it.") from None
    return sorted(rows, key=lambda row: (_find_place(row.recipe), row.recipe, row.place, row.device))


def save_result(row: RecipeResult, file: Path | None = None) -> None:
    """Put a row into the file, in the place of an earlier one of the same recipe and machine.

    Of the same settings the earlier row stays if it has more seeds.

    Args:
        row: to keep.
        file: None takes the project's own.

    Raises:
        RunError: if the file is damaged, or the disk refuses.
    """
    path = file or get_results_file()
    rows = load_results(path)
    same = [one for one in rows if (one.recipe, one.place, one.device) == (row.recipe, row.place, row.device)]
    if any(one.settings == row.settings and len(one.seeds) > len(row.seeds) for one in same):
        return
    kept = [one for one in rows if one not in same]
    rows = sorted([*kept, row], key=lambda one: (_find_place(one.recipe), one.recipe, one.place, one.device))
    make_folder(path.parent)
    write_json(path, [one.model_dump(mode="json") for one in rows])


def find_result(
    recipe: Recipe, machine: Mapping[str, Any], device: str, file: Path | None = None
) -> RecipeResult | None:
    """Return the row of a recipe's present settings on such a machine, with the same PyTorch; None without one.

    Args:
        recipe: whose.
        machine: as of `describe_machine`.
        device: that trained, as "cpu".
        file: None takes the project's own.

    Raises:
        RunError: if the file is damaged.
    """
    wanted = (describe_place(machine), device, machine.get("torch"))
    rows = [row for row in load_results(file) if row.is_of(recipe)]
    return next((row for row in rows if (row.place, row.device, row.machine.get("torch")) == wanted), None)


def _find_place(name: str) -> int:
    """Return the place of a recipe among all; one that no longer exists comes last."""
    names = [recipe.name for recipe in RECIPES]
    return names.index(name) if name in names else len(names)
