"""Examples from which reading is learned: made-up numbers of deformed digits, letters and scribbles.

All digits are MNIST's training digits without those of validation, and drawings of core.data.hands' development part.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.config import AugmentConfig
from core.data.augment import augment
from core.data.datasets import Split, load, split_indices
from core.data.hands import make_drawings
from core.data.ink import find_ink, prepare_digit
from core.data.loader import to_images
from core.data.segment import prepare_picture
from core.data.strings import make_string, write_mixed, write_string
from core.data.strokes import draw_scribble, draw_strokes, draw_symbol, draw_unlike_letter
from core.models.gate import NOT_A_DIGIT
from core.reading.candidates import find_candidates
from core.reading.lines import find_lines
from core.reading.pointing import INK_FROM, WORK_HEIGHT, shrink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.data.strings import DigitString
    from core.reading.candidates import Candidate
    from core.reading.lines import Line

Draw = Callable[[np.random.Generator], np.ndarray]

VALIDATION_SIZE = 5000
_MIX = {"separate": 0.12, "touching": 0.46, "fused": 0.2, "broken": 0.14, "noisy": 0.08}
_LENGTHS = {1: 0.15, 2: 0.2, 3: 0.2, 4: 0.15, 5: 0.15, 6: 0.15}
# Beside so many numbers stands one stranger of each kind alone, and for the gate a number with one in it.
_NUMBERS_PER_STRANGER = 8
_MOST_ONES = 8
# What is no digit, and with what one sees in sums.
STRANGERS: tuple[Draw, ...] = (draw_unlike_letter, draw_scribble)
STRANGERS_AND_SYMBOLS: tuple[Draw, ...] = (*STRANGERS, draw_symbol)
# Hands differ more than MNIST's, in the width of the pen above all.
_DEFORM = AugmentConfig(
    rotate=8.0, scale=0.2, shear=10.0, elastic=0.8, elastic_smoothness=5.0, stroke_width=1.5, perspective=0.1
)
# Digits whose darkest ink is fainter than this after deforming are left out.
_LEAST_DARK = 200
# On either side of a digit there is another with this probability.
_BESIDE = 0.6
# This share of what could be a digit is seen with hard edges, as drawn square by square.
_HARD = 0.1
# A candidate is a digit if it shares this much of its ink with one, and is no digit below the second share.
_WHOLE, _PART = 0.82, 0.7
# It is no digit either if it holds so much of another one, little ink as that may be: a thin 1 beside an 8. Below the
# second share the other does not matter.
_TWO, _ONE = 0.5, 0.3


def make_digits(rng: np.random.Generator) -> Split:
    """Make the digits that numbers are made of: MNIST's as they are and deformed, and drawings."""
    mnist = load("mnist").train
    indices, _ = split_indices(mnist.labels, VALIDATION_SIZE)
    plain, deformed = np.split(rng.permutation(indices)[:35_000], [15_000])
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    pixels = torch.cat(
        [
            augment(to_images(torch.from_numpy(mnist.images[part])), _DEFORM, generator)
            for part in np.split(deformed, 40)
        ]
    )
    drawings = [(prepare_picture(drawing.picture), drawing.form.digit) for drawing in make_drawings("development")]
    whole = [(found[0].image, digit) for found, digit in drawings if len(found) == 1]
    images = np.concatenate(
        [
            mnist.images[plain],
            np.rint(255 * pixels[:, 0].clamp(0, 1).numpy()).astype(np.uint8),
            *(3 * [np.stack([image for image, _ in whole])]),
        ]
    )
    labels = np.concatenate([mnist.labels[plain], mnist.labels[deformed], *(3 * [[digit for _, digit in whole]])])
    kept = images.max(axis=(1, 2)) >= _LEAST_DARK
    return Split(images[kept], labels[kept])


