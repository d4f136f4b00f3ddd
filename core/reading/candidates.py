"""Everything in a line that could be one digit: its segments, alone and joined, as they are and with gaps closed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from core.data.ink import EDGE, FIT, SIDE, Preparation, prepare_digit
from core.data.segment import unite
from core.reading.pointing import find_segments

if TYPE_CHECKING:
    from core.data.ink import Box
    from core.reading.lines import Line

# A digit is at most so many times as wide as its line is high, unless it is a single segment.
_MOST_WIDTH = 2.4
# A pen that skips leaves gaps of this share of the line's height at most; a wider one is meant.
_MOST_GAP = 0.06
# Closing fills this share of the line's squared height where a stroke is broken: of 300 validation digits a quarter has
# as much, of 300 broken ones 95 %.
_LEAST_FILLED = 0.003
# Ink of 255 in a candidate's picture that is no soft edge.
_CLEAR = 64
# At most so many segments make a digit, unless it is all that the line holds.
_MOST_SEGMENTS = 8


@dataclass(frozen=True)
class Candidate:
    """What lies between two places at which a line may be parted, taken for one digit, its gaps closed or not.

    Attributes:
        start: number of the place on its left, from 0.
        stop: number of the place on its right.
        preparation: its way to 28×28.
        surroundings: (28, 28) uint8, the line's other ink where it lies in that picture.
    """

    start: int
    stop: int
    preparation: Preparation
    surroundings: np.ndarray

    @property
    def is_cut(self) -> bool:
        """Whether other ink touches it: then a cut made its edge, which may have taken or left too much."""
        beside = ndimage.grey_dilation(self.preparation.image, (3, 3)) > _CLEAR
        return bool((beside & (self.surroundings > _CLEAR)).any())


def find_candidates(line: Line) -> list[Candidate]:
    """Find all that could be a digit; every segment alone is among them, so there is always a way through the line.

    Where strokes have gaps, what lies between two places is there twice: as it is, and with the gaps closed. Which of
    them is the digit, the gate and the classifier tell better than a rule: an 8 whose ring is cut is still one piece,
    and two close strokes may be meant.
    """
    segments = find_segments(line.strokes, line.height)
    boxes = _find_boxes(line.strokes, segments)
    inked = _find_boxes(line.ink > 0, segments)
    reach = math.ceil(_MOST_GAP * line.height / 2)
    candidates = []
    for start, (box, around) in enumerate(zip(boxes, inked, strict=True)):
        for stop in range(start + 1, len(boxes) + 1):
            box, around = unite(box, boxes[stop - 1]), unite(around, inked[stop - 1])
            if stop > start + 1 and box[2] - box[0] > _MOST_WIDTH * line.height:
                break
            if stop - start > _MOST_SEGMENTS and (start, stop) != (0, len(boxes)):
                continue
            # Not all of the line, which may be long: what it holds and as much beside it as closing its gaps looks at.
            left = max(0, around[0] - 2 * reach)
            own = (slice(None), slice(left, around[2] + 2 * reach))
            is_own = (segments[own] >= start) & (segments[own] < stop)
            ink = np.where(is_own, line.ink[own], np.float32(0))
            for shown in (ink, *_close_gaps(ink, reach, line.height)):
                preparation = prepare_digit(shown)
                if preparation is None:
                    raise AssertionError("a segment has ink")
                preparation = _shift(preparation, (left, 0))
                surroundings = _draw_surroundings(line.ink, segments, start, stop, preparation)
                candidates.append(Candidate(start, stop, _shift(preparation, line.corner), surroundings))
    return candidates


def _find_boxes(is_ink: np.ndarray, segments: np.ndarray) -> list[Box]:
    """Return the box of each segment's ink in pixels of the line."""
    found = ndimage.find_objects(np.where(is_ink, segments + 1, 0))
    return [(columns.start, rows.start, columns.stop, rows.stop) for rows, columns in found]


def _close_gaps(ink: np.ndarray, reach: int, height: float) -> list[np.ndarray]:
    """Return the ink of a digit (h, w) float32 with gaps of up to twice `reach` closed; nothing if it has none."""
    side = 2 * reach + 1
    closed: np.ndarray = ndimage.grey_closing(ink, (side, side))
    filled = int(((closed > 0.5) & (ink < EDGE)).sum())
    return [closed] if filled >= _LEAST_FILLED * height**2 else []


def _shift(preparation: Preparation, corner: tuple[int, int]) -> Preparation:
    x, y = corner
    left, top, right, bottom = preparation.box
    return replace(preparation, box=(left + x, top + y, right + x, bottom + y))


def _draw_surroundings(
    ink: np.ndarray, segments: np.ndarray, start: int, stop: int, preparation: Preparation
) -> np.ndarray:
    """Draw a line's ink (h, w) float32 beside some of its segments in the picture prepared of them, (28, 28) uint8."""
    left, top, right, bottom = preparation.box
    scale = FIT / max(right - left, bottom - top)
    fitted_image = np.rint(255 * preparation.fitted)
    weights, near = [], []
    for axis, first in enumerate((top, left)):
        # Where the fitted digit stands in its picture.
        placed, fitted = (picture.any(axis=1 - axis).argmax() for picture in (preparation.image, fitted_image))
        margin = int(placed) - int(fitted)
        edges = first + (np.arange(SIDE + 1) - margin) / scale
        pixels = np.arange(max(0, math.floor(edges[0])), min(ink.shape[axis], math.ceil(edges[-1])))
        covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        weights.append(covered.clip(0).astype(np.float32) * np.float32(scale))
        near.append(slice(pixels[0], pixels[-1] + 1))
    rows, columns = near
    beside = segments[rows, columns]
    others = np.where((beside < start) | (beside >= stop), ink[rows, columns], np.float32(0))
    shades: np.ndarray = weights[0] @ others @ weights[1].T
    drawn: np.ndarray = np.rint(255 * shades.clip(0, 1)).astype(np.uint8)
    return drawn
