"""What a recipe has reached on this machine: the mean over its own finished runs, one per seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.runs.groups import group_runs, strip_seed
from core.runs.store import list_runs

if TYPE_CHECKING:
    from core.recipes import Recipe
    from core.runs.groups import RunGroup
    from core.runs.store import RunEntry


@dataclass(frozen=True)
class Measured:
    """Test accuracy over seeds, last epoch.

    Attributes:
        mean: a fraction.
        sd: sample standard deviation; 0 for a single run.
        n: seeds.
    """

    mean: float
    sd: float
    n: int


def find_group(recipe: Recipe, entries: list[RunEntry]) -> RunGroup | None:
    """Return the completed runs that kept every setting of the recipe but the seed, the newest run of each seed.

    Args:
        recipe: with its dataset; runs on other digits do not count.
        entries: the runs to look through; those that came with the project were trained elsewhere and do not count.
    """
    runs = [
        entry
        for entry in entries
        if entry.record is not None and entry.record.recipe == recipe.name and not entry.run.pretrained
    ]
    setting = strip_seed(recipe.config)
    return next((group for group in group_runs(runs) if group.config == setting), None)


def compute_measured(recipe: Recipe, entries: list[RunEntry] | None = None) -> Measured | None:
    """Average the runs of `find_group`.

    Args:
        recipe: with its dataset.
        entries: the runs to look through; by default all.

    Returns:
        None if there is no such run.
    """
    group = find_group(recipe, list_runs() if entries is None else entries)
    return Measured(group.mean, group.sd, group.n) if group else None
