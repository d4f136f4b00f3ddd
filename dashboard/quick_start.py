"""The buttons that train a recipe as it is: one for those who have trained nothing yet, one for each recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from core.recipes import get_recipe
from core.runs import jobs
from dashboard import loaders, state
from dashboard.layout import escape_error

if TYPE_CHECKING:
    from core.runs.store import Run


def render_sprint_button(label: str) -> Run | None:
    """Draw the button of `render_train_button` for the recipe sprint."""
    return render_train_button("sprint", label)


def render_train_button(recipe: str, label: str) -> Run | None:
    """Draw a button that trains a recipe on the digits at hand.

    Args:
        recipe: its name.
        label: on the button.

    Returns:
        The run if it was started just now; it is then the chosen one on every page.
    """
    if not st.button(label, type="primary", key=f"train_{recipe}"):
        return None
    config = get_recipe(recipe).config.with_settings({"dataset": loaders.choose_dataset()})
    try:
        run = jobs.start_run(config, recipe)
    except CoreError as error:
        st.error(escape_error(error))
        return None
    state.choose_run(run)
    return run
