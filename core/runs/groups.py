"""Runs that belong together: the seeds of one setting, the sizes of a learning curve, and what tells runs apart."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import TrainConfig, list_changes, list_fields
from core.data.catalog import get_dataset_spec
from core.errors import CoreError, UsageError
from core.recipes import get_recipe
from core.runs.store import read_config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.runs.store import RunEntry, RunRecord

# These change the digits' order and the speed, not what was tried.
_NOT_THE_SETTING = {"seed": 0, "threads": 0}
# What a learning curve varies or states in its title.
_TITLED_APART = ("data.dataset", "data.train_size", "loop.epochs", "runtime.seed", "runtime.threads")


@dataclass(frozen=True)
class RunGroup:
    """Completed runs on the same digits that differ in nothing but the seed (and the threads).

    Attributes:
        entries: the newest run of each seed, in the order of the seeds.
        config: their settings, with seed 0 and threads 0.
        accuracies: test accuracy of each, fractions.
    """

    entries: tuple[RunEntry, ...]
    config: TrainConfig
    accuracies: tuple[float, ...]

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.entries)

    @property
    def mean(self) -> float:
        """Mean test accuracy, a fraction."""
        return statistics.fmean(self.accuracies)

    @property
    def sd(self) -> float:
        """Sample standard deviation of the test accuracy; 0 for a single run."""
        return statistics.stdev(self.accuracies) if self.n > 1 else 0.0

    @property
    def best(self) -> RunEntry:
        """The run with the highest test accuracy. Chosen on the test digits: to look at, not to report."""
        return self.entries[self.accuracies.index(max(self.accuracies))]

    @property
    def worst(self) -> RunEntry:
        """The run with the lowest test accuracy."""
        return self.entries[self.accuracies.index(min(self.accuracies))]

    @property
    def recipe(self) -> str:
        """Name of the recipe that the newest run started from."""
        return max((get_record(entry) for entry in self.entries), key=lambda record: record.created).recipe


@dataclass(frozen=True)
class LearningCurve:
    """Test accuracy over the number of training digits, all else equal.

    Attributes:
        title: in words, as in 'sprint, 215 steps each'.
        sizes: training digits, ascending, at least two.
        means, sds: of the test accuracy over the seeds of each size, fractions.
        ns: seeds of each size.
        groups: the runs of each size.
    """

    title: str
    sizes: tuple[int, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    ns: tuple[int, ...]
    groups: tuple[RunGroup, ...]


def get_record(entry: RunEntry) -> RunRecord:
    """Return the record of a readable run.

    Raises:
        ValueError: if it is unreadable; the caller has left those out.
    """
    if entry.record is None:
        raise ValueError(f"{entry.run.id} has no readable record")
    return entry.record


def strip_seed(config: TrainConfig) -> TrainConfig:
    """Return the config with what does not count as another setting (seed, threads) set to 0."""
    return config.model_copy(update={"runtime": config.runtime.model_copy(update=_NOT_THE_SETTING)})


def group_runs(entries: Iterable[RunEntry]) -> list[RunGroup]:
    """Group completed and evaluated runs that differ in nothing but the seed; of each seed the newest run counts.

    Args:
        entries: in any order; ensembles, unfinished runs and those with an unreadable config are left out.

    Returns:
        Every group, also those of one run, the one with the newest run first.
    """
    found: dict[tuple[str, TrainConfig], dict[int, RunEntry]] = {}
    counted = [entry for entry in entries if _is_counted(entry)]
    for entry in sorted(counted, key=lambda entry: get_record(entry).created, reverse=True):
        config = find_config(entry)
        if config is None:
            continue
        key = (get_record(entry).dataset_checksum, strip_seed(config))
        found.setdefault(key, {}).setdefault(config.runtime.seed, entry)
    return [_build_group(config, by_seed) for (_, config), by_seed in found.items()]


def _is_counted(entry: RunEntry) -> bool:
    record = entry.record
    return record is not None and entry.state == "completed" and bool(record.test_total) and not record.members


def find_config(entry: RunEntry) -> TrainConfig | None:
    """Return a run's settings; None for an ensemble, which has none, and where they cannot be read."""
    try:
        return read_config(entry.run)
    except CoreError:
        return None  # where runs are listed, it is said what is wrong


