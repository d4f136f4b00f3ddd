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
# A stroke so high and at most so wide, in heights of its line, could be a 1; the bar of a 5 could not, nor, nearly
# always, half of an open 4.
_LEAST_HEIGHT, _MOST_STROKE_WIDTH = 0.75, 0.4
# Less ink of a segment, in squared line heights, is what a cut has left of it beyond a gap.
_LEAST_INK = 0.01


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
    segments = _part_at_gaps(find_segments(line.strokes, line.height), line)
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in ndimage.find_objects(np.where(line.strokes, segments + 1, 0))
    ]
    candidates = []
    for start, box in enumerate(boxes):
        for stop in range(start + 1, len(boxes) + 1):
            box = unite(box, boxes[stop - 1])
            if stop > start + 1 and box[2] - box[0] > _MOST_WIDTH * line.height:
                break
            if stop - start > _MOST_SEGMENTS and (start, stop) != (0, len(boxes)):
                continue
            own = np.where((segments >= start) & (segments < stop), line.ink, np.float32(0))
            for ink in (own, *_close_gaps(own, line.height)):
                preparation = prepare_digit(ink)
                if preparation is None:
                    raise AssertionError("a segment has ink")
                surroundings = _draw_surroundings(line.ink - own, preparation)
                candidates.append(Candidate(start, stop, _shift(preparation, line.corner), surroundings))
    return candidates


def _part_at_gaps(segments: np.ndarray, line: Line) -> np.ndarray:
    """Part segments (h, w) int also where paper runs all the way down between strokes that could be a 1 each.

    The pointer has learned from letters that strokes side by side have one middle: three ones would be one segment.
    """
    groups = _find_groups(line)
    parted = np.zeros_like(segments)
    first = 0
    for group in range(groups[-1] + 1):
        ink = line.strokes & (groups == group)
        sizes = np.bincount(segments[ink])
        kept = np.flatnonzero(sizes >= min(_LEAST_INK * line.height**2, sizes.max()))
        # What a cut leaves of a neighbour goes with the segment that begins before it.
        places = np.searchsorted(kept, segments, side="right").clip(1) - 1
        parted[ink] = first + places[ink]
        first += kept.size
    return parted


def _find_groups(line: Line) -> np.ndarray:
    """Number a line's columns from left to right, (w,) int, anew after a gap between two strokes that could be 1s."""
    runs, n = ndimage.label(line.strokes.any(axis=0))
    could_be_one = []
    for run in range(1, n + 1):
        rows = np.flatnonzero(line.strokes[:, runs == run].any(axis=1))
        is_tall = rows[-1] + 1 - rows[0] >= _LEAST_HEIGHT * line.height
        could_be_one.append(is_tall and (runs == run).sum() <= _MOST_STROKE_WIDTH * line.height)
    begins = np.zeros(runs.size, np.int32)
    for run in range(1, n):
        if could_be_one[run - 1] and could_be_one[run]:
            begins[(runs == run + 1).argmax()] = 1
    return begins.cumsum()


def _close_gaps(ink: np.ndarray, height: float) -> list[np.ndarray]:
    """Return the ink of a digit (h, w) float32 with narrow gaps closed; nothing if it has none."""
    side = 2 * math.ceil(_MOST_GAP * height / 2) + 1
    closed: np.ndarray = ndimage.grey_closing(ink, (side, side))
    filled = int(((closed > 0.5) & (ink < EDGE)).sum())
    return [closed] if filled >= _LEAST_FILLED * height**2 else []


def _shift(preparation: Preparation, corner: tuple[int, int]) -> Preparation:
    x, y = corner
    left, top, right, bottom = preparation.box
    return replace(preparation, box=(left + x, top + y, right + x, bottom + y))


def _draw_surroundings(others: np.ndarray, preparation: Preparation) -> np.ndarray:
    """Draw ink (h, w) float32 as it lies around a digit in the digit's own picture, (28, 28) uint8."""
    left, top, right, bottom = preparation.box
    scale = FIT / max(right - left, bottom - top)
    fitted_image = np.rint(255 * preparation.fitted)
    weights = []
    for axis, first in enumerate((top, left)):
        # Where the fitted digit stands in its picture.
        placed, fitted = (picture.any(axis=1 - axis).argmax() for picture in (preparation.image, fitted_image))
        margin = int(placed) - int(fitted)
        edges = first + (np.arange(SIDE + 1) - margin) / scale
        pixels = np.arange(others.shape[axis])
        covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        weights.append(covered.clip(0).astype(np.float32) * np.float32(scale))
    shades: np.ndarray = weights[0] @ others @ weights[1].T
    drawn: np.ndarray = np.rint(255 * shades.clip(0, 1)).astype(np.uint8)
    return drawn
