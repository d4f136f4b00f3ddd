"""The lines of writing in a picture, each with nothing but its own ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from core.data.segment import choose_parts, find_boxes, group_rows, is_stack, label_parts, unite

if TYPE_CHECKING:
    from core.data.ink import Box

# Two lines alone in a picture may be one digit if no more than this share of the higher one lies between them.
_MOST_GAP = 0.5
# Nor is a digit in two pieces, one above the other, wider than so many times its height.
_MOST_WIDTH = 1.2
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


def join_lines(lines: list[Line]) -> Line | None:
    """Put two lines together that could be one digit, such as a 5 whose bar was drawn above the rest.

    Args:
        lines: all of a picture's.

    Returns:
        Both as one line; None unless there are just two, close and one above the other.
    """
    if len(lines) != 2:
        return None
    a, b = (_get_box(line) for line in lines)
    gap = max(a[1], b[1]) - min(a[3], b[3])
    if min(a[2], b[2]) <= max(a[0], b[0]) or gap > _MOST_GAP * max(a[3] - a[1], b[3] - b[1]):
        return None
    left, top, right, bottom = unite(a, b)
    if right - left > _MOST_WIDTH * (bottom - top):
        return None
    ink = np.zeros((bottom - top, right - left), np.float32)
    strokes = np.zeros(ink.shape, bool)
    for line in lines:
        x, y = line.corner[0] - left, line.corner[1] - top
        own = (slice(y, y + line.ink.shape[0]), slice(x, x + line.ink.shape[1]))
        ink[own] = np.maximum(ink[own], line.ink)
        strokes[own] |= line.strokes
    return Line(ink, strokes, (left, top), float(bottom - top))


def _get_box(line: Line) -> Box:
    left, top = line.corner
    return left, top, left + line.ink.shape[1], top + line.ink.shape[0]
