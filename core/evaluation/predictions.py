"""What a run says of digits whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """Probabilities beside the truth, digit by digit.

    Attributes:
        probabilities: (n, 10) float32, rows sum to 1.
        labels: (n,) int64 in 0..9.
    """

    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """Most probable class of each digit, (n,) int64."""
        classes: NDArray[np.int64] = self.probabilities.argmax(1)
        return classes

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of that class, (n,)."""
        largest: NDArray[np.float32] = self.probabilities.max(1)
        return largest

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether it is the true one, (n,)."""
        right: NDArray[np.bool_] = self.predictions == self.labels
        return right


def average(answers: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the mean of several networks' probabilities, each (n, 10) float32, as float32."""
    if len(answers) == 1:
        return answers[0]
    # In float64, so that the order of the members makes no difference that a figure could show.
    return np.asarray(np.mean(answers, axis=0, dtype=np.float64), dtype=np.float32)
