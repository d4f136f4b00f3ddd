"""Each recipe over several seeds: trains what is not trained yet, resumes what was broken off, keeps what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.benchmarks.recipe_results import build_result, find_result, merge_results, save_result
from core.benchmarks.recipe_training import (
    choose_device_name,
    describe_training_machine,
    find_seeds,
    train_recipes,
)
from core.recipes import RECIPES
from core.runs import store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.benchmarks.recipe_results import RecipeResult
    from core.recipes import Recipe

# Mean test accuracy to reach, by the published recipe; what improves one has its goal.
GOALS = {
    "compact-13k": 0.9961,
    "compact-6k": 0.9945,
    "tinyvgg-sgd": 0.976,
    "hybrid-cnn": 0.977,
    "hybrid-cnn-tuned": 0.991,
    "dropout-cnn": 0.992,
    "resnet-8": 0.996,
    "densenet-16": 0.996,
    "thousand": 0.9905,
    "vgg-7": 0.9975,
}


# Fewer seeds say too little of a mean to call its goal met or missed.
ENOUGH_SEEDS = 5


def find_goal(name: str) -> float | None:
    """Return the mean test accuracy that a recipe is to reach, of what it improves where it does so; None if none."""
    improves = next((recipe.improves for recipe in RECIPES if recipe.name == name), None)
    return GOALS.get(improves or name)


def is_settled(row: RecipeResult) -> bool:
    """Whether a row has the seeds that it takes to call its goal met or missed."""
    return len(row.seeds) >= ENOUGH_SEEDS


def is_missed(row: RecipeResult) -> bool:
    """Whether a row has a goal, and enough seeds to say that it falls short of it."""
    goal = find_goal(row.recipe)
    return goal is not None and is_settled(row) and row.mean < goal


def describe_miss(row: RecipeResult) -> str:
    """Say how far a missed row falls short of its goal, beside how far chance moves its mean."""
    short = (find_goal(row.recipe) or 0.0) - row.mean
    told = f", {short / row.standard_error:.1f} standard errors of the mean" if row.standard_error else ""
    return f"{100 * short:.3f} points{told}"


def order_recipes(recipes: Sequence[Recipe] = RECIPES) -> list[Recipe]:
    """Return recipes as they are trained: first all as published, then those that improve them."""
    return sorted(recipes, key=lambda recipe: recipe.improves is not None)


def measure_recipes(
    recipes: Sequence[Recipe],
    seeds: int = ENOUGH_SEEDS,
    file: Path | None = None,
    on_progress: Callable[[str], None] = print,
    *,
    continues: bool = False,
) -> dict[str, Any]:
    """Train recipes over consecutive seeds, as many at once as DIGITS_PARALLEL allows, and keep the results.

    A seed that was trained here before with the same settings is not trained again. Each row is written as soon as one
    more of its seeds is done. Ctrl-C stops what trains at a checkpoint; the next call goes on from there.

    Args:
        recipes: in the order in which they are trained.
        seeds: of each, 1..100.
        file: for the results; None takes the project's own.
        on_progress: told what begins and what it came to.
        continues: whether seeds that the file holds for such a machine count as done though their runs are gone.

    Returns:
        {machine, figures: {recipe: mean test accuracy}, goals: {recipe: accuracy}, rows: [as in the file]}.

    Raises:
        ConfigError: if the number of seeds does not do, or a recipe names a device that is not here.
        TrainingError: in the end, if some trainings failed.
    """
    machine = describe_training_machine(recipes)
    before = {recipe.name: _find_before(recipe, machine, file) if continues else None for recipe in recipes}
    rows = {recipe.name: _keep(recipe, seeds, machine, file, before[recipe.name]) for recipe in recipes}

    def note_seed(recipe: Recipe) -> None:
        rows[recipe.name] = row = _keep(recipe, seeds, machine, file, before[recipe.name])
        if row:
            on_progress(f"{recipe.name}: {row.mean:.2%} ± {row.sd:.2%} over {len(row.seeds)} of {seeds} seeds")

    train_recipes(recipes, seeds, on_progress, note_seed, {name: row.seeds for name, row in before.items() if row})
    done = {name: row for name, row in rows.items() if row}
    goals = {recipe.name: find_goal(recipe.name) for recipe in recipes}
    return {
        "machine": machine,
        "figures": {name: row.mean for name, row in done.items()},
        "goals": {name: goal for name, goal in goals.items() if goal},
        "rows": [row.model_dump(mode="json") for row in done.values()],
    }


def _find_before(recipe: Recipe, machine: dict[str, Any], file: Path | None) -> RecipeResult | None:
    return find_result(recipe, machine, choose_device_name(recipe.config), file)


def _keep(
    recipe: Recipe, seeds: int, machine: dict[str, Any], file: Path | None, before: RecipeResult | None
) -> RecipeResult | None:
    """Write the row of the seeds that are done, if any, together with those measured before, and return it."""
    entries = store.list_runs()
    group = find_seeds(recipe, seeds, entries, without=before.seeds if before else ())
    if group is None:
        return before
    row = build_result(recipe, group, machine, entries)
    if before:
        row = merge_results(before, row)
    save_result(row, file)
    return row
