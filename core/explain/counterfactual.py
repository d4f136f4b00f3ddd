"""What would change the answer: the least ink whose erasure or addition makes the network read another digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from core.errors import ShapeError
from core.evaluation.predict import predict_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier

Kind = Literal["erase", "add"]

_SIDE = 28
# Sides of the squares that are tried. Without most of its ink a digit is another picture, and that explains nothing.
_ERASED_SIDES, _MOST_ERASED = (2, 3, 4, 6, 8, 11), 0.5
_ADDED_SIDES = (2, 4)
# MNIST's digits lie within the middle 20×20 pixels; ink is added there alone.
_MARGIN = 4
_FULL_INK = 255


@dataclass(frozen=True)
class Change:
    """A change of the picture after which another digit is read.

    Attributes:
        kind: whether ink is erased or added.
        region: (28, 28) bool, the pixels that become paper or full ink.
        image: (28, 28) uint8, the picture after it.
        ink: how much changes, as a share of the ink of the picture before; more than 0.
        probabilities: (10,) float32, of the picture after it.
    """

    kind: Kind
    region: NDArray[np.bool_]
    image: NDArray[np.uint8]
    ink: float
    probabilities: NDArray[np.float32]

    @property
    def answer(self) -> int:
        """The digit read after it."""
        return int(self.probabilities.argmax())


def find_changes(classifier: Classifier, image: NDArray[np.uint8], kind: Kind, limit: int = 3) -> list[Change]:
    """Find the smallest regions that change the answer when their ink is erased, or when they are inked.

    Tried are squares of several sizes and, for erasing, the pieces of ink that are not joined, as long as they take at
    most half of the ink.

    Args:
        classifier: what answers.
        image: (28, 28) uint8, white ink on black.
        kind: whether to erase or to add.
        limit: how many to return at most, at least 1.

    Returns:
        Changes that do not overlap, the one that takes or adds the least ink first; none if nothing tried changes the
        answer, or the picture is blank.

    Raises:
        ShapeError: if the image is not (28, 28).
    """
    if image.shape != (_SIDE, _SIDE):
        raise ShapeError(f"Changes are sought in one digit of shape (28, 28), but got {image.shape}.")
    total = int(image.sum(dtype=np.int64))
    regions = _list_regions(image, kind) if total else np.zeros((0, _SIDE, _SIDE), dtype=np.bool_)
    changed = np.where(regions, np.uint8(0 if kind == "erase" else _FULL_INK), image)  # (n, 28, 28)
    amounts = np.abs(changed.astype(np.int16) - image).sum(axis=(1, 2), dtype=np.int64) / max(total, 1)
    tried = np.flatnonzero((amounts > 0) & (amounts <= _MOST_ERASED))
    answers = predict_probabilities(classifier, np.concatenate([image[None], changed[tried]]))
    differs = answers[1:].argmax(1) != answers[0].argmax()
    found = [
        Change(kind, regions[n], changed[n], float(amounts[n]), probabilities)
        for n, probabilities in zip(tried[differs], answers[1:][differs], strict=True)
    ]
    return _choose(found, limit)


def _choose(found: list[Change], limit: int) -> list[Change]:
    """Return the smallest that do not overlap, the surest of two that are equal."""
    chosen: list[Change] = []
    for change in sorted(found, key=lambda change: (change.ink, -change.probabilities.max())):
        if len(chosen) < limit and not any((change.region & other.region).any() for other in chosen):
            chosen.append(change)
    return chosen


def _list_regions(image: NDArray[np.uint8], kind: Kind) -> NDArray[np.bool_]:
    """Return the regions to try, (n, 28, 28) bool."""
    if kind == "add":
        inside = slice(_MARGIN, _SIDE - _MARGIN)
        return _cut_squares((inside, inside), _ADDED_SIDES)
    [box] = ndimage.find_objects(image > 0, max_label=1)
    return np.concatenate([_cut_squares(box, _ERASED_SIDES), _cut_pieces(image)])


def _cut_squares(box: tuple[slice, slice], sides: tuple[int, ...]) -> NDArray[np.bool_]:
    rows, columns = box
    squares = [
        (top, left, side) for side in sides for top in _list_starts(rows, side) for left in _list_starts(columns, side)
    ]
    regions = np.zeros((len(squares), _SIDE, _SIDE), dtype=np.bool_)
    for region, (top, left, side) in zip(regions, squares, strict=True):
        region[top : top + side, left : left + side] = True
    return regions


def _list_starts(extent: slice, side: int) -> range:
    """Return where squares begin, half a side apart; one that is larger than the extent begins with it."""
    return range(extent.start, max(extent.stop - side, extent.start) + 1, side // 2)


def _cut_pieces(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pieces of ink that touch nowhere, not even at a corner."""
    pieces, n = ndimage.label(image > 0, structure=np.ones((3, 3), dtype=np.bool_))
    regions: NDArray[np.bool_] = pieces == np.arange(1, n + 1)[:, None, None]
    return regions
