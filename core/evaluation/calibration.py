"""Whether a network is as often right as it says it is, and what to do if it is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.metrics import Floats, Integers, check_probabilities, cross_entropy
from core.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A factor of a hundred either way; a network that wants more is beyond repair by one number.
_LOG_TEMPERATURE = math.log(100.0)
_MOST_POINTS = 250


def brier_score(probabilities: Floats, labels: Integers) -> float:
    """Mean squared distance between the probabilities and the truth.

    Args:
        probabilities: (n, c), rows sum to 1, n at least 1.
        labels: (n,) integers in 0..c-1.

    Returns:
        The score in [0, 2]; 0 is perfect.

    Raises:
        ShapeError: if the lengths differ, a label is out of range, or there are no examples.

    Source: Brier 1950, Verification of forecasts expressed in terms of probability, equation 2.
    """
    check_probabilities(probabilities, labels, at_least_one=True)
    distance = probabilities.astype(np.float64)
    distance[np.arange(len(labels)), labels] -= 1
    return float(np.mean(np.sum(distance**2, axis=1)))


def expected_calibration_error(
    probabilities: Floats, labels: Integers, n_bins: int = 15, equal_mass: bool = True
) -> float:
    """How far confidence and accuracy lie apart, averaged over bins of similar confidence.

    Args:
        probabilities: (n, c), rows sum to 1, n at least 1.
        labels: (n,) integers in 0..c-1.
        n_bins: number of bins, at least 1.
        equal_mass: bins between quantiles of the confidence, so that each holds about as many examples; otherwise bins
            of equal width over [0, 1]. Equal confidences always share a bin.

    Returns:
        The error as a fraction in [0, 1].

    Raises:
        ShapeError: if the lengths differ, a label is out of range, or there are no examples.

    Source: Guo et al. 2017, On calibration of modern neural networks, equation 3; equal mass after Nixon et al. 2019.
    """
    check_probabilities(probabilities, labels, at_least_one=True)
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    bins = _assign_bins(confidence, n_bins, equal_mass)
    # |accuracy - confidence| times the bin's share of the examples is |sum of the gaps| / n: empty bins need no care.
    gaps = np.bincount(bins, weights=correct - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(labels))


@dataclass(frozen=True)
class Reliability:
    """Answers in bins of similar confidence; bins without answers are left out.

    Attributes:
        low, high: (b,) float64, the smallest and the largest confidence in each bin.
        count: (b,) int64, answers in each.
        right: (b,) int64, right ones among them.
        confidence: (b,) float64, their mean confidence.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]
    right: NDArray[np.int64]
    confidence: NDArray[np.float64]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of right answers in each bin, (b,)."""
        share: NDArray[np.float64] = self.right / self.count
        return share

    @property
    def error(self) -> float:
        """Expected calibration error over these bins, a fraction; 0 without any."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float(gaps @ self.count / max(1, self.count.sum()))


def compute_reliability(answers: Predictions, n_bins: int = 15, equal_mass: bool = True) -> Reliability:
    """Sort answers into the bins of `expected_calibration_error`, so that the two always agree.

    Args:
        answers: of a run.
        n_bins: at most so many bins, at least 1.
        equal_mass: as for `expected_calibration_error`.
    """
    confidence = answers.confidence.astype(np.float64)
    bins = _assign_bins(confidence, n_bins, equal_mass)
    names, first, count = np.unique(bins[np.argsort(confidence)], return_index=True, return_counts=True)
    ordered = np.sort(confidence)
    sums = np.bincount(bins, weights=confidence, minlength=n_bins)[names]
    return Reliability(
        low=ordered[first],
        high=ordered[first + count - 1],
        count=count.astype(np.int64),
        right=np.bincount(bins, weights=answers.right, minlength=n_bins)[names].astype(np.int64),
        confidence=sums / count,
    )


