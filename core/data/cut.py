"""Where touching digits may be cut apart: the paths down through connected strokes that cross little ink."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

# Height of a line of digits at which paths are sought: strokes are some 4 to 9 pixels wide then.
_WORK_HEIGHT = 48
# Heights at which a path is sought through every column.
_ANCHORS = (0.25, 0.5, 0.75)
# A cut through more ink than this share of the height is no cut between two digits.
_MOST_INK = 0.8
# How far paths lean to the right at their upper end, in columns per row.
_SLANTS = (0.0, 0.3)
_WINDOW = 5
# Cost of a step sideways, beside 1 for a pixel of ink.
_SIDEWAYS = 0.4
# Strokes left or right of a cut must hold this share of the squared height: a thin 1 holds some 0.08.
_LEAST_PIECE = 0.03
# Likewise strokes between two cuts.
_LEAST_BETWEEN = 0.008
# In a part as wide as the line is high; more in wider ones.
_MOST_CUTS = 16


def find_cuts(strokes: np.ndarray, line_height: float) -> tuple[np.ndarray, np.ndarray]:
    """Find paths from top to bottom along which connected strokes may be cut.

    Each path is the cheapest near one column, where ink costs most; of paths that run together the cheapest stays.

    Args:
        strokes: (h, w) bool, one connected part.
        line_height: height of the digits in pixels.

    Returns:
        paths: (k, h) int32, for each row the first column to the right of the cut; from left to right.
        ink: (k,) float32, how much ink each crosses, as a share of the height.
    """
    height, width = strokes.shape
    scale = _WORK_HEIGHT / line_height
    h, w = (max(1, round(side * scale)) for side in (height, width))
    none = np.zeros((0, height), np.int32), np.zeros(0, np.float32)
    if w < 8 or h < _WORK_HEIGHT // 3 or w > 40 * _WORK_HEIGHT or h > 4 * _WORK_HEIGHT:
        return none
    small = Image.fromarray(strokes.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BOX)
    shades = np.asarray(small, np.float32) / 255
    paths, costs = _trace_slanted(shades)
    kept = _choose_paths(paths, costs / _WORK_HEIGHT, shades)
    if not kept:
        return none
    rows = np.minimum(np.arange(height) * h // height, h - 1)
    full = np.rint((paths[kept][:, rows] + 0.5) * width / w).astype(np.int32)
    return full, (costs[kept] / _WORK_HEIGHT).astype(np.float32)


def _choose_paths(paths: np.ndarray, ink: np.ndarray, shades: np.ndarray) -> list[int]:
    """Return the numbers of the cheapest paths that cut off enough and do not run together, from left to right."""
    h, w = shades.shape
    before = np.concatenate([np.zeros((h, 1), np.float32), shades.cumsum(axis=1)], axis=1)  # (h, w + 1)
    left = np.take_along_axis(before.T, paths, axis=0)  # (k, h) ink to the left, row by row
    everything = float(shades.sum())
    least, between = _LEAST_PIECE * _WORK_HEIGHT**2, _LEAST_BETWEEN * _WORK_HEIGHT**2
    cuts_off = (left.sum(axis=1) >= least) & (left.sum(axis=1) <= everything - least) & (ink <= _MOST_INK)
    most = round(_MOST_CUTS * max(1.0, w / _WORK_HEIGHT))
    kept: list[int] = []
    for k in np.argsort(ink, kind="stable"):
        if len(kept) >= most:
            break
        # Two cuts with next to no ink between them are one.
        if cuts_off[k] and (not kept or np.abs(left[kept] - left[k]).sum(axis=1).min() >= between):
            kept.append(int(k))
    return sorted(kept, key=lambda k: float(left[k].sum()))


def _trace_slanted(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trace upright paths, and ones slanted as hands slant their strokes; takes and returns what `_trace` does."""
    height, width = ink.shape
    everything = []
    for slant in _SLANTS:
        shift = np.rint(slant * (np.arange(height)[::-1] - height / 2)).astype(int)  # to the right, by row
        reach = int(np.abs(shift).max())
        columns = np.arange(-reach, width + reach)[None, :] + shift[:, None]
        inside = (columns >= 0) & (columns < width)
        sheared = np.where(inside, np.take_along_axis(ink, columns.clip(0, width - 1), axis=1), 0)
        paths = _trace(sheared)[0] - reach + shift
        everything.append(paths.clip(0, width))
    found = np.concatenate(everything)
    padded = np.pad(ink, ((0, 0), (0, 1)))
    return found, np.take_along_axis(padded.T, found, axis=0).sum(axis=1)


def _trace(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trace the cheapest path through every column of three rows where its neighbours' are dearer.

    Args:
        ink: (h, w) float32 in [0, 1].

    Returns:
        paths: (k, h) int64, columns.
        ink: (k,) float32, ink crossed in pixels.
    """
    height = len(ink)
    down, came_from = _sweep(ink)
    up, goes_to = _sweep(ink[::-1])
    up, goes_to = up[::-1], goes_to[::-1]
    paths = []
    for share in _ANCHORS:
        anchor = int(share * height)
        through = down[anchor] + up[anchor] - ink[anchor]
        lowest = through <= ndimage.minimum_filter1d(through, _WINDOW, mode="nearest") + 1e-3
        columns = np.flatnonzero(lowest)
        path = np.zeros((len(columns), height), np.int64)
        at = columns
        for y in range(anchor, -1, -1):
            path[:, y] = at
            at = at + came_from[y, at]
        at = columns + goes_to[anchor, columns]
        for y in range(anchor + 1, height):
            path[:, y] = at
            at = at + goes_to[y, at]
        paths.append(path)
    found = np.concatenate(paths)
    return found, np.take_along_axis(ink.T, found, axis=0).sum(axis=1)


def _sweep(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cost of the cheapest way from the top to each pixel, and the step (-1, 0, 1) to the pixel above."""
    height, width = ink.shape
    cost = np.zeros((height, width), np.float32)
    came = np.zeros((height, width), np.int8)
    total = np.zeros(width, np.float32)
    for y in range(height):
        steps = np.full((3, width), np.inf, np.float32)
        steps[0, 1:] = total[:-1] + _SIDEWAYS
        steps[1] = total
        steps[2, :-1] = total[1:] + _SIDEWAYS
        if y:
            came[y] = steps.argmin(axis=0) - 1
            total = steps.min(axis=0)
        total = total + ink[y]
        cost[y] = total
    return cost, came