def make_numbers(
    digits: Split, count: int, rng: np.random.Generator, ones: float = 0.0, straight: float = 0.0
) -> Iterator[DigitString]:
    """Make numbers of one to six digits, in every condition, and some of two to eight ones.

    Ones beside each other are rare among random digits, and look like the strokes of a letter.

    Args:
        digits: what they are made of.
        count: how many.
        rng: source of all chance.
        ones: share of the numbers that are one and the same 1 again and again.
        straight: share of them that are straight strokes of one pen, thinner ones than MNIST has among them.
    """
    indices = np.flatnonzero(digits.labels == 1)
    for _ in range(count):
        kind = rng.random() if ones or straight else 1.0
        if kind < ones + straight:
            length = int(rng.integers(2, _MOST_ONES + 1))
            if kind < ones:
                yield make_string(digits, "alike", length, rng, indices)
            else:
                yield write_string(_draw_straight_ones(length, rng), np.arange(length), "alike", rng)
            continue
        condition = str(rng.choice(list(_MIX), p=list(_MIX.values())))
        length = int(rng.choice(list(_LENGTHS), p=list(_LENGTHS.values())))
        yield make_string(digits, condition, length, rng)


def _draw_straight_ones(count: int, rng: np.random.Generator) -> Split:
    """Draw ones with no more than a stroke each, alike but for the unsteadiness of a hand."""
    images = [prepare_digit(find_ink(picture)) for picture in draw_strokes(count, rng)]
    return Split(np.stack([one.image for one in images if one]), np.ones(count, np.int64))


