"""The stretched axis for shares close to one: each further nine is ten times fewer mistakes and takes equal room."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.floating[Any]]

# What float32 can hold below one ends between seven and eight nines.
MOST_NINES = 8


def stretch(shares: Shares, top: float = MOST_NINES) -> NDArray[np.float64]:
    """Return where shares lie on the axis: 0 at 0, 0.9 at 1, 0.99 at 2.

    Args:
        shares: fractions in [0, 1], any shape.
        top: where 1 lies, and whatever would lie beyond.
    """
    places: NDArray[np.float64] = -np.log10(np.maximum(1 - np.asarray(shares, dtype=np.float64), 10.0**-top))
    return places


def find_top(shares: Shares) -> int:
    """Return where 1 is to lie so that these shares can be told from it: a whole number from 2 to 8."""
    below = np.asarray(shares, dtype=np.float64)
    below = below[below < 1]
    nines = stretch(below).max() if below.size else 1.0
    return min(MOST_NINES, max(2, math.floor(nines) + 1))


def build_axis(top: int) -> dict[str, object]:
    """Return the settings of a Plotly axis from 0 to `top`, with the shares in percent as its labels."""
    nines = range(2, top)
    # On a long axis a half lies so close to none that their labels would touch.
    half = {} if top > 5 else {float(stretch(np.array(0.5))): "50"}
    labels: dict[float, str] = {
        0.0: "0",
        **half,
        1.0: "90",
        **{n: f"{100 - 10.0 ** (2 - n):.{n - 2}f}" for n in nines},
        top: "100",
    }
    return {
        "range": [-0.04 * top, 1.04 * top],
        "tickvals": list(labels),
        "ticktext": list(labels.values()),
        "zeroline": False,
    }


def format_nines(share: float) -> str:
    """Write a share in percent: with two decimals, and from three nines on with as many as it has nines.

    So that '99.9987 %' is neither rounded to 100 % nor drowned in digits.
    """
    if share >= 1:
        return "100 %"
    nines = math.floor(float(stretch(np.array(share, dtype=np.float64))) + 1e-9)
    return f"{100 * share:.{max(2, nines)}f} %"
