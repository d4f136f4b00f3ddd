"""Recipes: what each is, what its source claims, what was measured, and what accuracy costs."""

import streamlit as st

from core.benchmarks.recipe_results import load_results
from core.errors import CoreError, UsageError
from core.recipes import RECIPES, get_recipe
from dashboard import state
from dashboard.layout import escape, escape_error, render_header, side_by_side
from dashboard.notice import render_dataset_notice
from dashboard.recipe_card import render_card
from dashboard.recipes_charts import render_charts
from dashboard.recipes_table import RECIPE_PART, choose_recipe, collect_measurements, render_table

PICKER = "recipe_picker"


def read_chosen():
    """Return the recipe that the address names; None without one, after saying why if there is no such recipe."""
    linked = st.query_params.get(RECIPE_PART)
    if linked is None:
        return None
    try:
        return get_recipe(linked)
    except UsageError:
        # The error names them all, which the list beside it does too.
        st.warning(f"There is no recipe '{escape(linked)}': here is {RECIPES[0].name}; the list has them all.")
        return None


def render_picker(chosen):
    """Draw the list of recipes; it shows what the address says, and changes it."""
    st.session_state[PICKER] = chosen.name
    st.selectbox(
        "Recipe",
        [recipe.name for recipe in RECIPES],
        key=PICKER,
        on_change=lambda: choose_recipe(st.session_state[PICKER]),
    )


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Recipes", "What each recipe is, what its source claims, and what it reaches here.")
render_dataset_notice(polls=True)
linked = read_chosen()
recipe = linked or RECIPES[0]
with choice:
    render_picker(recipe)
try:
    measurements = collect_measurements(load_results(), state.list_runs())
except CoreError as error:
    st.error(escape_error(error))
    st.stop()
with side_by_side("recipes") as (main, companion):
    with main:
        render_table(measurements, linked and linked.name)
        if any(measurements.values()):
            render_charts(measurements, linked and linked.name)
        else:
            st.info(
                "No recipe is measured yet: neither the project's table nor your own runs hold a result. Train one, or "
                "all of them with `python -m core benchmark recipes`."
            )
    with companion:
        render_card(recipe, measurements[recipe.name])