def make_strangers(count: int, kinds: tuple[Draw, ...], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw what is no digit, so many of each kind, in turn, each (h, w) uint8.

    Letters that look like digits are left out: to learn them would be to unlearn digits.
    """
    for _ in range(count):
        for draw in kinds:
            yield draw(rng)


def make_mixed_numbers(
    digits: Split, count: int, kinds: tuple[Draw, ...], rng: np.random.Generator
) -> Iterator[DigitString]:
    """Make numbers of two to six, one of which is no digit: so many with one of each kind."""
    for picture in make_strangers(count, kinds, rng):
        chosen = rng.choice(len(digits.labels), int(rng.integers(2, 7)))
        yield write_mixed(digits, chosen, picture, rng)


def collect_lines(
    digits: Split, count: int, rng: np.random.Generator, ones: float = 0.0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Make lines in which every pixel knows the middle of its digit; arguments as of `make_numbers`.

    Returns:
        Pairs of (h, w) float32: ink in [0, 1], the digits some WORK_HEIGHT high; and how far right of each pixel the
        middle of its digit lies, in heights of the line, NaN where there is no ink. A scribble has one middle.
    """
    examples = []
    for number in make_numbers(digits, count, rng, ones):
        for line in find_lines(find_ink(number.picture)):
            x, y = line.corner
            h, w = line.strokes.shape
            owners = number.owners[y : y + h, x : x + w]
            # A speck of noise can be a line of its own, which nobody wrote.
            if owners.max() >= 0:
                examples.append(_point(line, owners))
    for picture in make_strangers(count // _NUMBERS_PER_STRANGER, STRANGERS, rng):
        examples += [_point(line, np.zeros(line.strokes.shape, np.int8)) for line in find_lines(find_ink(picture))]
    return examples


def _point(line: Line, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shrink a line and let its ink point at the middle of its owner's box; owners (h, w) int8, -1 for nobody."""
    shades = shrink(line.strokes, line.height)
    masks = np.stack([shrink((owners == owner) & line.strokes, line.height) for owner in range(owners.max() + 1)])
    strongest = masks.argmax(axis=0)
    offsets = np.full(shades.shape, np.nan, np.float32)
    columns = np.arange(shades.shape[1])
    for owner, mask in enumerate(masks):
        covered = np.flatnonzero((mask > INK_FROM).any(axis=0))
        if covered.size:
            own = (strongest == owner) & (mask > INK_FROM)
            middle = (covered[0] + covered[-1]) / 2
            offsets[own] = np.broadcast_to((middle - columns) / WORK_HEIGHT, own.shape)[own]
    return shades, offsets


def collect_candidates(
    digits: Split,
    count: int,
    rng: np.random.Generator,
    ones: float = 0.0,
    straight: float = 0.0,
    strangers: tuple[Draw, ...] = STRANGERS,
) -> tuple[np.ndarray, np.ndarray]:
    """Make numbers and what is no digit, alone and in numbers, and take every candidate in them for an example.

    Args:
        digits: what the numbers are made of.
        count: how many of them.
        rng: source of all chance.
        ones: share of the numbers that are ones alike.
        straight: share of them that are straight strokes.
        strangers: what draws something that is no digit.

    Returns:
        images: (n, 2, 28, 28) uint8, what could be a digit and the ink around it.
        labels: (n,) int64 in 0..10, 10 for no digit.
    """
    images, labels = [], []
    numbers = make_numbers(digits, count, rng, ones, straight)
    of_each = count // _NUMBERS_PER_STRANGER
    for number in chain(numbers, make_mixed_numbers(digits, of_each, strangers, rng)):
        for line in find_lines(find_ink(number.picture)):
            for candidate in find_candidates(line):
                label = label_candidate(candidate, number)
                if label is not None:
                    images.append(stack_images(candidate))
                    labels.append(label)
    for picture in make_strangers(of_each, strangers, rng):
        for line in find_lines(find_ink(picture)):
            found = [stack_images(candidate) for candidate in find_candidates(line)]
            images += found
            labels += [NOT_A_DIGIT] * len(found)
    seen = np.stack(images)
    hard = rng.random(len(seen)) < _HARD
    seen[hard] = np.where(seen[hard] > rng.integers(64, 192, (int(hard.sum()), 1, 1, 1)), 255, 0)
    return seen, np.array(labels)


def collect_neighbours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Take all of MNIST's training digits without those of validation, most of them with others beside them.

    Numbers of them would have to be made and parted, which takes a hundred times as long; of the digits that the gate
    doubts most are just unusual, and it has seen each of these too seldom.

    Returns:
        images: (n, 2, 28, 28) uint8, the digits as they are and the ink around them.
        labels: (n,) int64 in 0..9.
    """
    mnist = load("mnist").train
    indices, _ = split_indices(mnist.labels, VALIDATION_SIZE)
    images, labels = mnist.images[indices], mnist.labels[indices]
    n, _, side = images.shape
    columns = images.any(axis=1)
    lefts, rights = columns.argmax(axis=1), side - columns[:, ::-1].argmax(axis=1)
    around = np.zeros_like(images)
    is_there = rng.random((n, 2)) < _BESIDE
    for beside in (0, 1):
        other = rng.permutation(n)
        gap = rng.integers(2, 9, n)
        x = rights + gap - lefts[other] if beside else lefts - gap - rights[other]
        y = rng.integers(-2, 3, n)
        for k in np.flatnonzero(is_there[:, beside] & (np.abs(x) <= side)):
            sheet = np.zeros((side + 4, 3 * side), np.uint8)
            sheet[2 + y[k] : 2 + y[k] + side, side + x[k] : 2 * side + x[k]] = images[other[k]]
            around[k] = np.maximum(around[k], sheet[2 : 2 + side, side : 2 * side])
    return np.stack([images, around], axis=1), labels


def stack_images(candidate: Candidate) -> np.ndarray:
    """Return what the gate sees of a candidate, (2, 28, 28) uint8."""
    return np.stack([candidate.preparation.image, candidate.surroundings])


def label_candidate(candidate: Candidate, number: DigitString) -> int | None:
    """Return the digit that a candidate is, NOT_A_DIGIT, or None where both could be said."""
    left, top, right, bottom = candidate.preparation.box
    owners = number.owners[top:bottom, left:right]
    own = np.bincount(owners[(candidate.preparation.ink > 0.3) & (owners >= 0)], minlength=len(number.text))
    whole = np.bincount(number.owners[number.owners >= 0], minlength=len(number.text))
    owner = int(own.argmax())
    share = own[owner] / max(1, own.sum(), whole[owner])
    other = np.delete(own / whole.clip(1), owner).max(initial=0)
    if share < _PART or other >= _TWO:
        return NOT_A_DIGIT
    if number.text[owner] == "?":
        return NOT_A_DIGIT
    return int(number.text[owner]) if share >= _WHOLE and other < _ONE else None
