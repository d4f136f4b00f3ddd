"""The confusion matrix as a table of buttons: every number leads to the digits behind it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.charts.shades import compute_shades
from core.errors import ShapeError
from dashboard.tiles import make_sheet

Mode = Literal["counts", "true", "predicted"]
AXES = ("true digit", "predicted digit")

_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.matrix",
    html='<div class="matrix"></div>',
    css=(_FRONT_END / "palette.css").read_text("utf-8") + (_FRONT_END / "matrix.css").read_text("utf-8"),
    js=(_FRONT_END / "ink.js").read_text("utf-8") + (_FRONT_END / "matrix.js").read_text("utf-8"),
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
    axes: tuple[str, str] = AXES,
    signed: bool = False,
    pictures: NDArray[np.uint8] | None = None,
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
        axes: what the rows and the columns are; a Selection calls them `true` and `predicted` all the same.
        signed: the counts are differences of two matrices, negative ones too, and are written '+3' and '−2'; the totals
            are of the errors alone. Blue is fewer errors or more right answers, orange the opposite.
        pictures: (10, 10, 28, 28) uint8, what each cell shows in place of its number; None shows numbers.

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
            "cells": compute_signed_cells(counts, axes) if signed else compute_cells(counts, mode, hide_diagonal, axes),
            "axes": axes,
            "sheet": "" if pictures is None else _encode_sheet(pictures),
            **_compute_totals(counts, signed=signed),
            "selected": None if outlined is None else {"true": outlined.true, "predicted": outlined.predicted},
        },
        on_clicked_change=lambda: None,
    )
    return _read(result)


def _encode_sheet(pictures: NDArray[np.uint8]) -> str:
    rows, columns = pictures.shape[:2]
    return base64.b64encode(make_sheet(pictures.reshape(rows * columns, *pictures.shape[2:]), columns)).decode("ascii")


def _read(state: Mapping[str, Any] | None) -> Selection | None:
    clicked = (state or {}).get("clicked")
    return None if clicked is None else Selection(clicked["true"], clicked["predicted"])


def compute_cells(
    counts: NDArray[np.integer], mode: Mode, hide_diagonal: bool, axes: tuple[str, str] = AXES
) -> list[list[dict[str, Any]]]:
    """What each cell of the matrix says and how dark it is.

    Args:
        counts: (n, n) integers, 0 or more.
        mode: as for `render_matrix`.
        hide_diagonal: as for `render_matrix`.
        axes: as for `render_matrix`.

    Returns:
        n rows of n cells: `text` (empty for none), `shade` from 0 for none to 1 for the largest shown, `right` (blue,
        else orange), and `description` in words.

    Raises:
        ShapeError: if the counts are not square.
    """
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ShapeError(f"A confusion matrix is square, but got {counts.shape}.")
    values = _compute_values(counts, mode)
    shown = np.where(np.eye(len(counts), dtype=bool), 0.0, values) if hide_diagonal else values
    shades = compute_shades(shown, errors_only=hide_diagonal)
    return [
        [
            {
                "text": "" if hide_diagonal and true == predicted else _format(values[true, predicted], mode),
                "shade": round(float(shades[true, predicted]), 3),
                "right": true == predicted and (hide_diagonal or bool(counts[true, predicted])),
                "description": f"{_name_place(true, predicted, axes)}: "
                + _describe(true, predicted, int(counts[true, predicted]), values[true, predicted], mode),
            }
            for predicted in range(len(counts))
        ]
        for true in range(len(counts))
    ]


def compute_signed_cells(difference: NDArray[np.integer], axes: tuple[str, str] = AXES) -> list[list[dict[str, Any]]]:
    """What each cell of the difference of two confusion matrices says and how dark it is.

    Args:
        difference: (n, n) integers, the first matrix minus the second.
        axes: as for `render_matrix`.

    Returns:
        Cells as of `compute_cells`; `right` where the first did better.
    """
    shades = np.sqrt(np.abs(difference) / max(int(np.abs(difference).max(initial=0)), 1))
    return [
        [
            {
                "text": _format_signed(value),
                "shade": round(float(shades[true, predicted]), 3),
                "right": value != 0 and (value > 0) == (true == predicted),
                "description": f"{_name_place(true, predicted, axes)}: {_describe_difference(value)}",
            }
            for predicted, value in enumerate(row)
        ]
        for true, row in enumerate(difference.tolist())
    ]


def _compute_totals(counts: NDArray[np.integer], *, signed: bool) -> dict[str, Any]:
    # Both matrices hold the same digits, so the sums of a difference are 0; what differs is the number of errors.
    summed = counts * ~np.eye(len(counts), dtype=bool) if signed else counts
    write = _format_signed if signed else str
    return {
        "trueTotals": [write(total) for total in summed.sum(axis=1).tolist()],
        "predictedTotals": [write(total) for total in summed.sum(axis=0).tolist()],
        "allTotal": write(int(summed.sum())),
        "totalsAre": "errors" if signed else "all",
    }


def _format_signed(value: int) -> str:
    return f"{value:+d}".replace("-", "−") if value else ""


def _describe_difference(value: int) -> str:
    if not value:
        return "no difference"
    return f"{abs(value)} {'more' if value > 0 else 'fewer'} by the first run than by the second"


def _name_place(true: int, predicted: int, axes: tuple[str, str]) -> str:
    down, across = (title.removesuffix(" digit") for title in axes)
    return f"{down} {true}, {across} {predicted}"


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
    words = f"{count} {'digit' if count == 1 else 'digits'}"
    return words if mode == "counts" else f"{words}, {value:.2f} % of {mode} {true if mode == 'true' else predicted}"
