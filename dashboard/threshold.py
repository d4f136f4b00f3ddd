"""A slider over the probabilities that a run gives, crowded as they are near 100 %; its place is in the address."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.charts.nines import format_nines
from dashboard.state import change_address

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_threshold(name: str, options: NDArray[np.float64], default: float) -> float:
    """Return the threshold in the address, or the option nearest to `default` if there is none that means anything.

    Args:
        name: of the part of the address.
        options: (m,) fractions, at least one.
        default: a fraction.
    """
    try:
        linked = float(st.query_params.get(name, ""))
    except ValueError:
        linked = math.nan
    return linked if 0 <= linked <= 1 else _find_nearest(options, default)


def write_threshold(threshold: float) -> str:
    """Return a threshold as it stands in the address."""
    return repr(float(threshold))


def render_threshold(label: str, name: str, options: NDArray[np.float64], threshold: float, explanation: str) -> None:
    """Draw the slider; a move puts the new threshold into the address.

    Args:
        label: above it.
        name: of the part of the address; also of the widget.
        options: (m,) ascending fractions, at least one.
        threshold: where it stands.
        explanation: what it does.
    """
    # The slider tells its places apart by what it writes beside them, so each text may stand there once.
    places = {format_nines(option): option for option in options.tolist()}
    if len(places) < 2:
        st.caption(f"Every digit is given {format_nines(options[0])}, so there is no threshold to choose.")
        return
    key = f"{name}_slider"
    # Always set: a click in the chart moves it too.
    st.session_state[key] = _find_nearest(np.array(list(places.values())), threshold)
    st.select_slider(
        label,
        list(places.values()),
        format_func=format_nines,
        key=key,
        on_change=lambda: change_address({name: write_threshold(st.session_state[key])}),
        help=explanation,
    )


def _find_nearest(options: NDArray[np.float64], wanted: float) -> float:
    return float(options[np.abs(options - wanted).argmin()])