def _assign_bins(confidence: NDArray[np.float64], n_bins: int, equal_mass: bool) -> NDArray[np.int64]:
    inner = np.linspace(0, 1, n_bins + 1)[1:-1]
    edges = np.quantile(confidence, inner) if equal_mass and confidence.size else inner
    bins: NDArray[np.int64] = np.searchsorted(edges, confidence)
    return bins


def fit_temperature(answers: Predictions) -> float:
    """Find the temperature with the smallest cross-entropy; fit it on validation digits, never on the test digits.

    Args:
        answers: to digits that were not trained on, at least one.

    Returns:
        A number from 0.01 to 100: above 1 the network is surer than it is right, below 1 less sure.

    Raises:
        ShapeError: if there are none.

    Source: Guo et al. 2017, On calibration of modern neural networks, section 4.2.
    """
    # Here and not above: pages import this module, and SciPy takes a while.
    from scipy.optimize import minimize_scalar

    check_probabilities(answers.probabilities, answers.labels, at_least_one=True)

    def compute_loss(log_temperature: float) -> float:
        scaled = scale(answers, math.exp(log_temperature))
        return float(cross_entropy(scaled.probabilities, scaled.labels).mean())

    # The loss has a single valley: it is convex in the inverse of the temperature.
    found = minimize_scalar(
        compute_loss, bounds=(-_LOG_TEMPERATURE, _LOG_TEMPERATURE), method="bounded", options={"xatol": 1e-4}
    )
    return math.exp(float(found.x))


def scale(answers: Predictions, temperature: float) -> Predictions:
    """Return the answers with their logits divided by a temperature; which digit is read does not change.

    Args:
        answers: probabilities of 0 count as the smallest normal float32.
        temperature: above 0; 1 changes nothing.
    """
    # The logarithm of a softmax is the logits but for a constant, which the next softmax takes away.
    logits = np.log(np.maximum(answers.probabilities, np.finfo(np.float32).tiny).astype(np.float64)) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    # Two near equals can round to a tie, which would go to the other one.
    tied = np.flatnonzero(probabilities.argmax(axis=1) != answers.predictions)
    probabilities[tied, answers.predictions[tied]] = np.nextafter(probabilities[tied].max(axis=1), np.float32(2))
    return Predictions(probabilities, answers.labels)


@dataclass(frozen=True)
class Rejection:
    """What is gained by leaving the least sure answers to a person.

    Attributes:
        threshold: (m,) float64, ascending; answers with a confidence below it are rejected.
        rejected: (m,) int64, how many those are.
        kept: (m,) int64, the others, at least one.
        right: (m,) int64, right ones among the kept.
    """

    threshold: NDArray[np.float64]
    rejected: NDArray[np.int64]
    kept: NDArray[np.int64]
    right: NDArray[np.int64]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of right answers among the kept, (m,)."""
        share: NDArray[np.float64] = self.right / self.kept
        return share


def compute_rejection(answers: Predictions, most_points: int = _MOST_POINTS) -> Rejection:
    """Count what each threshold on the confidence would reject, and how good the rest is.

    Args:
        answers: of a run.
        most_points: thresholds at most, close together where little is rejected, which is where the mistakes are.

    Returns:
        The first threshold rejects nothing, the last leaves only the surest answers.
    """
    confidence = answers.confidence.astype(np.float64)
    order = np.argsort(confidence, kind="stable")
    threshold, rejected = np.unique(confidence[order], return_index=True)
    wrong_below = np.concatenate([[0], np.cumsum(~answers.right[order])])
    kept = len(order) - rejected
    right = kept - (wrong_below[-1] - wrong_below[rejected])
    chosen = _crowd_at_start(len(threshold), most_points)
    return Rejection(threshold[chosen], rejected[chosen], kept[chosen], right[chosen])


def _crowd_at_start(n: int, most: int) -> NDArray[np.int64]:
    """Return up to `most` of the indices 0..n-1, the first and the last among them, the later the further apart."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.geomspace(1, n, most).round().astype(np.int64) - 1)
