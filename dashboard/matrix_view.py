"""The Matrix view of Evaluate: the confusion matrix in numbers or in mean pictures, every cell of it a way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.evaluation.select import DigitFilter
from dashboard import loaders, selection
from dashboard.matrix import Selection, render_matrix
from dashboard.pairs import follow_click, render_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.data.datasets import DigitData
    from core.evaluation.predictions import Predictions
    from core.runs.store import RunEntry

MODES = {"counts": "Counts", "true": "% of true", "predicted": "% of predicted", "pictures": "Pictures"}


def render_matrix_view(
    entry: RunEntry, report: Mapping[str, Any], answers: Predictions, data: DigitData | None
) -> None:
    """Draw the confusion matrix with its controls, follow a click, and keep the pairs at hand once digits are chosen.

    Args:
        entry: the run.
        report: its report.json.
        answers: of it.
        data: the digits; without them there are no pictures.
    """
    follow_click()
    modes = [mode for mode in MODES if mode != "pictures" or data is not None]
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = st.segmented_control(
            "The cells show",
            modes,
            format_func=MODES.get,
            default="counts",
            required=True,
            key="matrix_mode",
            label_visibility="collapsed",
        )
        hide = st.toggle("Errors only", key="matrix_errors_only")
    wanted = selection.read()
    has_cell = wanted.true is not None or wanted.predicted is not None
    is_pictures = mode == "pictures" and data is not None
    clicked = render_matrix(
        np.array(report["confusion"]),
        key="matrix",
        mode="counts" if mode == "pictures" else mode,
        hide_diagonal=hide,
        selected=Selection(wanted.true, wanted.predicted) if has_cell else None,
        pictures=loaders.load_cell_images(entry.run, data) if is_pictures else None,
    )
    if clicked is not None and DigitFilter(true=clicked.true, predicted=clicked.predicted) != wanted:
        # No rerun: all that shows what is chosen comes after this.
        selection.choose(DigitFilter(true=clicked.true, predicted=clicked.predicted))
    if not selection.read().is_empty:
        render_pairs(entry, report, answers, data)
