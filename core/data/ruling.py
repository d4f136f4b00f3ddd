"""The lines of ruled and squared paper, which are no ink: thin, nearly straight, and all across the picture."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

# A line is at most this share of the picture's longer side thick, and no stroke of a pen that anybody draws with.
_MOST_THICKNESS = 0.006
# It is seen in this share of the picture's width, and reaches over the second one: what is written hides parts of it.
_LEAST_SEEN, _LEAST_REACH = 0.4, 0.8
# It is made of pieces of this share of the width, between which the second share may be hidden. A line 2 pixels thick
# that rises by 1 in 20 has pieces 40 long.
_PIECE, _MOST_HIDDEN = 0.02, 0.3
# Pixels on either side of it that it darkens a little.
_SOFT = 2
# In a smaller picture a line is as thick as a stroke.
_LEAST_SIDE = 100


def find_ruling(is_dark: np.ndarray) -> np.ndarray:
    """Find the pixels of lines that run across the whole picture, or down all of it, but where strokes lie over them.

    Args:
        is_dark: (h, w) bool, what stands out from the paper.

    Returns:
        (h, w) bool.

    Source: telling a line from what crosses it by how thick it is, as in the removal of staff lines from sheet music
    (Dalitz et al. 2008, A Comparative Study of Staff Removal Algorithms).
    """
    if min(is_dark.shape) < _LEAST_SIDE:
        return np.zeros(is_dark.shape, bool)
    thickness = max(2, round(_MOST_THICKNESS * max(is_dark.shape)))
    across, across_band = _find_lines(is_dark, thickness)
    down, down_band = (mask.T for mask in _find_lines(is_dark.T, thickness))
    ruling: np.ndarray = across | down
    crossings = across_band & down_band
    if crossings.any():
        # There neither line is thin; but what touches something beside both is a stroke.
        beside = is_dark & ~across_band & ~down_band
        ruling |= crossings & ~ndimage.maximum_filter(beside, 2 * thickness + 3)
    return ruling


def _find_lines(is_dark: np.ndarray, thickness: int) -> tuple[np.ndarray, np.ndarray]:
    """Find lines from left to right.

    Returns:
        Two masks (h, w) bool: their pixels where nothing crosses them, and the bands in which they run.
    """
    lines, bands = np.zeros((2, *is_dark.shape), bool)
    height, width = is_dark.shape
    thin = is_dark & ~_open(is_dark, thickness + 1, axis=0)
    # Strokes that anybody has drawn are thicker: nearly every picture is done with here.
    if np.count_nonzero(thin) < _LEAST_SEEN * width:
        return lines, bands
    pieces = _open(_close(thin, 2 * thickness + 1, axis=1), max(9, round(_PIECE * width)), axis=1)
    gap = 2 * round(_MOST_HIDDEN * width / 2) + 1
    # A line that rises goes on a little higher behind what hides it.
    reach = ndimage.maximum_filter1d(pieces.view(np.uint8), 2 * thickness + 1, axis=0)
    joined = ndimage.maximum_filter1d(reach, gap, axis=1)
    numbers, _ = ndimage.label(joined)
    whole: list[tuple[np.polynomial.Polynomial, slice, float]] = []
    cornered: list[tuple[np.polynomial.Polynomial, slice, float]] = []
    for number, place in enumerate(ndimage.find_objects(numbers), start=1):
        rows, columns = np.nonzero(pieces[place] & (numbers[place] == number))
        rows, columns = rows + place[0].start, columns + place[1].start
        first, last = int(columns.min()), int(columns.max())
        is_whole = last - first >= _LEAST_REACH * width
        # Of a line that rises, the rest may lie beyond a corner.
        near_side, near_end = min(first, width - 1 - last), min(rows.min(), height - 1 - rows.max())
        extent = slice(0, width) if is_whole else slice(first, last + 1)
        seen = np.unique(columns).size
        if seen < _LEAST_SEEN * (extent.stop - extent.start) or not (is_whole or max(near_side, near_end) <= thickness):
            continue
        # Paper that curves bends its lines.
        curve = np.polynomial.Polynomial.fit(columns, rows, 2 if is_whole else 1)
        if np.abs(rows - curve(columns)).mean() <= thickness:
            # Half of the line, and its soft edge.
            (whole if is_whole else cornered).append((curve, extent, rows.size / seen / 2 + _SOFT))
    for curve, extent, half in whole + cornered if whole else []:
        middle = curve(np.arange(width)[extent])
        bands[:, extent] |= np.abs(np.arange(height)[:, None] - middle) <= half
    lines = ndimage.maximum_filter1d((thin & bands).view(np.uint8), 3, axis=0).astype(bool) & bands
    return lines, bands


def _open(mask: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Keep of a mask the runs along an axis that are at least so long."""
    # A run that ends at the border may go on beyond it.
    shrunk = ndimage.minimum_filter1d(mask.view(np.uint8), length, axis=axis, mode="nearest")
    # Of an even length the middle lies to the right; then it has to come back.
    grown = ndimage.maximum_filter1d(shrunk, length, axis=axis, mode="constant", origin=length % 2 - 1)
    opened: np.ndarray = mask & (grown > 0)
    return opened


def _close(mask: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Fill gaps of a mask along an axis that are shorter than an odd length."""
    grown = ndimage.maximum_filter1d(mask.view(np.uint8), length, axis=axis, mode="constant")
    closed: np.ndarray = mask | (ndimage.minimum_filter1d(grown, length, axis=axis, mode="nearest") > 0)
    return closed
