"""Reading pictures: find what could be digits, classify all of it at once, keep the most likely lines of digits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.ink import find_ink
from core.evaluation.gate import ask_gate, compute_digit_scores, heed_gate, tell_digits
from core.evaluation.path import compute_cut_costs, compute_scores, find_best_path
from core.evaluation.predict import predict_probabilities
from core.reading.candidates import find_candidates
from core.reading.lines import find_lines, join_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.data.ink import Preparation
    from core.evaluation.predict import Classifier
    from core.reading.candidates import Candidate
    from core.reading.lines import Line


@dataclass(frozen=True)
class ReadDigit:
    """One digit found in a picture, or what stands where one could.

    Attributes:
        preparation: its way from the picture to 28×28.
        probabilities: (10,) float32, of the labels if it is a digit: the classifier's alone where it is all that the
            picture shows, else the gate has its say (`core.evaluation.gate.heed_gate`).
        digit_score: how much it looks like a digit at all, in [0, 1].
        is_digit: whether it is read as one, as `core.evaluation.gate.tell_digits` tells.
        is_cut: whether other ink touched it.
    """

    preparation: Preparation
    probabilities: np.ndarray
    digit_score: float
    is_digit: bool
    is_cut: bool = False

    @property
    def label(self) -> int:
        """The most probable digit."""
        return int(self.probabilities.argmax())

    @property
    def text(self) -> str:
        """The most probable digit, or a ? for what is none."""
        return str(self.label) if self.is_digit else "?"

    def describe(self) -> dict[str, Any]:
        """Return label, probability, all ten probabilities, box (left, top, right, bottom) in pixels, is_digit."""
        return {
            "label": self.label,
            "probability": float(self.probabilities.max()),
            "probabilities": [float(value) for value in self.probabilities],
            "box": [int(value) for value in self.preparation.box],
            "is_digit": self.is_digit,
        }


@dataclass(frozen=True)
class ReadNumber:
    """One line of a picture, read.

    Attributes:
        digits: from left to right, at least one.
    """

    digits: list[ReadDigit]

    @property
    def text(self) -> str:
        """The digits, with a ? for what is none."""
        return "".join(digit.text for digit in self.digits)

    @property
    def confidence(self) -> float:
        """Estimate of the probability that cuts, joins and all labels are right, in [0, 1].

        With the gate's whole score it would be far too doubtful, without it too sure; the square root was chosen on
        numbers made of validation digits. `python -m core benchmark strings` prints its mean beside the share read
        right.
        """
        sure = [float(digit.probabilities.max()) * math.sqrt(digit.digit_score) for digit in self.digits]
        return math.prod(sure)


def read_numbers(classifier: Classifier, picture: np.ndarray) -> list[ReadNumber]:
    """Return the lines of digits in a picture (h, w) uint8, from top to bottom; none if it shows no ink."""
    lines = find_lines(find_ink(picture))
    found = [find_candidates(line) for line in lines]
    if not found:
        return []
    whole = _find_whole(join_lines(lines))
    read = _read_lines(classifier, [*found, whole] if whole else found, holds_all=len(found) == 1 or bool(whole))
    if whole:
        *apart, joined = read
        # A 2 above a 0 is not the 3 that both together look like, but a 5 and its bar are no two digits.
        is_readable = all(digit.is_digit for number, _ in apart for digit in number.digits)
        read = [joined] if not is_readable and joined[1] > sum(score for _, score in apart) else apart
    return [number for number, _ in read]


def _find_whole(line: Line | None) -> list[Candidate]:
    """Return what takes a line for one digit, if anything does."""
    candidates = find_candidates(line) if line else []
    return [one for one, is_whole in zip(candidates, _is_whole(candidates), strict=True) if is_whole]


def _is_whole(line: list[Candidate]) -> list[bool]:
    """Tell of each candidate of a line whether it takes all of it for one digit."""
    last = max((candidate.stop for candidate in line), default=0)
    return [(candidate.start, candidate.stop) == (0, last) for candidate in line]


def _read_lines(
    classifier: Classifier, lines: list[list[Candidate]], *, holds_all: bool
) -> list[tuple[ReadNumber, float]]:
    """Read lines by the candidates of each, all classified at once: the numbers, and the log-probability of each.

    Args:
        classifier: what reads.
        lines: the candidates of each.
        holds_all: whether the last line holds all of the picture's ink.
    """
    everything = [candidate for line in lines for candidate in line]
    images = np.stack([candidate.preparation.image for candidate in everything])
    answers = ask_gate(images, np.stack([candidate.surroundings for candidate in everything]))
    digit_scores = compute_digit_scores(answers)
    is_cut = np.array([candidate.is_cut for candidate in everything])
    is_alone = np.zeros(len(everything), bool)
    if holds_all:
        is_alone[-len(lines[-1]) :] = _is_whole(lines[-1])
    own_probabilities = predict_probabilities(classifier, images)
    probabilities = np.where(is_alone[:, None], own_probabilities, heed_gate(own_probabilities, answers))
    scores = compute_scores(digit_scores, probabilities)
    read = []
    first = 0
    for line in lines:
        own = slice(first, first + len(line))
        own_scores = scores[own] + compute_cut_costs(line, is_cut[own], digit_scores[own])
        path = find_best_path(line, own_scores)
        told = tell_digits(answers[own][path], own_probabilities[own][path])
        digits = [
            ReadDigit(
                line[k].preparation,
                probabilities[own][k],
                float(digit_scores[own][k]),
                is_digit=bool(is_digit),
                is_cut=bool(is_cut[own][k]),
            )
            for k, is_digit in zip(path, told, strict=True)
        ]
        read.append((ReadNumber(digits), float(own_scores[path].sum())))
        first = own.stop
    return read


def list_digits(numbers: Sequence[ReadNumber]) -> list[ReadDigit]:
    """Return the digits of all lines in reading order."""
    return [digit for number in numbers for digit in number.digits]


def read_digits(classifier: Classifier, picture: np.ndarray) -> list[ReadDigit]:
    """Return the digits in a picture (h, w) uint8, line by line, left to right; none if it shows no ink."""
    return list_digits(read_numbers(classifier, picture))
