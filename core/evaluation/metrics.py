"""What a classifier got right and wrong, in numbers. NumPy alone: importing scikit-learn costs a page a second."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import ShapeError

Integers: TypeAlias = NDArray[np.integer[Any]]
Floats: TypeAlias = NDArray[np.floating[Any]]


def compute_accuracy(labels: Integers, predictions: Integers) -> tuple[int, int]:
    """Count the right answers.

    Args:
        labels: (n,) integers, the true classes.
        predictions: (n,) integers.

    Returns:
        (k, n): k right out of n.

    Raises:
        ShapeError: if the lengths differ.
    """
    _check_same_length(labels, predictions)
    return int(np.count_nonzero(labels == predictions)), len(labels)


def wilson_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for a share of which k out of n were seen, after Wilson.

    Args:
        k: successes, in 0..n.
        n: trials; with none, nothing is known and the interval is (0, 1).
        confidence: probability in (0, 1) that such intervals cover the true share.

    Returns:
        (low, high), fractions in [0, 1].

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes out of {n} trials are impossible.")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = k / n
    scale = 1 + z**2 / n
    center = (share + z**2 / (2 * n)) / scale
    margin = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / scale
    # At the ends the bound is exactly 0 or 1; rounding would leave it a hair beside.
    low = 0.0 if k == 0 else center - margin
    high = 1.0 if k == n else center + margin
    return low, high


def compute_confusion(labels: Integers, predictions: Integers, n_classes: int = 10) -> NDArray[np.int64]:
    """Count the examples of each true class by what was predicted.

    Args:
        labels: (n,) integers in 0..n_classes-1.
        predictions: (n,) integers in 0..n_classes-1.
        n_classes: number of classes.

    Returns:
        (n_classes, n_classes) int64; rows are true classes, columns predicted ones.

    Raises:
        ShapeError: if the lengths differ or a class is out of range.
    """
    _check_same_length(labels, predictions)
    _check_classes(labels, n_classes, "labels")
    _check_classes(predictions, n_classes, "predictions")
    # In int64, because the product would overflow the uint8 in which labels are often stored.
    cells = labels.astype(np.int64) * n_classes + predictions.astype(np.int64)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int64)


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class and their means, all fractions in [0, 1].

    Attributes:
        precision: (c,) float64; of those predicted as this class, the share that is. 0 where none is predicted.
        recall: (c,) float64; of this class, the share found. 0 where the class does not occur.
        f1: (c,) float64; harmonic mean of the two. 0 where both are.
        support: (c,) int64; examples of this class.
        macro_precision, macro_recall, macro_f1: plain means over all c classes; one that does not occur counts as 0.
        weighted_precision, weighted_recall, weighted_f1: means weighted by support.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float


def class_scores(confusion: NDArray[np.int64]) -> ClassScores:
    """Precision, recall and F1 of each class, equal to scikit-learn's with `labels=range(c), zero_division=0`.

    Args:
        confusion: (c, c) counts; rows are true classes, columns predicted ones.

    Raises:
        ShapeError: if it is not square.
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ShapeError(f"A confusion matrix is square, but this one has the shape {confusion.shape}; rebuild it.")
    hits = np.diagonal(confusion)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _divide(hits, predicted), _divide(hits, support)
    f1 = _divide(2 * hits, support + predicted)
    weights = _divide(support, np.full(len(support), support.sum()))
    return ClassScores(
        precision=precision,
        recall=recall,
        f1=f1,
        support=support,
        macro_precision=float(precision.mean()),
        macro_recall=float(recall.mean()),
        macro_f1=float(f1.mean()),
        weighted_precision=float(weights @ precision),
        weighted_recall=float(weights @ recall),
        weighted_f1=float(weights @ f1),
    )


@dataclass(frozen=True)
class ConfusedPair:
    """One kind of mistake.

    Attributes:
        true: the class it was.
        predicted: the class it was taken for.
        count: how often.
        share: count as a fraction of all examples of the true class.
    """

    true: int
    predicted: int
    count: int
    share: float


