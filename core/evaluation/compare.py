"""Two runs on the same digits: who is right where, and whether the difference could be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ShapeError
from core.evaluation.metrics import compute_confusion, mcnemar_exact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.evaluation.predictions import Predictions


@dataclass(frozen=True)
class Comparison:
    """How two runs did on the same digits.

    Attributes:
        both_right, only_first, only_second, both_wrong: digits read right by both, by one alone, by neither.
        differ: digits that the two read differently, whether one of them is right or not.
        p_value: of McNemar's exact test: the probability of a split between the two at least as uneven as this one if
            both were equally good.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    differ: int
    p_value: float

    @property
    def total(self) -> int:
        """All digits."""
        return self.both_right + self.only_first + self.only_second + self.both_wrong

    @property
    def errors_first(self) -> int:
        """Digits that the first run misreads."""
        return self.only_second + self.both_wrong

    @property
    def errors_second(self) -> int:
        """Digits that the second run misreads."""
        return self.only_first + self.both_wrong

    @property
    def difference(self) -> float:
        """Accuracy of the first minus that of the second, a fraction."""
        return (self.only_first - self.only_second) / max(1, self.total)

    def compute_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Interval for the difference of the accuracies, fractions; (-1, 1) where there are no digits.

        Args:
            confidence: probability in (0, 1) that such intervals cover the true difference.

        Source: Bonett and Price 2012, Adjusted Wald confidence interval for a difference of binomial proportions based
        on paired data.
        """
        if not self.total:
            return -1.0, 1.0
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        share_first = (self.only_first + 1) / (self.total + 2)
        share_second = (self.only_second + 1) / (self.total + 2)
        center = share_first - share_second
        margin = z * math.sqrt((share_first + share_second - center**2) / (self.total + 2))
        return max(-1.0, center - margin), min(1.0, center + margin)


def compare(first: Predictions, second: Predictions) -> Comparison:
    """Compare two runs digit by digit.

    Raises:
        ShapeError: if they did not answer the same digits.
    """
    check_same_digits(first, second)
    only_first, only_second, p_value = mcnemar_exact(first.right, second.right)
    return Comparison(
        both_right=int(np.count_nonzero(first.right & second.right)),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int(np.count_nonzero(~first.right & ~second.right)),
        differ=int(np.count_nonzero(first.predictions != second.predictions)),
        p_value=p_value,
    )


def check_same_digits(first: Predictions, second: Predictions) -> None:
    """Raise ShapeError unless the two answered the same digits."""
    if not np.array_equal(first.labels, second.labels):
        raise ShapeError("The two runs were tested on different digits and cannot be compared; choose another.")


def describe(comparison: Comparison, first: str, second: str) -> str:
    """Say in one sentence who is better and whether it means anything.

    Args:
        comparison: of the two.
        first: what to call the first.
        second: what to call the second.
    """
    errors = f"{first} makes {_count(comparison.errors_first)}, {second} {comparison.errors_second:,}"
    if comparison.only_first == comparison.only_second == 0:
        return f"{errors}: they are right and wrong about the very same digits."
    p_value = f"p = {comparison.p_value:.2g}" if comparison.p_value >= 0.0001 else "p < 0.0001"
    if comparison.only_first == comparison.only_second:
        return f"{errors}: no difference in number, though on different digits ({p_value})."
    better = first if comparison.difference > 0 else second
    if comparison.p_value >= 0.05:
        return f"{errors}: could easily be chance, {p_value}."
    return f"{errors}: {better} is better, and chance is an unlikely reason, {p_value}."


def _count(errors: int) -> str:
    return f"{errors:,} {'error' if errors == 1 else 'errors'}"


def confusion_difference(first: Predictions, second: Predictions) -> NDArray[np.int64]:
    """Return how much oftener the first run takes each true digit (row) for each digit (column), (10, 10) int64.

    Raises:
        ShapeError: if they did not answer the same digits.
    """
    check_same_digits(first, second)
    return compute_confusion(first.labels, first.predictions) - compute_confusion(second.labels, second.predictions)


def count_answers(first: Predictions, second: Predictions) -> NDArray[np.int64]:
    """Return how many digits the first run reads as the row and the second as the column, (10, 10) int64.

    Raises:
        ShapeError: if they did not answer the same digits.
    """
    check_same_digits(first, second)
    return compute_confusion(first.predictions, second.predictions)
