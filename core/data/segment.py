"""Where the digits of a picture are: connected strokes, joined and split by their geometry alone."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from core.data.ink import EDGE, Box, Preparation, find_ink, prepare_digit

_MOST_PARTS = 150
# What is lower than this share of the tallest part may be a piece of a digit, and makes no line where there is one.
_LOW = 0.75
# Such a piece may lie so far above or below the line that it belongs to: the bar of a 5.
_SLACK = 0.25
# Two parts alone in their lines are one digit if no more than this share of the taller one lies between them.
_STACK_GAP = 0.12


def find_digits(ink: np.ndarray) -> list[Box]:
    """Find where the digits are: connected strokes, close pieces of one digit joined, specks left out.

    Args:
        ink: (h, w) float32 in [0, 1].

    Returns:
        (left, top, right, bottom) of each in pixels, right and bottom exclusive; row by row, left to right, at most
        150: the largest.
    """
    return [box for box, _ in _group_parts(label_parts(ink))]


def label_parts(ink: np.ndarray) -> np.ndarray:
    """Number the connected strokes, (h, w) int32 from 1; 0 is paper and soft edges."""
    labels: np.ndarray = ndimage.label(ink > EDGE * ink.max(initial=0), np.ones((3, 3)))[0]
    return labels


def find_boxes(labels: np.ndarray) -> dict[int, Box]:
    """Return the box of every numbered part of (h, w) int32."""
    return {
        number: (columns.start, rows.start, columns.stop, rows.stop)
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
    }


def _group_parts(labels: np.ndarray) -> list[tuple[Box, list[int]]]:
    """Return the box of each digit and the numbers of the parts it is made of, in reading order."""
    boxes = find_boxes(labels)
    groups = [(boxes[number], [number]) for number in choose_parts(boxes, labels.shape)]
    joined = True
    while joined:
        joined = False
        tallest = max((bottom - top for (_, top, _, bottom), _ in groups), default=0)
        for i in range(len(groups)):
            for j in range(len(groups) - 1, i, -1):
                if _belong_together(groups[i][0], groups[j][0], tallest):
                    box, numbers = groups.pop(j)
                    groups[i] = (unite(groups[i][0], box), groups[i][1] + numbers)
                    joined = True
    flat = find_flat([box for box, _ in groups])
    return _sort_for_reading([group for group in groups if group[0] not in flat])


def find_flat(boxes: list[Box]) -> set[Box]:
    """Return those that are lines of the sheet: much wider than high and low beside others, unless all are."""
    tallest = max((bottom - top for _, top, _, bottom in boxes), default=0)
    return {
        (left, top, right, bottom)
        for left, top, right, bottom in boxes
        if right - left > max(5 * (bottom - top), 1.5 * tallest) and bottom - top < 0.4 * tallest
    }


def group_rows(boxes: dict[int, Box]) -> list[list[int]]:
    """Group parts into lines of writing, from top to bottom.

    Tall parts make the lines; a low one joins the line it lies in, and begins one of its own if it lies in none.

    Args:
        boxes: by the part's number.
    """
    flat = find_flat(list(boxes.values()))
    kept = {number: box for number, box in boxes.items() if box not in flat}
    tallest = max((box[3] - box[1] for box in kept.values()), default=0)
    rows: list[list[int]] = []
    low = {number: box[3] - box[1] < _LOW * tallest for number, box in kept.items()}
    for number in sorted(kept, key=lambda n: (low[n], kept[n][1] + kept[n][3])):
        _, top, _, bottom = kept[number]
        middle = (top + bottom) / 2
        for row in rows:
            row_top, row_bottom = min(kept[n][1] for n in row), max(kept[n][3] for n in row)
            slack = _SLACK * tallest if low[number] else 0.0
            if row_top - slack <= middle <= row_bottom + slack and _is_level(kept[number], kept[row[-1]], slack):
                row.append(number)
                break
        else:
            rows.append([number])
    rows = sorted(rows, key=lambda row: min(kept[n][1] + kept[n][3] for n in row))
    if len(rows) == 2 and is_stack([kept[number] for row in rows for number in row]):
        return [rows[0] + rows[1]]
    return rows


def is_stack(boxes: list[Box]) -> bool:
    """Whether two parts, all that a picture shows, are one digit: an 8 drawn as two circles, one above the other."""
    if len(boxes) != 2:
        return False
    a, b = boxes
    overlap = min(a[2], b[2]) - max(a[0], b[0])
    gap = max(a[1], b[1]) - min(a[3], b[3])
    return overlap >= 0.5 * min(a[2] - a[0], b[2] - b[0]) and gap <= _STACK_GAP * max(a[3] - a[1], b[3] - b[1])


def _is_level(box: Box, last: Box, slack: float) -> bool:
    """Whether a box begins above the middle of the one before it in the line; a low part need not."""
    return slack > 0 or box[1] <= (last[1] + last[3]) / 2


def choose_parts(boxes: dict[int, Box], shape: tuple[int, ...]) -> list[int]:
    """Return the numbers of the parts that can be digits or pieces of one: neither specks nor the edge of the sheet."""
    height, width = shape
    sizes = {number: _size(box) for number, box in boxes.items()}
    inner = [n for n, (left, top, right, bottom) in boxes.items() if min(left, top, width - right, height - bottom) > 0]
    chosen = list(boxes)
    # What runs from one border to the opposite is a table or a shadow, if something inside is as large as a digit.
    if any(sizes[number] >= 0.08 * max(shape) for number in inner):
        chosen = [
            n for n, (left, top, right, bottom) in boxes.items() if right - left < width and bottom - top < height
        ]
    # By height, as touching digits can be of any width; but a dash is as long as it is.
    tallest = max((boxes[number][3] - boxes[number][1] for number in chosen), default=0)
    longest = max((sizes[number] for number in chosen), default=0)
    least = 0.15 * max(tallest, 0.2 * longest)
    chosen = [number for number in chosen if sizes[number] >= least]
    return sorted(chosen, key=lambda number: -sizes[number])[:_MOST_PARTS]


def _size(box: Box) -> int:
    left, top, right, bottom = box
    return max(right - left, bottom - top)


def _belong_together(a: Box, b: Box, tallest: int) -> bool:
    """Whether two parts are pieces of one digit: one above the other, or a short one close to another.

    Args:
        a: a box.
        b: another box.
        tallest: height of the tallest group so far, taken for a digit's.
    """
    gap_x = max(a[0], b[0]) - min(a[2], b[2])
    gap_y = max(a[1], b[1]) - min(a[3], b[3])
    narrower = min(a[2] - a[0], b[2] - b[0])
    shorter, taller = sorted((a[3] - a[1], b[3] - b[1]))
    # A 1 under the arm of a 7: both as tall as a digit, and level with each other only in part.
    neighbours = shorter > 0.6 * tallest and 0.2 * shorter < -gap_y < 0.8 * shorter
    stacked = -gap_x >= 0.5 * narrower and gap_y <= 0.2 * taller and not neighbours
    overlapping = max(gap_x, gap_y) < 0 and shorter <= 0.6 * tallest
    fragment = max(gap_x, gap_y) <= 0.15 * tallest and shorter <= 0.4 * tallest
    return stacked or overlapping or fragment


def unite(a: Box, b: Box) -> Box:
    """Return the smallest box around both."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _sort_for_reading(groups: list[tuple[Box, list[int]]]) -> list[tuple[Box, list[int]]]:
    """Sort by row, then from left to right; a box that starts below the middle of the one before begins a row."""
    rows: list[list[tuple[Box, list[int]]]] = []
    middle = -1.0
    for group in sorted(groups, key=lambda group: group[0][1] + group[0][3]):
        _, top, _, bottom = group[0]
        if not rows or top > middle:
            rows.append([])
        rows[-1].append(group)
        middle = (top + bottom) / 2
    return [group for row in rows for group in sorted(row)]


def prepare_picture(grey: np.ndarray) -> list[Preparation]:
    """Find the digits in a picture and prepare each.

    Args:
        grey: (h, w) uint8, ink dark or light.

    Returns:
        The digits in reading order; none if the picture is blank.
    """
    ink = find_ink(grey)
    labels = label_parts(ink)
    digits = (prepare_digit(_keep_only(ink, labels, box, numbers), box) for box, numbers in _group_parts(labels))
    return [digit for digit in digits if digit is not None]


def _keep_only(ink: np.ndarray, labels: np.ndarray, box: Box, numbers: list[int]) -> np.ndarray:
    """Wipe the strokes of other digits out of a box; returns `ink` itself if there are none."""
    left, top, right, bottom = box
    inside = labels[top:bottom, left:right]
    own = np.isin(inside, numbers)
    others = (inside > 0) & ~own
    if not others.any():
        return ink
    wiped = ink.copy()
    wiped[top:bottom, left:right][ndimage.maximum_filter(others, 5) & ~own] = 0
    return wiped
