"""How dark the cells of a confusion matrix are, on the page and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def compute_shades(values: NDArray[np.number[Any]], *, errors_only: bool = False) -> NDArray[np.float64]:
    """Return the shade of each cell, from 0 for none to 1 for the largest value.

    Args:
        values: counts or shares, 0 or more, any shape.
        errors_only: whether the right answers are left out (0). They outnumber any error a hundredfold, so that beside
            them a steep logarithm lets single errors show; among errors alone a gentle one is enough.
    """
    shares = values / max(float(values.max(initial=0)), 1e-12)
    steepness = 10.0 if errors_only else 1000.0
    shades: NDArray[np.float64] = np.log1p(steepness * shares) / np.log1p(steepness)
    return shades
