"""What the address fills the form of Train with: the settings of an earlier run, `?from=`, or a recipe, `?recipe=`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.config import list_changes
from core.errors import CoreError, RunError
from core.recipes import RECIPES
from core.runs import store
from dashboard.curves import name_run
from dashboard.layout import escape, escape_error
from dashboard.settings_form import RECIPE, SETTINGS, build_base, read_changes

if TYPE_CHECKING:
    from core.config import TrainConfig
    from core.runs.store import Run

FROM = "from"
# The run that the form was last filled from, and the recipe it was filled into.
_FILLED = "filled_from"
# The recipe that the address named last.
_ASKED = "recipe_asked_for"


def prefill_from(run: Run) -> None:
    """Set the form to a run's recipe and its changes to that recipe.

    Args:
        run: with a config of its own; of one whose recipe no longer exists, another recipe of its network is changed.

    Raises:
        RunError: if it is an ensemble, or its config is missing or damaged.
        ConfigError: if one of its settings is no longer valid.
    """
    record = store.read_record(run)
    if record.members:
        raise RunError(f"{run.id} is an ensemble and has no settings of its own; duplicate one of its members instead.")
    config = store.read_config(run)
    recipe = _find_recipe(record.recipe, config)
    changes = read_changes(recipe)
    changes.clear()
    changes |= list_changes(config, build_base(recipe))
    st.session_state[RECIPE] = recipe
    st.session_state[_FILLED] = (run.id, recipe, f"Settings of {escape(name_run(record))}.")


def _find_recipe(name: str, config: TrainConfig) -> str:
    """Return the recipe of that name, else the first of the same network, else the first."""
    same_name = [recipe for recipe in RECIPES if recipe.name == name]
    same_model = [recipe for recipe in RECIPES if recipe.config.model.name == config.model.name]
    return (same_name + same_model + list(RECIPES))[0].name


def fill_from_address(*, just_opened: bool) -> None:
    """Fill the form from the run that `?from=` names, once; where that fails, say why.

    Args:
        just_opened: whether the page was just come to; a link followed again fills the form again.
    """
    wanted = st.query_params.get(FROM)
    filled = st.session_state.get(_FILLED)
    if not wanted or (filled and filled[0] == wanted and not just_opened):
        return
    try:
        run = store.find_run(wanted)
        prefill_from(run)
        st.query_params[FROM] = run.id
    except CoreError as error:
        forget_origin()
        st.error(f"The settings could not be brought here. {escape_error(error)}")


def choose_recipe_from_address(*, just_opened: bool) -> None:
    """Choose the recipe that `?recipe=` names, with its settings open; once, or whenever another one is named.

    Args:
        just_opened: whether the page was just come to.
    """
    wanted = st.query_params.get(RECIPE)
    if wanted is None or (not just_opened and wanted == st.session_state.get(_ASKED)):
        return
    if wanted not in [recipe.name for recipe in RECIPES]:
        st.query_params.pop(RECIPE)
        st.error(f"There is no recipe {escape(wanted)}; choose another one below.")
        return
    st.session_state[_ASKED] = st.session_state[RECIPE] = wanted
    st.session_state[SETTINGS] = True


def follow_recipe() -> None:
    """Have an address that names a recipe name the one that was just chosen; a widget's callback."""
    if RECIPE in st.query_params:
        st.session_state[_ASKED] = st.query_params[RECIPE] = st.session_state[RECIPE]


def is_filled() -> bool:
    """Whether the address asks for the settings of a run or a recipe."""
    return FROM in st.query_params or RECIPE in st.query_params


def forget_origin() -> None:
    """Take the run that the settings came from out of the address."""
    st.query_params.pop(FROM, None)
    st.session_state.pop(_FILLED, None)


def leave_form() -> None:
    """Take all that the form was filled with out of the address, which from now on shows a run."""
    forget_origin()
    st.query_params.pop(RECIPE, None)


def render_origin() -> None:
    """Say which run the settings in the form came from, if any."""
    filled = st.session_state.get(_FILLED)
    if FROM in st.query_params and filled and filled[1] == st.session_state[RECIPE]:
        st.caption(filled[2])
