"""The results of recipes as the README's table, which is written by a command and never by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.benchmarks.readme import write_between
from core.benchmarks.recipes import describe_miss, find_goal, is_missed, is_settled
from core.charts.words import format_percent, format_seconds
from core.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.benchmarks.recipe_results import RecipeResult

MARK = "recipes"
_HEAD = (
    "| recipe | claimed | goal | measured: mean ± sd (seeds) | best; worst seed | parameters | epochs | "
    "training time | test loss | loss; ECE after temperature |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def format_table(rows: Sequence[RecipeResult]) -> str:
    """Return the rows as Markdown, the machines beneath, then what is not measured yet.

    Args:
        rows: as of `load_results`.
    """
    places = list(dict.fromkeys(_describe_place(row) for row in rows))
    lines = [_format_row(row, places.index(_describe_place(row)) + 1) for row in rows]
    parts = ["\n".join([_HEAD, *lines])] if rows else []
    parts += [f"[{number}] {place}." for number, place in enumerate(places, 1)]
    if not all(_is_current(row) for row in rows):
        parts.append("† Measured with earlier settings of the recipe.")
    missing = [f"`{recipe.name}`" for recipe in RECIPES if not any(row.recipe == recipe.name for row in rows)]
    if missing:
        parts.append(f"Not measured yet: {', '.join(missing)}.")
    missed = [row for row in rows if is_missed(row)]
    if missed:
        parts.append(_format_missed(missed, rows))
    if rows:
        parts.append(_format_frontiers(rows))
    return "\n\n".join(parts)


def write_readme_table(rows: Sequence[RecipeResult], readme: Path | None = None) -> None:
    """Put the table between the two marks of the README.

    Args:
        rows: as of `load_results`.
        readme: the file; None takes the project's.

    Raises:
        UsageError: if it is not there, as in an installed package, or lacks the marks.
        RunError: if the disk refuses.
    """
    write_between(MARK, format_table(rows), readme)


def _is_current(row: RecipeResult) -> bool:
    return any(row.is_of(recipe) for recipe in RECIPES)


def _format_row(row: RecipeResult, place: int) -> str:
    by_seed = dict(zip(row.seeds, row.accuracies, strict=True))
    best, worst = (f"{format_percent(by_seed[seed])} ({seed})" for seed in (row.best_seed, row.worst_seed))
    goal = find_goal(row.recipe)
    verdict = ""
    if goal:
        verdict = " **missed**" if is_missed(row) else "" if is_settled(row) else " *too few seeds*"
    spread = f" ± {100 * row.sd:.2f}" if len(row.seeds) > 1 else ""
    cells = (
        f"`{row.recipe}`" + ("" if _is_current(row) else " †"),
        format_percent(row.claimed) if row.claimed else "—",
        f"≥ {format_percent(goal)}" if goal else "—",
        f"{format_percent(row.mean)}{spread} ({len(row.seeds)}){verdict}",
        f"{best}; {worst}",
        f"{row.parameters:,}",
        f"{row.epochs:g}",
        f"{format_seconds(row.train_seconds)} [{place}]",
        f"{row.test_loss:.4f}",
        "—" if row.scaled_loss is None else f"{row.scaled_loss:.4f}; {row.scaled_ece:.4f}",
    )
    return f"| {' | '.join(cells)} |"


def _format_missed(missed: Sequence[RecipeResult], rows: Sequence[RecipeResult]) -> str:
    """Say of each by how much it falls short, beside what its seeds can tell, and which settings of ours do not."""
    lines = [_describe_miss(row, rows) for row in missed]
    return (
        "What falls short of its goal, and by how many standard errors (the spread of the seeds over the root of\n"
        "their number: how far chance moves a mean):\n\n" + "\n".join(lines)
    )


def _describe_miss(row: RecipeResult, rows: Sequence[RecipeResult]) -> str:
    reached = [one for one in rows if _improves(one, row) and is_settled(one) and not is_missed(one)]
    better = "".join(f"; `{one.recipe}` reaches it with {format_percent(one.mean)}" for one in reached)
    return f"- `{row.recipe}`: {describe_miss(row)}{better}"


def _improves(row: RecipeResult, other: RecipeResult) -> bool:
    return any(recipe.name == row.recipe and recipe.improves == other.recipe for recipe in RECIPES)


def _format_frontiers(rows: Sequence[RecipeResult]) -> str:
    """List the recipes that none beats at their cost or less; times are compared on one kind of machine alone."""
    place = max({row.place for row in rows}, key=lambda place: sum(row.place == place for row in rows))
    there = [row for row in rows if row.place == place]
    lines = [
        _format_frontier("parameters", [(row.parameters, row) for row in rows], "{:,}".format),
        _format_frontier("epochs", [(row.epochs, row) for row in rows], "{:g}".format),
        _format_frontier(f"training time on {place}", [(row.train_seconds, row) for row in there], format_seconds),
    ]
    return "The frontier: what none beats at the same cost or less, over\n\n" + "\n".join(lines)


def _format_frontier(title: str, costs: list[tuple[float, RecipeResult]], write: Callable[[float], str]) -> str:
    from core.charts.recipes import compute_frontier  # Plotly takes a while to import

    best = [costs[place] for place in compute_frontier([cost for cost, _ in costs], [row.mean for _, row in costs])]
    steps = [f"`{row.recipe}` {format_percent(row.mean)} ({write(cost)})" for cost, row in best]
    return f"- {title}: {' · '.join(steps)}"


def _describe_place(row: RecipeResult) -> str:
    """Name what a row was measured on and when, as far as rows share it."""
    crowd = f", {row.at_once} trainings at once" if row.at_once > 1 else ""
    torch = f", torch {row.machine['torch']}" if "torch" in row.machine else ""
    return f"{row.place} ({row.device}){torch}{crowd}, {row.date}"
