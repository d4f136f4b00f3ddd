"""All recipes in one table: what is claimed, what was measured, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.benchmarks.machine import describe_machine
from core.benchmarks.recipe_results import build_result
from core.models.catalog import get_model_spec
from core.recipes import RECIPES
from core.runs.measured import find_group
from dashboard import state
from dashboard.runs_table import to_percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.benchmarks.recipe_results import RecipeResult
    from core.recipes import Recipe
    from core.runs.store import RunEntry

RECIPE_PART = "recipe"
_KEY = "recipes-table"
_ROW_PX = 35
_COLUMNS = {
    "Recipe": st.column_config.TextColumn(pinned=True, width=150),
    "Claimed, %": st.column_config.NumberColumn(
        format="%.2f",
        help="What the source reports: nearly always one run, often its best epoch on the test digits.",
    ),
    "Measured, %": st.column_config.NumberColumn(
        format="%.2f", help="Mean test accuracy over the seeds, after the last epoch; nothing is chosen on test digits."
    ),
    "± sd": st.column_config.NumberColumn(format="%.2f", help="Sample standard deviation over the seeds."),
    "Parameters": st.column_config.NumberColumn(format="localized"),
    "Time, s": st.column_config.NumberColumn(
        format="%.1f", help="Mean training time of a seed, where it was measured."
    ),
}


@dataclass(frozen=True)
class Measurement:
    """A recipe's result and where it comes from.

    Attributes:
        result: the figures.
        is_own: whether they are of this machine's own runs, not of the project's table.
        is_current: whether the recipe still has the settings that were measured.
    """

    result: RecipeResult
    is_own: bool
    is_current: bool


def collect_measurements(results: Sequence[RecipeResult], entries: list[RunEntry]) -> dict[str, list[Measurement]]:
    """Return what is known of each recipe: the project's rows, and this machine's own runs unless they are such a row.

    Those with the recipe's present settings and with more seeds come first.

    Args:
        results: the project's rows.
        entries: all runs.

    Raises:
        RunError: if the report of an own run is damaged.
    """
    machine = describe_machine()
    return {recipe.name: _list_measurements(recipe, results, entries, machine) for recipe in RECIPES}


def _list_measurements(
    recipe: Recipe, results: Sequence[RecipeResult], entries: list[RunEntry], machine: Mapping[str, Any]
) -> list[Measurement]:
    found = [Measurement(row, False, row.is_of(recipe)) for row in results if row.recipe == recipe.name]
    group = find_group(recipe, entries)
    if group is not None:
        own = build_result(recipe, group, machine, entries)
        told = [(one.result.seeds, one.result.accuracies, one.result.train_seconds) for one in found]
        if (own.seeds, own.accuracies, own.train_seconds) not in told:
            found.append(Measurement(own, True, True))
    return sorted(found, key=lambda one: (not one.is_current, -len(one.result.seeds)))


def count_parameters(recipe: Recipe) -> int:
    """Return the parameters of a recipe's network; only one whose width was changed is built for it."""
    model = recipe.config.model
    spec = get_model_spec(model.name)
    if model.width == 1:
        return spec.parameters
    import torch

    from core.models.summary import count_parameters

    with torch.device("meta"):
        return count_parameters(spec.build(model.dropout, model.width))


def choose_recipe(name: str | None) -> None:
    """Make a recipe the chosen one, in the address; None takes the choice back."""
    state.change_address({RECIPE_PART: name})


def render_table(measurements: Mapping[str, Sequence[Measurement]], chosen: str | None) -> None:
    """Draw a row for each recipe; a ticked row is the chosen one.

    Args:
        measurements: of each recipe by its name, the one to show first.
        chosen: name of the recipe in the address, if any.
    """
    rows = [place for place, recipe in enumerate(RECIPES) if recipe.name == chosen]
    ticked = st.session_state.get(_KEY, {}).get("selection", {}).get("rows", [])
    if ticked != rows:
        st.session_state[_KEY] = {"selection": {"rows": rows}}
    st.dataframe(
        build_table(measurements),
        key=_KEY,
        hide_index=True,
        height=_ROW_PX * (len(RECIPES) + 1) + 3,
        column_config=_COLUMNS,
        on_select=_note_row,
        selection_mode="single-row",
        placeholder="—",
        alt="All recipes: claimed and measured test accuracy, parameters, epochs and training time",
    )


def _note_row() -> None:
    rows = st.session_state[_KEY]["selection"]["rows"]
    choose_recipe(RECIPES[rows[0]].name if rows else None)


def build_table(measurements: Mapping[str, Sequence[Measurement]]) -> pd.DataFrame:
    """Return a row for each recipe, with the first of its measurements."""
    rows = []
    for recipe in RECIPES:
        first = next(iter(measurements[recipe.name]), None)
        result = first.result if first else None
        rows.append(
            {
                "Recipe": recipe.name,
                "Claimed, %": to_percent(recipe.claimed),
                "Measured, %": to_percent(result.mean) if result else None,
                "± sd": to_percent(result.sd) if result and len(result.seeds) > 1 else None,
                "Seeds": len(result.seeds) if result else None,
                "Parameters": count_parameters(recipe),
                "Epochs": recipe.config.loop.epochs,
                "Time, s": result.train_seconds if result else None,
                "Measured on": describe_place(first) if first else None,
            }
        )
    return pd.DataFrame(rows).astype({"Seeds": "Int64"})


def describe_place(measurement: Measurement) -> str:
    """Say where a result comes from."""
    if measurement.is_own:
        return "your own runs"
    return measurement.result.place + ("" if measurement.is_current else ", earlier settings")
