"""What a recipe has reached on this machine: the mean over its own finished runs, one per seed."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import list_changes
from core.errors import CoreError
from core.runs.store import list_runs, read_config

if TYPE_CHECKING:
    from core.recipes import Recipe
    from core.runs.store import RunEntry

# These change the speed or the digits drawn, not what the recipe is.
_NOT_THE_RECIPE = {"runtime.seed", "runtime.threads"}


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


def compute_measured(recipe: Recipe, entries: list[RunEntry] | None = None) -> Measured | None:
    """Average the completed runs that kept every setting of the recipe but the seed, the newest run of each seed.

    Args:
        recipe: with its dataset; runs on other digits do not count.
        entries: the runs to look through, newest first; by default all.

    Returns:
        None if there is no such run.
    """
    by_seed: dict[int, float] = {}
    for entry in list_runs() if entries is None else entries:
        record = entry.record
        if record is None or entry.state != "completed" or record.recipe != recipe.name or not record.test_total:
            continue
        try:
            changes = list_changes(read_config(entry.run), recipe.config)
        except CoreError:
            continue  # an unreadable config is shown where runs are listed
        if set(changes) <= _NOT_THE_RECIPE:
            by_seed.setdefault(record.seed, (record.test_correct or 0) / record.test_total)
    if not by_seed:
        return None
    values = list(by_seed.values())
    return Measured(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0, len(values))
