"""A light sheet of paper on a darker table: what lies beside the sheet is neither paper nor ink."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

if TYPE_CHECKING:
    from core.data.ink import Box

# Longer side of the copy in which light, paper and sheet are looked for.
_COARSE = 128
_LEAST_SIDE = 100
# It covers so much of the picture, and so much of the smallest upright or turned rectangle around it.
_LEAST_COVERED, _LEAST_RECTANGULAR = 0.25, 0.87
# The table covers so much of the picture's border, and is so many grey levels darker; so much is ink on it, too.
_LEAST_BORDER, _LEAST_DARKER = 0.1, 35
# Of the sheet so much is written on; of a digit that is light itself, none or more.
_LEAST_WRITTEN, _MOST_WRITTEN = 0.002, 0.3
# Cells along the sheet's edge that may hold some of its shadow.
_EDGE = 2
# A sheet of fewer cells across is too coarse to tell.
_LEAST_CELLS = 8


def coarsen(grey: np.ndarray) -> tuple[np.ndarray, int]:
    """Return a coarse copy of (h, w) uint8, at most 128 cells on a side, and how many pixels a cell is wide."""
    factor = math.ceil(max(grey.shape) / _COARSE)
    return np.asarray(Image.fromarray(grey).reduce(factor)), factor


def cut_out_sheet(grey: np.ndarray) -> tuple[np.ndarray, Box] | None:
    """Cut a sheet that lies on a darker table out of its picture.

    Args:
        grey: (h, w) uint8.

    Returns:
        The sheet, (h, w) uint8, the table that its box still holds covered with the nearest paper, and the box (left,
        top, right, bottom) in pixels of the picture; None if there is no such sheet.
    """
    if min(grey.shape) < _LEAST_SIDE:
        return None
    coarse, factor = coarsen(grey)
    is_light = coarse > _find_threshold(coarse)
    if _take_border(~is_light).mean() < _LEAST_BORDER:
        return None
    numbers, count = ndimage.label(ndimage.binary_opening(is_light, np.ones((3, 3))))
    if not count:
        return None
    largest = 1 + int(np.bincount(numbers.ravel())[1:].argmax())
    sheet = ndimage.binary_fill_holes(numbers == largest)
    if not _is_sheet(coarse, is_light, sheet):
        return None
    # The picture's own border is no edge of the sheet, though a sliver of table can lie within its last cell.
    sheet = ndimage.binary_erosion(sheet, np.ones((3, 3)), iterations=_EDGE, border_value=1)
    nearest = ndimage.distance_transform_edt(~sheet, return_distances=False, return_indices=True)
    # Not what is written there, but the paper around it.
    paper = ndimage.grey_closing(np.where(sheet, coarse, 0), (5, 5))[tuple(nearest)]
    filled = [np.flatnonzero(sheet.any(axis=axis)) for axis in (1, 0)]
    if min(places.size for places in filled) < _LEAST_CELLS:
        return None
    rows, columns = (slice(places[0] + 1, places[-1]) for places in filled)
    top, left = rows.start * factor, columns.start * factor
    bottom, right = (min(end.stop * factor, side) for end, side in zip((rows, columns), grey.shape, strict=True))
    inside = np.kron(sheet[rows, columns], np.ones((factor, factor), bool))[: bottom - top, : right - left]
    covered = (0, 0, (right - left) / factor, (bottom - top) / factor)
    size = (right - left, bottom - top)
    beside = Image.fromarray(paper[rows, columns]).resize(size, Image.Resampling.BILINEAR, box=covered)
    return np.where(inside, grey[top:bottom, left:right], np.asarray(beside)), (left, top, right, bottom)


def _find_threshold(coarse: np.ndarray) -> int:
    """Return the grey level that parts (h, w) uint8 best into two.

    Source: Otsu 1979, A Threshold Selection Method from Gray-Level Histograms.
    """
    counts = np.bincount(coarse.ravel(), minlength=256).astype(np.float64)
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * np.arange(256))
    apart = total / below.clip(1) - (total[-1] - total) / above.clip(1)
    return int((below * above * apart**2).argmax())


def _take_border(cells: np.ndarray) -> np.ndarray:
    return np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])


def _is_sheet(coarse: np.ndarray, is_light: np.ndarray, sheet: np.ndarray) -> bool:
    """Tell whether a light region, its holes filled, is a sheet of paper with a table beside it."""
    covered = sheet.mean()
    if covered < _LEAST_COVERED or _take_border(~sheet).mean() < _LEAST_BORDER:
        return False
    written = (sheet & ~is_light).sum() / sheet.sum()
    # Light that falls off gets darker by and by, a table at the sheet's edge.
    inner = sheet & ~ndimage.binary_erosion(sheet, iterations=2 * _EDGE, border_value=1)
    outer = ~sheet & ndimage.binary_dilation(sheet, iterations=2 * _EDGE)
    darker = np.median(coarse[inner]) - np.median(coarse[outer])
    if not _LEAST_WRITTEN <= written <= _MOST_WRITTEN or darker < _LEAST_DARKER:
        return False
    # Where somebody has written beside it, too, that is the same sheet in a shadow.
    beside = coarse[~ndimage.binary_dilation(sheet, iterations=_EDGE)]
    if beside.size and (beside < np.median(beside) - _LEAST_DARKER).mean() > _LEAST_WRITTEN:
        return False
    points = np.argwhere(sheet & ~ndimage.binary_erosion(sheet))
    angles = np.radians(np.arange(0, 90, 3))
    along = points @ np.stack([np.cos(angles), np.sin(angles)])
    across = points @ np.stack([-np.sin(angles), np.cos(angles)])
    smallest = ((np.ptp(along, axis=0) + 1) * (np.ptp(across, axis=0) + 1)).min()
    return bool(sheet.sum() >= _LEAST_RECTANGULAR * smallest)