def _build_group(config: TrainConfig, by_seed: dict[int, RunEntry]) -> RunGroup:
    entries = tuple(entry for _, entry in sorted(by_seed.items()))
    records = [get_record(entry) for entry in entries]
    accuracies = tuple((record.test_correct or 0) / (record.test_total or 1) for record in records)
    return RunGroup(entries, config, accuracies)


def list_differences(entries: Iterable[RunEntry]) -> tuple[str, ...]:
    """Return the paths of the settings in which the runs differ, seed included, in the order of `list_fields`.

    Args:
        entries: those without a readable config (ensembles have none) are left out.
    """
    configs = [config for entry in entries if (config := find_config(entry)) is not None]
    # Of a thousand runs few parts are not the same, and then in few ways.
    parts = {name: {getattr(config, name) for config in configs} for name in TrainConfig.model_fields}
    differing = {name: found for name, found in parts.items() if len(found) > 1}
    return tuple(
        field.path
        for field in list_fields()
        if len({getattr(part, field.path.partition(".")[2]) for part in differing.get(field.part, ())}) > 1
    )


def learning_curves(groups: Iterable[RunGroup]) -> list[LearningCurve]:
    """Line up groups that are equal but for the number of training digits, with as many epochs or as many steps each.

    Args:
        groups: as of `group_runs`. Two of the same size on one curve (all digits, and all of them by number): the one
            with more seeds counts.

    Returns:
        The curves with at least two sizes, those with equal steps first.
    """
    by_steps: dict[object, dict[int, RunGroup]] = {}
    by_epochs: dict[object, dict[int, RunGroup]] = {}
    for group in groups:
        config = group.config
        checksum = get_record(group.entries[0]).dataset_checksum
        any_size = config.model_copy(update={"data": config.data.model_copy(update={"train_size": None})})
        any_epochs = any_size.model_copy(update={"loop": config.loop.model_copy(update={"epochs": 1.0})})
        _keep(by_steps.setdefault((checksum, any_epochs, config.total_steps), {}), group)
        _keep(by_epochs.setdefault((checksum, any_size), {}), group)
    curves = [_build_curve(found, equal_steps=True) for found in by_steps.values() if len(found) > 1]
    drawn = [curve.groups for curve in curves]
    # Where an epoch is a single step at every size, both ways give one and the same curve.
    epochs = [_build_curve(found, equal_steps=False) for found in by_epochs.values() if len(found) > 1]
    return curves + [curve for curve in epochs if curve.groups not in drawn]


def _keep(by_size: dict[int, RunGroup], group: RunGroup) -> None:
    size = group.config.train_size
    if size not in by_size or by_size[size].n < group.n:
        by_size[size] = group


def _build_curve(by_size: dict[int, RunGroup], *, equal_steps: bool) -> LearningCurve:
    sizes = tuple(sorted(by_size))
    groups = tuple(by_size[size] for size in sizes)
    config = groups[0].config
    if equal_steps:
        length = f"{config.total_steps:,} {'step' if config.total_steps == 1 else 'steps'} each"
    else:
        length = f"{config.loop.epochs:g} {'epoch' if config.loop.epochs == 1 else 'epochs'} each"
    return LearningCurve(
        title=f"{_describe_setting(groups[-1])}, {length}",
        sizes=sizes,
        means=tuple(group.mean for group in groups),
        sds=tuple(group.sd for group in groups),
        ns=tuple(group.n for group in groups),
        groups=groups,
    )


def _describe_setting(group: RunGroup) -> str:
    """Name the recipe and what was changed in it, as in 'sprint (Learning rate 0.02)'."""
    changes: list[str] = []
    dataset = group.config.data.dataset
    if dataset != "mnist":
        changes.append(get_dataset_spec(dataset).title)
    try:
        changed = list_changes(group.config, get_recipe(group.recipe).config)
    except UsageError:
        changed = {}  # a recipe that no longer exists
    labels = {field.path: field.label for field in list_fields()}
    changes += [f"{labels[path]} {value}" for path, value in changed.items() if path not in _TITLED_APART]
    return f"{group.recipe} ({', '.join(changes)})" if changes else group.recipe
