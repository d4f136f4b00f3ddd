"""What recipes claim beside what they reach, and what accuracy costs; a click on a mark chooses its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.recipes import RECIPES
from dashboard import state
from dashboard.figure import load_figure, render_figure
from dashboard.recipes_table import choose_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.benchmarks.recipe_results import RecipeResult
    from core.charts.recipes import RecipePoint
    from dashboard.recipes_table import Measurement

COSTS = {"parameters": "Parameters", "epochs": "Epochs", "seconds": "Training seconds"}


def render_charts(measurements: Mapping[str, Sequence[Measurement]], chosen: str | None) -> None:
    """Draw both charts.

    Args:
        measurements: of each recipe by its name, the one to draw first.
        chosen: name of the recipe in the address, if any.
    """
    # Plotly takes a while to import; the table stands on the page by then.
    from core.charts.recipes import plot_claims, plot_frontier

    marked = [number for number, recipe in enumerate(RECIPES) if recipe.name == chosen]
    st.subheader("Claimed and measured", anchor=False)
    points = build_points(measurements, "parameters")
    render_figure(load_figure(plot_claims, points), key="claims", on_click=_follow, chosen=marked)
    st.subheader("What accuracy costs", anchor=False)
    cost = state.render_choice("cost", "Over", {name: title.lower() for name, title in COSTS.items()}, "parameters")
    points = [point for point in build_points(measurements, cost) if point.accuracies]
    table = pd.DataFrame(
        {
            "Recipe": [point.name for point in points],
            COSTS[cost]: [point.cost for point in points],
            "Mean test accuracy, %": [100 * point.mean for point in points],
            "± sd": [100 * point.sd if len(point.accuracies) > 1 else None for point in points],
            "Seeds": [len(point.accuracies) for point in points],
        }
    )
    figure = load_figure(plot_frontier, points, COSTS[cost])
    render_figure(figure, table, key=f"frontier_{cost}", on_click=_follow, chosen=marked)
    st.caption(
        "A dotted line joins the recipes that no other beats at the same cost or less. A mark without a name says it "
        "under the pointer, and all names are in the table. Click a mark to read on."
    )
    if cost == "seconds":
        st.caption("Times compare only where they were measured on the same machine; the table above names it.")


def build_points(measurements: Mapping[str, Sequence[Measurement]], cost: str) -> list[RecipePoint]:
    """Return a mark for each recipe, with the first of its measurements.

    Args:
        measurements: of each recipe by its name.
        cost: one of COSTS.
    """
    from core.charts.recipes import RecipePoint

    points = []
    for number, recipe in enumerate(RECIPES):
        first = next(iter(measurements[recipe.name]), None)
        points.append(
            RecipePoint(
                number=number,
                name=recipe.name,
                claimed=recipe.claimed,
                accuracies=first.result.accuracies if first else (),
                is_improved=recipe.improves is not None,
                cost=_read_cost(first.result, cost) if first else 1.0,
            )
        )
    return points


def _read_cost(result: RecipeResult, cost: str) -> float:
    """Return what was measured, which is not what the recipe costs now if it has changed since."""
    return {"parameters": result.parameters, "epochs": result.epochs, "seconds": result.train_seconds}[cost]


def _follow(rows: list[list[Any]]) -> None:
    choose_recipe(RECIPES[rows[0][0]].name if rows else None)
