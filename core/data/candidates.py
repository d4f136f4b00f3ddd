"""Everything in a picture that could be one digit: strokes whole, cut apart and joined, line by line."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from core.data.cut import find_cuts
from core.data.ink import Box, Preparation, prepare_digit
from core.data.segment import choose_parts, find_boxes, group_rows, label_parts, unite

# A digit is at most so many times as wide as its line is high, unless it is one block of strokes.
_MOST_WIDTH = 1.5
# What is narrower, as a share of the line's height, is one digit or none: else an H is read as 11.
NARROW = 1.0
# Of an uncut block's neighbours so many may belong to the same digit.
_MOST_BLOCKS = 6


@dataclass(frozen=True)
class Candidate:
    """What lies between two places at which a line may be cut, taken for one digit.

    Attributes:
        start: number of the place on its left.
        stop: number of the place on its right.
        preparation: its way to 28×28.
        height: of its box, as a share of the line's.
        width: likewise.
        gap: widest gap between its blocks, as a share of the line's height; 0 if they overlap.
    """

    start: int
    stop: int
    preparation: Preparation
    height: float
    width: float
    gap: float


@dataclass(frozen=True)
class Line:
    """Places to cut, numbered from left to right, and what digits lie between them.

    Attributes:
        places: how many, ends included.
        candidates: what is not too wide for a digit; every block whole is among them, so there is always a way through.
    """

    places: int
    candidates: list[Candidate]


@dataclass(frozen=True)
class _Block:
    """Strokes above or inside each other, and how they may be cut.

    Attributes:
        number: on the map of blocks.
        box: in pixels of the picture.
        strokes: (h, w) bool inside the box.
        paths: (k, h) int32 columns inside the box, as `find_cuts` returns them.
    """

    number: int
    box: Box
    strokes: np.ndarray
    paths: np.ndarray


@dataclass(frozen=True)
class _Place:
    """Where a line may be cut: before a block (path None), or through one."""

    block: int
    path: np.ndarray | None


def find_lines(ink: np.ndarray) -> list[Line]:
    """Find the lines of a picture, from top to bottom, and every candidate in them.

    Args:
        ink: (h, w) float32 in [0, 1].
    """
    labels = label_parts(ink)
    boxes = find_boxes(labels)
    numbers = np.zeros(len(boxes) + 1, np.int16)  # the block of each part; -1 if it was left out
    numbers[1:] = -1
    lines: list[tuple[float, list[_Block]]] = []
    count = 0
    for row in group_rows({number: boxes[number] for number in choose_parts(boxes, labels.shape)}):
        height = _compute_line_height([boxes[number] for number in row])
        blocks = []
        for parts in _group_blocks({number: boxes[number] for number in row}):
            count += 1
            numbers[parts] = count
            blocks.append(_build_block(labels, parts, boxes, count, height))
        lines.append((height, blocks))
    strokes_of = numbers[labels]
    # A soft edge goes with the stroke beside it.
    blocks_map = np.where(labels > 0, strokes_of, ndimage.maximum_filter(strokes_of, 5).clip(0))
    return [_build_line(ink, blocks_map, blocks, height) for height, blocks in lines]


def _compute_line_height(boxes: list[Box]) -> float:
    heights = np.array([bottom - top for _, top, _, bottom in boxes])
    return float(np.median(heights[heights >= 0.6 * heights.max()]))


def _group_blocks(boxes: dict[int, Box]) -> list[list[int]]:
    """Group the parts of a line, from left to right: those whose middle lies above, below or in another go with it."""
    groups: list[tuple[Box, list[int]]] = []
    for number in sorted(boxes, key=lambda n: boxes[n][0] - boxes[n][2]):  # wide ones first
        box = boxes[number]
        middle = (box[0] + box[2]) / 2
        for k, (other, parts) in enumerate(groups):
            if other[0] <= middle <= other[2]:
                groups[k] = unite(other, box), [*parts, number]
                break
        else:
            groups.append((box, [number]))
    return [parts for _, parts in sorted(groups, key=lambda group: group[0][0] + group[0][2])]


def _build_block(labels: np.ndarray, parts: list[int], boxes: dict[int, Box], number: int, height: float) -> _Block:
    box = boxes[parts[0]]
    for part in parts[1:]:
        box = unite(box, boxes[part])
    left, top, right, bottom = box
    strokes = np.isin(labels[top:bottom, left:right], parts)
    if right - left < NARROW * height:
        return _Block(number, box, strokes, np.zeros((0, bottom - top), np.int32))
    return _Block(number, box, strokes, find_cuts(strokes, height)[0])


def _build_line(ink: np.ndarray, blocks_map: np.ndarray, blocks: list[_Block], height: float) -> Line:
    places: list[_Place] = []
    for k, block in enumerate(blocks):
        places.append(_Place(k, None))
        places += [_Place(k, path) for path in block.paths]
    places.append(_Place(len(blocks), None))
    candidates = []
    for i, start in enumerate(places[:-1]):
        for j in range(i + 1, len(places)):
            stop = places[j]
            if stop.block - start.block > _MOST_BLOCKS:
                break
            candidate = _build_candidate(ink, blocks_map, blocks, height, (i, j), (start, stop))
            if candidate is not None:
                candidates.append(candidate)
    return Line(len(places), candidates)


def _build_candidate(
    ink: np.ndarray,
    blocks_map: np.ndarray,
    blocks: list[_Block],
    height: float,
    numbers: tuple[int, int],
    places: tuple[_Place, _Place],
) -> Candidate | None:
    """Build what lies between two places; None if it is too wide or holds next to nothing."""
    start, stop = places
    own = blocks[start.block : stop.block + (stop.path is not None)]
    boxes = [_find_box(block, start, stop, blocks.index(block)) for block in own]
    found = [box for box in boxes if box is not None]
    if len(found) < len(boxes) or not found:
        return None
    box, gap = found[0], 0.0
    for other in found[1:]:
        gap = max(gap, (other[0] - box[2]) / height)
        box = unite(box, other)
    is_block = len(own) == 1 and start.path is None and stop.path is None
    if box[2] - box[0] > _MOST_WIDTH * height and not is_block:
        return None
    preparation = _prepare(ink, blocks_map, own, places, box)
    if preparation is None:
        return None
    sides = (box[3] - box[1]) / height, (box[2] - box[0]) / height
    return Candidate(*numbers, preparation, *sides, gap)


def _find_box(block: _Block, start: _Place, stop: _Place, number: int) -> Box | None:
    """Return the box of what two places leave of a block; None if that is a speck."""
    from_path = start.path if start.block == number else None
    to_path = stop.path if stop.block == number else None
    if from_path is None and to_path is None:
        return block.box
    left, top, right, bottom = block.box
    columns = np.arange(right - left)
    inside = block.strokes
    if from_path is not None:
        inside = inside & (columns >= from_path[:, None])
    if to_path is not None:
        inside = inside & (columns < to_path[:, None])
    rows, across = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size or max(rows[-1] - rows[0], across[-1] - across[0]) < 0.15 * (bottom - top):
        return None
    return left + int(across[0]), top + int(rows[0]), left + int(across[-1]) + 1, top + int(rows[-1]) + 1


def _prepare(
    ink: np.ndarray, blocks_map: np.ndarray, own: list[_Block], places: tuple[_Place, _Place], box: Box
) -> Preparation | None:
    """Prepare what lies between two places, with all else wiped out of its box."""
    left, top, right, bottom = box
    inside = blocks_map[top:bottom, left:right]
    wiped = (inside != 0) & ~np.isin(inside, [block.number for block in own])
    for place, block, is_start in ((places[0], own[0], True), (places[1], own[-1], False)):
        if place.path is not None:
            rows = (np.arange(top, bottom) - block.box[1]).clip(0, len(place.path) - 1)
            edge = place.path[rows, None] + block.box[0]
            beyond = np.arange(left, right) < edge if is_start else np.arange(left, right) >= edge
            wiped |= beyond & (inside == block.number)
    if not wiped.any():
        return prepare_digit(ink, box)
    digit = prepare_digit(np.where(wiped, np.float32(0), ink[top:bottom, left:right]))
    if digit is None:
        return None
    x0, y0, x1, y1 = digit.box
    return replace(digit, box=(x0 + left, y0 + top, x1 + left, y1 + top))
