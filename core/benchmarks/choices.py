"""How settings were chosen: each choice beside what was tried instead, compared on validation digits alone."""

from __future__ import annotations

import dataclasses
import statistics
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from core import paths
from core.benchmarks.readme import write_between
from core.benchmarks.recipe_results import describe_settings
from core.benchmarks.recipe_training import describe_training_machine, find_seeds, train_recipes
from core.charts.words import format_percent
from core.config import TrainConfig
from core.errors import RunError, UsageError
from core.evaluation.calibration import fit_temperature, scale
from core.evaluation.metrics import cross_entropy
from core.evaluation.report import load_report, load_validation
from core.files import make_folder, read_json, write_json
from core.recipes import get_recipe
from core.runs import store
from core.runs.groups import get_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from core.evaluation.predictions import Predictions
    from core.recipes import Recipe

MARK = "choices"
# What was tried instead, by the recipe: settings that differ from its own.
ALTERNATIVES: dict[str, tuple[dict[str, object], ...]] = {
    "compact-13k-better": ({"loss.teacher": "vgg-7"}, {"loop.batch_size": 64}),
    "vgg-7": ({"model.upright": "slant-and-size"},),
}
_HEAD = (
    "| recipe | tried | validation loss after temperature | as it comes | validation accuracy | seeds |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


class Trial(BaseModel):
    """What one setting reached on the validation digits at its last epoch; the test digits have no part in it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    recipe: str
    settings: dict[str, Any] = Field(description="All that differs from the default settings, by path.")
    seeds: tuple[int, ...] = Field(min_length=1)
    losses: tuple[float, ...] = Field(min_length=1, description="Mean cross-entropy of each seed.")
    scaled_losses: tuple[float, ...] = Field(
        min_length=1, description="The same after a temperature fitted on the very digits: what is left of it then."
    )
    accuracies: tuple[float, ...] = Field(min_length=1, description="Of each seed, fractions.")
    validation_digits: int
    machine: dict[str, Any]
    date: str = Field(description="When the last of the seeds was done, in UTC.")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def loss(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.losses)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def scaled_loss(self) -> float:
        """Mean over the seeds: what decides, since being too sure or too unsure is mended without training."""
        return statistics.fmean(self.scaled_losses)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.accuracies)


def list_candidates(recipe: Recipe) -> list[Recipe]:
    """Return the recipe as it is, then with what was tried instead."""
    tried = ALTERNATIVES.get(recipe.name, ())
    return [recipe, *(dataclasses.replace(recipe, config=recipe.config.with_settings(dict(one))) for one in tried)]


def measure_choices(
    recipes: Sequence[Recipe], seeds: int, file: Path | None = None, on_progress: Callable[[str], None] = print
) -> dict[str, Any]:
    """Train recipes and what was tried instead of them, and keep what each reaches on the validation digits.

    Args:
        recipes: those whose choice is to be seen.
        seeds: of each candidate, 1..100.
        file: for the trials; None takes the project's own.
        on_progress: told what begins.

    Returns:
        {machine, figures: {"recipe: what is changed": validation loss after a temperature}, goals: {},
        rows: [as in the file]}.

    Raises:
        UsageError: if nothing else was tried for one of the recipes.
        ConfigError: if the number of seeds does not do, or a recipe names a device that is not here.
        TrainingError: in the end, if some trainings failed.
    """
    plain = [recipe.name for recipe in recipes if recipe.name not in ALTERNATIVES]
    if plain:
        raise UsageError(f"Nothing else was tried for {', '.join(plain)}; choose of {', '.join(ALTERNATIVES)}.")
    candidates = [candidate for recipe in recipes for candidate in list_candidates(recipe)]
    machine = describe_training_machine(candidates)
    train_recipes(candidates, seeds, on_progress, lambda _: None)
    trials = [_build_trial(candidate, seeds, machine) for candidate in candidates]
    _save(trials, file)
    return {
        "machine": machine,
        "figures": {f"{trial.recipe}: {describe_difference(trial)}": trial.scaled_loss for trial in trials},
        "goals": {},
        "rows": [trial.model_dump(mode="json") for trial in trials],
    }


def _build_trial(candidate: Recipe, seeds: int, machine: Mapping[str, Any]) -> Trial:
    group = find_seeds(candidate, seeds, store.list_runs())
    found = [load_report(entry.run)["validation"] for entry in group.entries] if group else []
    answers = [load_validation(entry.run) for entry in group.entries] if group else []
    if group is None or not all(found):
        raise RunError(f"{candidate.name} holds out no digits to validate on, so nothing can be chosen for it.")
    return Trial(
        recipe=candidate.name,
        settings=describe_settings(candidate.config),
        seeds=tuple(get_record(entry).seed for entry in group.entries),
        losses=tuple(one["nll"] for one in found),
        scaled_losses=tuple(_compute_scaled_loss(one[0]) for one in answers if one is not None),
        accuracies=tuple(one["correct"] / one["total"] for one in found),
        validation_digits=found[0]["total"],
        machine=dict(machine),
        date=max(get_record(entry).finished for entry in group.entries)[:10],
    )


def _compute_scaled_loss(answers: Predictions) -> float:
    """Return the mean cross-entropy that the best temperature leaves."""
    scaled = scale(answers, fit_temperature(answers))
    return float(cross_entropy(scaled.probabilities, scaled.labels).mean())


def describe_difference(trial: Trial) -> str:
    """Say what a trial changes in its recipe: 'as it is', or 'augment.elastic 0, loop.batch_size 64'."""
    own, default = describe_settings(get_recipe(trial.recipe).config), TrainConfig().model_dump()
    paths_changed = [path for path in {**own, **trial.settings} if own.get(path) != trial.settings.get(path)]

    def read(path: str) -> object:
        part, name = path.split(".")
        value = trial.settings.get(path, default[part][name])
        return {"": "none", True: "on", False: "off"}.get(value, value) if isinstance(value, str | bool) else value

    return ", ".join(f"{path} {read(path)}" for path in paths_changed) or "as it is"


def load_trials(file: Path | None = None) -> list[Trial]:
    """Return all trials that were kept, those of one recipe together and the lowest loss first; none if there are none.

    Args:
        file: None takes the project's own.

    Raises:
        RunError: if the file is damaged.
    """
    path = file or paths.results_dir() / "choices.json"
    if not path.exists():
        return []
    try:
        trials = [Trial.model_validate(row) for row in read_json(path)]
        for trial in trials:
            get_recipe(trial.recipe)
    except (ValidationError, TypeError, UsageError) as error:
        raise RunError(f"{path} is damaged ({str(error).splitlines()[0]}); restore it or delete it.") from None
    return sorted(trials, key=lambda trial: (trial.recipe, trial.scaled_loss))


def _save(trials: Sequence[Trial], file: Path | None) -> None:
    """Put trials into the file, in the place of earlier ones of the same settings."""
    path = file or paths.results_dir() / "choices.json"
    new = [(trial.recipe, trial.settings) for trial in trials]
    kept = [trial for trial in load_trials(path) if (trial.recipe, trial.settings) not in new]
    rows = sorted([*kept, *trials], key=lambda trial: (trial.recipe, trial.scaled_loss))
    make_folder(path.parent)
    write_json(path, [trial.model_dump(mode="json") for trial in rows])


def format_choices(trials: Sequence[Trial]) -> str:
    """Return the trials as Markdown.

    Args:
        trials: as of `load_trials`.
    """
    lines = [
        f"| `{trial.recipe}` | {describe_difference(trial)} | {trial.scaled_loss:.4f} | {trial.loss:.4f} | "
        f"{format_percent(trial.accuracy)} | {len(trial.seeds)} |"
        for trial in trials
    ]
    return "\n".join([_HEAD, *lines]) if lines else "Nothing was tried yet."


def write_readme_choices(trials: Sequence[Trial], readme: Path | None = None) -> None:
    """Put the table between the two marks of the README.

    Args:
        trials: as of `load_trials`.
        readme: the file; None takes the project's.

    Raises:
        UsageError: if it is not there, as in an installed package, or lacks the marks.
        RunError: if the disk refuses.
    """
    write_between(MARK, format_choices(trials), readme)
