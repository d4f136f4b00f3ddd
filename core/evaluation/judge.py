"""What a network makes of a drawing, and of a person's own test set: drawings whose right label is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.ink import FIT, SIDE, Preparation, prepare_digit
from core.drawings.store import is_prepared
from core.evaluation.gate import ask_gate, compute_digit_scores, tell_digits
from core.evaluation.predict import predict_probabilities
from core.evaluation.read import ReadDigit, ReadNumber, list_digits, read_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.evaluation.predict import Classifier


@dataclass(frozen=True)
class Reading:
    """What one network reads in one drawing.

    Attributes:
        text: the digits in reading order, with a ? for what is none; "" where there is no ink.
        sureness: probability that all of it is right, 0 to 1; 0 where there is nothing.
        sure: (n,) probability of each label.
    """

    text: str
    sureness: float
    sure: tuple[float, ...]

    @property
    def shown_sureness(self) -> float:
        """What to show beside the text: of one digit the probability of its label, as its bars do; else `sureness`."""
        return self.sure[0] if len(self.sure) == 1 and "?" not in self.text else self.sureness


def read_drawing(classifier: Classifier, picture: np.ndarray) -> list[ReadNumber]:
    """Return the lines of digits in a drawing (h, w) uint8; a digit that is prepared already is read as it is."""
    if not is_prepared(picture):
        return read_numbers(classifier, picture)
    kept = keep_preparation(picture)
    # The network sees the pixels as they are; whether they are a digit does not depend on where and how large it is.
    prepared = prepare_digit(kept.ink)
    if prepared is None:
        return []
    probabilities = predict_probabilities(classifier, picture[None])
    answers = ask_gate(prepared.image[None])
    [digit_score], [is_digit] = compute_digit_scores(answers), tell_digits(answers, probabilities)
    return [ReadNumber([ReadDigit(kept, probabilities[0], float(digit_score), bool(is_digit))])]


def keep_preparation(image: np.ndarray) -> Preparation:
    """Return the steps of a digit (28, 28) uint8 that is prepared already: there are none."""
    ink = image.astype(np.float32) / 255
    margin = (SIDE - FIT) // 2
    return Preparation(ink, (0, 0, SIDE, SIDE), ink[margin:-margin, margin:-margin], image)


def summarize_reading(numbers: Sequence[ReadNumber]) -> Reading:
    """Return all lines as one answer."""
    sure = tuple(float(digit.probabilities.max()) for digit in list_digits(numbers))
    sureness = math.prod(number.confidence for number in numbers) if numbers else 0.0
    return Reading("".join(number.text for number in numbers), sureness, sure)
