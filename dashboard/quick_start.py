"""The one button for those who have trained nothing yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from core.recipes import get_recipe
from core.runs import jobs
from dashboard import loaders, state

if TYPE_CHECKING:
    from core.runs.store import Run


def render_sprint_button(label: str) -> Run | None:
    """Draw a button that trains the recipe sprint on the digits at hand.

    Args:
        label: on the button.

    Returns:
        The run if it was started just now; it is then the chosen one on every page.
    """
    if not st.button(label, type="primary", key="train_sprint"):
        return None
    config = get_recipe("sprint").config.with_settings({"dataset": loaders.choose_dataset()})
    try:
        run = jobs.start_run(config, "sprint")
    except CoreError as error:
        st.error(str(error))
        return None
    state.choose_run(run)
    return run