def most_confused_pairs(confusion: NDArray[np.int64], top: int = 10) -> list[ConfusedPair]:
    """List the most frequent mistakes, most frequent first; among equals, in the order of the classes.

    Args:
        confusion: (c, c) counts; rows are true classes, columns predicted ones.
        top: how many at most. Mistakes that were not made are left out.
    """
    support = confusion.sum(axis=1).tolist()
    pairs = [
        ConfusedPair(true, predicted, count, count / support[true])
        for true, row in enumerate(confusion.tolist())
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    return sorted(pairs, key=lambda pair: -pair.count)[:top]


def mcnemar_exact(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Compare two classifiers on the same examples by McNemar's exact two-sided test.

    Args:
        correct_a: (n,) bool, whether A was right about each example.
        correct_b: (n,) bool, the same for B, in the same order.

    Returns:
        (only_a, only_b, p_value): examples that only A, and only B, got right, and the probability of a split at least
        as uneven if both were equally good; 1 if they never differ.

    Raises:
        ShapeError: if the lengths differ.

    Source: McNemar 1947; the exact form is a binomial test of only_a out of only_a + only_b at one half.
    """
    _check_same_length(correct_a, correct_b)
    only_a = int(np.count_nonzero(correct_a & ~correct_b))
    only_b = int(np.count_nonzero(correct_b & ~correct_a))
    n, term, tail = only_a + only_b, 1, 1
    # Whole numbers keep it exact: term is the binomial coefficient (n over i), tail their sum up to i.
    for i in range(min(only_a, only_b)):
        term = term * (n - i) // (i + 1)
        tail += term
    return only_a, only_b, min(1.0, 2 * tail / 2**n)


def cross_entropy(probabilities: Floats, labels: Integers) -> NDArray[np.float64]:
    """Loss of each example: minus the natural logarithm of the probability of its true class.

    Args:
        probabilities: (n, c), rows sum to 1. Zeros count as the smallest normal float32, a loss of 87.3.
        labels: (n,) integers in 0..c-1.

    Returns:
        (n,) float64, at least 0; their mean is the cross-entropy.

    Raises:
        ShapeError: if the lengths differ or a label is out of range.
    """
    check_probabilities(probabilities, labels)
    of_true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(of_true, np.finfo(np.float32).tiny, 1.0))


def hardest_first(
    probabilities: Floats, labels: Integers, by: Literal["loss", "confidence"] = "loss"
) -> NDArray[np.int64]:
    """Order examples so that those the classifier did worst on come first; equals keep their order.

    Args:
        probabilities: (n, c), rows sum to 1, c at least 2.
        labels: (n,) integers in 0..c-1.
        by: "loss" puts the least probable truths first; "confidence" the most probable wrong answers, which for a
            mistake is the confidence it was made with, and for a right answer the runner-up.

    Returns:
        (n,) int64 indices into the examples.

    Raises:
        ShapeError: if the lengths differ or a label is out of range.
    """
    check_probabilities(probabilities, labels)
    rows = np.arange(len(labels))
    if by == "loss":
        return np.argsort(probabilities[rows, labels], kind="stable")
    wrong = probabilities.astype(np.float64)
    wrong[rows, labels] = -1.0
    return np.argsort(-wrong.max(axis=1), kind="stable")


def _divide(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide elementwise, with 0 where the total is 0."""
    return np.divide(counts, totals, out=np.zeros(len(counts)), where=totals > 0)


def _check_same_length(first: NDArray[Any], second: NDArray[Any]) -> None:
    if first.ndim != 1 or first.shape != second.shape:
        raise ShapeError(
            f"Two lists of the same examples have the shapes {first.shape} and {second.shape}; "
            "both must have one value for each example."
        )


def _check_classes(values: Integers, n_classes: int, what: str) -> None:
    if values.size and not (values.min() >= 0 and values.max() < n_classes):
        raise ShapeError(f"The {what} run from {values.min()} to {values.max()}; they must lie in 0..{n_classes - 1}.")


def check_probabilities(probabilities: Floats, labels: Integers, at_least_one: bool = False) -> None:
    """Raise ShapeError unless there is one row of probabilities and one label in range for each example."""
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ShapeError(
            f"Probabilities of the shape {probabilities.shape} and labels of the shape {labels.shape} do not belong "
            "together; give one row of probabilities and one label for each example."
        )
    _check_classes(labels, probabilities.shape[1], "labels")
    if at_least_one and not len(labels):
        raise ShapeError("There are no examples to score; give at least one.")
