"""The confusion matrix as a table of buttons: every number leads to the digits behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import ShapeError

Mode = Literal["counts", "true", "predicted"]

_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.matrix",
    html='<div class="matrix"></div>',
    css=(_FRONT_END / "palette.css").read_text("utf-8") + (_FRONT_END / "matrix.css").read_text("utf-8"),
    js=(_FRONT_END / "matrix.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class Selection:
    """A cell (both given), a row (true alone) or a column (predicted alone) of the matrix; digits 0 to 9."""

    true: int | None = None
    predicted: int | None = None


def render_matrix(
    counts: NDArray[np.integer],
    *,
    key: str,
    mode: Mode = "counts",
    hide_diagonal: bool = False,
    selected: Selection | None = None,
) -> Selection | None:
    """Draw the matrix, true digits down and predicted digits across, and say what was clicked just now.

    A click is a trigger: it is there in the one rerun that it causes and None in the next. A test without a browser
    clicks by state, `at.session_state[key] = {"clicked": {"true": 4, "predicted": 9}}` (a head: one of the two is
    None), and that click stays in every later run until it is set to `{}`.

    Args:
        counts: (10, 10) integers, 0 or more; rows are true digits, columns predicted ones.
        key: the matrix's key on its page.
        mode: what the cells say: digits, or per cent of the true digits (a row sums to 100) or of the predicted ones
            (a column does).
        hide_diagonal: blank the right answers and spread the shades over the errors alone.
        selected: the cell or head to outline; what was clicked just now is outlined in its stead.

    Returns:
        What was clicked just now, or None.

    Raises:
        ShapeError: if the counts are not square.
    """
    # The click is known before the matrix is drawn; read here, the outline moves in the rerun that the click causes.
    just_clicked = _read(st.session_state.get(key))
    outlined = just_clicked or selected
    result = _mount(
        key=key,
        data={
            "cells": compute_cells(counts, mode, hide_diagonal),
            "trueTotals": counts.sum(axis=1).tolist(),
            "predictedTotals": counts.sum(axis=0).tolist(),
            "selected": None if outlined is None else {"true": outlined.true, "predicted": outlined.predicted},
        },
        on_clicked_change=lambda: None,
    )
    return _read(result)


def _read(state: Mapping[str, Any] | None) -> Selection | None:
    clicked = (state or {}).get("clicked")
    return None if clicked is None else Selection(clicked["true"], clicked["predicted"])


def compute_cells(counts: NDArray[np.integer], mode: Mode, hide_diagonal: bool) -> list[list[dict[str, Any]]]:
    """What each cell of the matrix says and how dark it is.

    Args:
        counts: (n, n) integers, 0 or more.
        mode: as for `render_matrix`.
        hide_diagonal: as for `render_matrix`.

    Returns:
        n rows of n cells: `text` (empty for none), `shade` from 0 for none to 1 for the largest shown, and
        `description` in words.

    Raises:
        ShapeError: if the counts are not square.
    """
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ShapeError(f"A confusion matrix is square, but got {counts.shape}.")
    values = _compute_values(counts, mode)
    shown = np.where(np.eye(len(counts), dtype=bool), 0.0, values) if hide_diagonal else values
    shares = shown / max(float(shown.max(initial=0.0)), 1e-12)
    # Right answers outnumber any error a hundredfold: a steep logarithm lets single errors show beside them. Among
    # errors alone a gentle one is enough.
    steepness = 10.0 if hide_diagonal else 1000.0
    shades = np.log1p(steepness * shares) / np.log1p(steepness)
    return [
        [
            {
                "text": "" if hide_diagonal and true == predicted else _format(values[true, predicted], mode),
                "shade": round(float(shades[true, predicted]), 3),
                "description": _describe(true, predicted, int(counts[true, predicted]), values[true, predicted], mode),
            }
            for predicted in range(len(counts))
        ]
        for true in range(len(counts))
    ]


def _compute_values(counts: NDArray[np.integer], mode: Mode) -> NDArray[np.float64]:
    if mode == "counts":
        return counts.astype(np.float64)
    totals = counts.sum(axis=1 if mode == "true" else 0, keepdims=True)
    percentages: NDArray[np.float64] = 100.0 * counts / np.maximum(totals, 1)
    return percentages


def _format(value: float, mode: Mode) -> str:
    if value == 0:
        return ""
    if mode == "counts":
        return f"{value:.0f}"
    # Four characters are what a cell holds on a phone; 100 is kept for what is all of them.
    if value == 100:
        return "100"
    return f"{min(value, 99.9):.1f}" if value >= 0.05 else "<0.1"


def _describe(true: int, predicted: int, count: int, value: float, mode: Mode) -> str:
    words = f"true {true}, predicted {predicted}: {count} {'digit' if count == 1 else 'digits'}"
    return words if mode == "counts" else f"{words}, {value:.2f} % of {mode} {true if mode == 'true' else predicted}"
