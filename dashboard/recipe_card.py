"""One recipe, whole: what it is, who claims what, what was measured, how to train it, and its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.benchmarks.choices import describe_difference, load_trials
from core.benchmarks.recipes import ENOUGH_SEEDS, describe_miss, find_goal, is_missed, is_settled
from core.charts.words import format_percent, format_seconds
from core.config import TrainConfig, list_changes, list_fields
from core.errors import CoreError
from core.models.catalog import get_model_spec
from core.recipes import get_recipe
from dashboard import loaders
from dashboard.layer_table import render_layers
from dashboard.layout import escape, escape_error
from dashboard.quick_start import render_train_button
from dashboard.recipes_table import describe_place
from dashboard.runs_table import to_percent
from dashboard.settings_form import RECIPE, write_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.recipes import Recipe
    from dashboard.recipes_table import Measurement

# Beyond it, part of what a layer could see lies outside.
PICTURE_SIDE = 28
_COLUMNS = {
    "Mean, %": st.column_config.NumberColumn(format="%.2f"),
    "± sd": st.column_config.NumberColumn(format="%.2f"),
    "Best, %": st.column_config.NumberColumn(format="%.2f", help="Found on the test digits: to look at, not to quote."),
    "Worst, %": st.column_config.NumberColumn(format="%.2f"),
    "Test loss": st.column_config.NumberColumn(format="%.4f"),
}


def render_card(recipe: Recipe, measurements: Sequence[Measurement]) -> None:
    """Draw a recipe.

    Args:
        recipe: the chosen one.
        measurements: what is known of it, the one to quote first.
    """
    st.subheader(recipe.name, anchor=False)
    st.markdown(escape(recipe.about))
    st.caption(escape(describe_origin(recipe)))
    st.markdown(describe_measured(recipe, measurements))
    if measurements:
        _render_measurements(measurements)
    _render_buttons(recipe)
    st.caption("This measures it over five seeds, and writes its row of the project's table:")
    st.code(
        f"python -m core benchmark recipes --recipe {recipe.name} --seeds {ENOUGH_SEEDS}",
        language="sh",
        wrap_lines=True,
    )
    st.caption(f"**Settings** {escape(describe_recipe_settings(recipe))}")
    _render_trials(recipe)
    _render_network(recipe)


def describe_origin(recipe: Recipe) -> str:
    """Say who published a recipe, or what it is to beat, and what its network is."""
    model = get_model_spec(recipe.config.model.name)
    network = f"Network: {model.title[:1].lower()}{model.title[1:]}"
    if recipe.improves:
        return f"This project's attempt to beat {recipe.improves} with no more parameters and epochs. {network}."
    if recipe.source:
        return f"Source: {recipe.source}. {network}."
    return f"This project's own settings. {network} ({model.source})."


def describe_measured(recipe: Recipe, measurements: Sequence[Measurement]) -> str:
    """Say what is claimed and what was measured, in Markdown."""
    claim = f"Claimed **{format_percent(recipe.claimed)}**" if recipe.claimed else "No figure is claimed"
    goal = find_goal(recipe.name)
    if not measurements:
        aim = f" The aim is at least {format_percent(goal)}." if goal else ""
        return f"{claim}; not measured yet.{aim}"
    first = measurements[0]
    result = first.result
    seeds = f"{len(result.seeds)} seeds" if len(result.seeds) > 1 else "1 seed"
    spread = f" ± {100 * result.sd:.2f}" if len(result.seeds) > 1 else ""
    older = "" if first.is_current else ", with earlier settings of the recipe"
    aim = ""
    if goal:
        outcome = f"missed by {describe_miss(result)}" if is_missed(result) else "reached"
        told = outcome if is_settled(result) else f"open before {ENOUGH_SEEDS} seeds"
        aim = f" The aim of {format_percent(goal)} is {told}."
    return (
        f"{claim}; measured **{format_percent(result.mean)}**{spread} ({seeds}, last epoch{older}), "
        f"{format_seconds(result.train_seconds)} of training each.{aim}"
    )


def describe_recipe_settings(recipe: Recipe) -> str:
    """List the settings that differ from those of the recipe to be beaten, or else from the defaults."""
    base = get_recipe(recipe.improves).config if recipe.improves else TrainConfig()
    fields = {field.path: field for field in list_fields()}
    changes = [(fields[path], value) for path, value in list_changes(recipe.config, base).items()]
    parts = [f"{field.label.lower()} {write_value(field, value)}" for field, value in changes]
    start = f"changed from {recipe.improves}" if recipe.improves else "other than the defaults"
    return f"{start}: {' · '.join(parts) or 'none'}."


def _render_measurements(measurements: Sequence[Measurement]) -> None:
    rows = []
    for one in measurements:
        result = one.result
        rows.append(
            {
                "Measured on": describe_place(one),
                "Mean, %": to_percent(result.mean),
                "± sd": to_percent(result.sd) if len(result.seeds) > 1 else None,
                "Best, %": to_percent(max(result.accuracies)),
                "Worst, %": to_percent(min(result.accuracies)),
                "Seeds": ", ".join(map(str, result.seeds)),
                "Time": format_seconds(result.train_seconds),
                "At once": result.at_once,
                "Test loss": result.test_loss,
                "Device": result.device,
                "Date": result.date,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=_COLUMNS,
        placeholder="—",
        alt="What was measured of this recipe, a row for each machine",
        key="measurements",
    )


def _render_trials(recipe: Recipe) -> None:
    """Draw how the recipe's settings were chosen, where that was kept."""
    try:
        trials = [trial for trial in load_trials() if trial.recipe == recipe.name]
    except CoreError as error:
        st.error(escape_error(error))
        return
    if not trials:
        return
    st.caption(
        f"**Chosen** by the mean loss of {trials[0].validation_digits:,} validation digits after a temperature fitted "
        "on them, lowest first; the test digits had no part."
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Loss": [trial.scaled_loss for trial in trials],
                "Right, %": [to_percent(trial.accuracy) for trial in trials],
                "Seeds": [len(trial.seeds) for trial in trials],
                "Tried": [describe_difference(trial) for trial in trials],
            }
        ),
        hide_index=True,
        column_config={
            "Loss": st.column_config.NumberColumn(format="%.4f"),
            "Right, %": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="What was tried for this recipe, and what it reached on the validation digits",
        key="trials",
    )


def _render_buttons(recipe: Recipe) -> None:
    with st.container(horizontal=True, key="recipe-actions"):
        if render_train_button(recipe.name, "Train it"):
            st.switch_page("views/train.py")
        # A link, so that Back returns to this recipe: a button that changes the page takes it out of the address first.
        st.page_link("views/train.py", label="Change its settings first", query_params={RECIPE: recipe.name})


def _render_network(recipe: Recipe) -> None:
    try:
        layers = loaders.load_layers(recipe.config)
    except CoreError as error:
        st.error(escape_error(error))
        return
    parameters, products = (sum(getattr(layer, name) for layer in layers) for name in ("parameters", "multiplies"))
    convolutions = [layer.receptive_field for layer in layers if layer.kind == "Conv2d"]
    sees = ""
    if convolutions:
        side = max(convolutions)
        sees = f"; a place of its last convolution sees {side} × {side} pixels"
        sees += ", padding included" if side > PICTURE_SIDE else ""
    st.markdown(f"**{parameters:,} parameters**, {products:,} multiplications for a digit{sees}.")
    render_layers(layers, is_narrow=True)
