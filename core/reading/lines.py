"""The lines of writing in a picture, each with nothing but its own ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from core.data.segment import choose_parts, find_boxes, group_rows, is_stack, label_parts, unite

if TYPE_CHECKING:
    from core.data.ink import Box

# How far the soft edge of a stroke reaches, in pixels.
_EDGE_PX = 5


@dataclass(frozen=True)
class Line:
    """One line of writing.

    Attributes:
        ink: (h, w) float32 in [0, 1], the line's own ink in its box.
        strokes: (h, w) bool, that ink without its soft edges.
        corner: (left, top) of the box in pixels of the picture.
        height: of its digits in pixels, the median over its tall parts.
    """

    ink: np.ndarray
    strokes: np.ndarray
    corner: tuple[int, int]
    height: float


def find_lines(ink: np.ndarray) -> list[Line]:
    """Find the lines of a picture, from top to bottom, without specks and the edge of the sheet.

    Args:
        ink: (h, w) float32 in [0, 1].
    """
    labels = label_parts(ink)
    boxes = find_boxes(labels)
    rows = group_rows({number: boxes[number] for number in choose_parts(boxes, labels.shape)})
    owners = np.zeros(len(boxes) + 1, np.int16)  # the line of each part, from 1; -1 if it was left out
    owners[1:] = -1
    for number, row in enumerate(rows, start=1):
        owners[row] = number
    strokes_of = owners[labels]
    # A soft edge goes with the stroke beside it.
    lines_map = np.where(labels > 0, strokes_of, ndimage.maximum_filter(strokes_of, _EDGE_PX).clip(0))
    return [
        _build_line(ink, strokes_of, lines_map, number, [boxes[n] for n in row]) for number, row in enumerate(rows, 1)
    ]


def _build_line(ink: np.ndarray, strokes_of: np.ndarray, lines_map: np.ndarray, number: int, boxes: list[Box]) -> Line:
    left, top, right, bottom = boxes[0]
    for box in boxes[1:]:
        left, top, right, bottom = unite((left, top, right, bottom), box)
    inside = (slice(top, bottom), slice(left, right))
    heights = np.array([bottom - top] if is_stack(boxes) else [box[3] - box[1] for box in boxes])
    return Line(
        np.where(lines_map[inside] == number, ink[inside], np.float32(0)),
        strokes_of[inside] == number,
        (left, top),
        float(np.median(heights[heights >= 0.6 * heights.max()])),
    )
