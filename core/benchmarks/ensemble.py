"""The declared ensemble: some seeds of one recipe, averaged, and calibrated on validation digits."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

from core.benchmarks.recipe_training import describe_training_machine, find_seeds, train_recipes
from core.errors import RunError
from core.evaluation.ensemble import create_ensemble
from core.evaluation.report import load_predictions, load_report
from core.recipes import get_recipe
from core.runs import store
from core.runs.groups import get_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.evaluation.predictions import Predictions
    from core.recipes import Recipe
    from core.runs.store import Run

# Declared before it was measured: consecutive seeds, none of them picked.
RECIPE, SEEDS = "vgg-7", 5
GOALS = {"ensemble_accuracy": 0.9983, "ensemble_scaled_ece": 0.0015, "ensemble_scaled_loss": 0.009}


def measure_ensemble(
    recipe: Recipe | None = None, seeds: int = SEEDS, on_progress: Callable[[str], None] = print
) -> dict[str, Any]:
    """Train the members that are missing, average what they say, and fit a temperature on the validation digits.

    The ensemble stays as a run, so every page can show it; one of the same members is made but once.

    Args:
        recipe: of the members; None takes the declared one.
        seeds: how many members, 2..100.
        on_progress: told what begins.

    Returns:
        {machine, figures, goals}; accuracy is a fraction, ECE and loss are of the test digits after the temperature.

    Raises:
        ConfigError: if the number of seeds does not do.
        TrainingError: if some trainings failed.
        RunError: if the members held out no digits, or the disk refuses.
    """
    chosen = recipe or get_recipe(RECIPE)
    machine = describe_training_machine([chosen])
    train_recipes([chosen], seeds, on_progress, lambda _: None)
    group = find_seeds(chosen, seeds, store.list_runs())
    members = [entry.run for entry in group.entries] if group else []
    accuracies = [load_report(run)["accuracy"] for run in members]
    n_misread_by = _count_misreading([load_predictions(run) for run in members])
    report = load_report(_find_ensemble(members) or create_ensemble(members, f"{len(members)} × {chosen.name}"))
    if report["temperature"] is None:
        raise RunError(f"{chosen.name} holds out no digits to fit a temperature on.")
    after = report["temperature"]["after"]
    return {
        "machine": machine,
        "figures": {
            "ensemble_accuracy": report["accuracy"],
            "ensemble_low": report["interval"][0],
            "ensemble_high": report["interval"][1],
            "ensemble_members": len(members),
            "ensemble_member_accuracy": statistics.fmean(accuracies),
            "ensemble_misread_by_all": int((n_misread_by == len(members)).sum()),
            "ensemble_misread_by_any": int((n_misread_by > 0).sum()),
            "ensemble_scaled_ece": after["ece"],
            "ensemble_scaled_loss": after["nll"],
        },
        "goals": GOALS,
    }


def _count_misreading(answers: list[Predictions]) -> NDArray[np.int64]:
    """Count by how many members each test digit is misread: what all misread, no average of them can mend."""
    counts: NDArray[np.int64] = np.sum([~one.right for one in answers], axis=0)
    return counts


def _find_ensemble(members: list[Run]) -> Run | None:
    """Return a completed ensemble of just these members, if there is one."""
    names = {run.id for run in members}
    for entry in store.list_runs():
        if entry.state == "completed" and entry.record and set(get_record(entry).members) == names:
            return entry.run
    return None
