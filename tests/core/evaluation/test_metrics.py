"""Every metric against scikit-learn, SciPy or arithmetic done by hand."""

import math
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import metrics as reference

from core.errors import ShapeError
from core.evaluation.metrics import (
    ConfusedPair,
    class_scores,
    compute_accuracy,
    compute_confusion,
    cross_entropy,
    hardest_first,
    mcnemar_exact,
    most_confused_pairs,
    wilson_interval,
)

NONE = np.zeros(0, np.int64)


def make_predictions(n: int = 2000, classes: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and float32 probabilities of a classifier that is right about two times in three."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), labels] += 2
    odds = np.exp(logits)
    return labels, (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def test_accuracy_counts_right_answers():
    assert compute_accuracy(np.array([1, 2, 3, 3]), np.array([1, 2, 0, 3])) == (3, 4)
    assert compute_accuracy(NONE, NONE) == (0, 0)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 10), (9950, 10_000), (1, 1)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_wilson_interval_equals_scipy(k, n, confidence):
    expected = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert_allclose(wilson_interval(k, n, confidence), (expected.low, expected.high), rtol=1e-12, atol=1e-15)


def test_wilson_interval_at_its_ends():
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 7)[0] == 0.0
    assert wilson_interval(7, 7)[1] == 1.0
    with pytest.raises(ValueError, match="8 successes out of 7"):
        wilson_interval(8, 7)


def test_confusion_equals_sklearn():
    labels, probabilities = make_predictions()
    predictions = probabilities.argmax(axis=1)
    confusion = compute_confusion(labels, predictions)
    assert confusion.dtype == np.int64
    assert_array_equal(confusion, reference.confusion_matrix(labels, predictions, labels=range(10)))


def test_confusion_of_small_integers_does_not_overflow():
    labels = np.array([19, 19, 0], np.uint8)
    confusion = compute_confusion(labels, labels, n_classes=20)
    assert (confusion[19, 19], confusion[0, 0], confusion.sum()) == (2, 1, 3)


def test_confusion_rows_are_true_and_none_is_all_zeros():
    assert compute_confusion(np.array([4]), np.array([9]))[4, 9] == 1
    assert_array_equal(compute_confusion(NONE, NONE), np.zeros((10, 10)))


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [([0, 1], [0]), ([10], [0]), ([-1], [0]), ([0], [10]), ([[0, 1]], [[0, 1]])],
    ids=["lengths", "label too large", "label negative", "prediction too large", "two axes"],
)
def test_confusion_refuses_what_does_not_belong_together(labels, predictions):
    with pytest.raises(ShapeError):
        compute_confusion(np.array(labels), np.array(predictions))


CASES = {
    "usual": [array if array.ndim == 1 else array.argmax(axis=1) for array in make_predictions()],
    "classes that never occur": [np.array([0, 0, 1, 2]), np.array([0, 1, 1, 5])],
    "all wrong": [np.arange(10), (np.arange(10) + 1) % 10],
    "one class only": [np.full(5, 3), np.full(5, 3)],
    "no examples": [NONE, NONE],
}


@pytest.mark.parametrize("case", CASES)
def test_class_scores_equal_sklearn(case):
    labels, predictions = CASES[case]
    scores = class_scores(compute_confusion(labels, predictions))
    kwargs = {"labels": range(10), "zero_division": 0}
    if case == "no examples":
        expected, macro, weighted = np.zeros((4, 10)), (0, 0, 0), (0, 0, 0)
    else:
        expected = reference.precision_recall_fscore_support(labels, predictions, **kwargs)
        macro = reference.precision_recall_fscore_support(labels, predictions, average="macro", **kwargs)[:3]
        weighted = reference.precision_recall_fscore_support(labels, predictions, average="weighted", **kwargs)[:3]
    for ours, theirs in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        assert_allclose(ours, theirs, rtol=1e-12)
    assert_allclose((scores.macro_precision, scores.macro_recall, scores.macro_f1), macro, rtol=1e-12)
    assert_allclose((scores.weighted_precision, scores.weighted_recall, scores.weighted_f1), weighted, rtol=1e-12)


def test_class_scores_refuse_what_is_not_square():
    with pytest.raises(ShapeError, match=r"\(10, 9\)"):
        class_scores(np.zeros((10, 9), np.int64))


def test_most_confused_pairs_by_count_then_by_class():
    confusion = np.diag([8, 6, 5])
    confusion[0, 2], confusion[1, 0], confusion[2, 1], confusion[2, 0] = 2, 4, 2, 3
    assert most_confused_pairs(confusion) == [
        ConfusedPair(1, 0, 4, 0.4),
        ConfusedPair(2, 0, 3, 0.3),
        ConfusedPair(0, 2, 2, 0.2),
        ConfusedPair(2, 1, 2, 0.2),
    ]
    assert most_confused_pairs(confusion, top=1) == [ConfusedPair(1, 0, 4, 0.4)]


def test_most_confused_pairs_of_a_perfect_classifier_are_none():
    assert most_confused_pairs(np.diag([3, 0, 5])) == []


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (5, 0), (3, 9), (9, 3), (6, 6), (480, 520), (900, 2000)])
def test_mcnemar_equals_scipys_binomial_test(only_a, only_b):
    both, neither = 40, 3
    correct_a = np.repeat([True, False, True, False], [only_a, only_b, both, neither])
    correct_b = np.repeat([False, True, True, False], [only_a, only_b, both, neither])
    n = only_a + only_b
    expected = stats.binomtest(only_a, n).pvalue if n else 1.0
    result = mcnemar_exact(correct_a, correct_b)
    assert result[:2] == (only_a, only_b)
    assert result[2] == pytest.approx(expected, rel=1e-9)


def test_mcnemar_without_examples_and_with_two_lengths():
    assert mcnemar_exact(np.zeros(0, bool), np.zeros(0, bool)) == (0, 0, 1.0)
    with pytest.raises(ShapeError):
        mcnemar_exact(np.ones(3, bool), np.ones(4, bool))


def test_cross_entropy_equals_sklearn_on_average():
    labels, probabilities = make_predictions()
    losses = cross_entropy(probabilities, labels)
    assert losses.shape == labels.shape
    assert losses.mean() == pytest.approx(reference.log_loss(labels, probabilities), rel=1e-5)


def test_cross_entropy_of_certainty_is_finite():
    certain = np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    assert_allclose(cross_entropy(certain, np.array([0, 1])), [0.0, -math.log(np.finfo(np.float32).tiny)])
    assert cross_entropy(np.zeros((0, 10), np.float32), NONE).shape == (0,)


def test_hardest_first_by_loss_is_stable():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]])
    assert_array_equal(hardest_first(probabilities, np.array([0, 0, 1, 0])), [1, 2, 3, 0])


def test_hardest_first_by_confidence_ranks_the_strongest_wrong_answer():
    probabilities = np.array([[0.1, 0.5, 0.4], [0.05, 0.05, 0.9], [0.3, 0.6, 0.1], [0.34, 0.33, 0.33]])
    labels = np.array([0, 2, 2, 0])
    # Strongest wrong answers: 0.5, 0.05, 0.6, 0.33. By loss the first and the third would tie.
    assert_array_equal(hardest_first(probabilities, labels, by="confidence"), [2, 0, 3, 1])
    assert_array_equal(hardest_first(probabilities, labels), [0, 2, 3, 1])


def test_hardest_first_of_nothing_is_nothing():
    for by in ("loss", "confidence"):
        assert hardest_first(np.zeros((0, 10)), NONE, by=by).shape == (0,)


@pytest.mark.parametrize("metric", [cross_entropy, hardest_first])
def test_probabilities_and_labels_must_belong_together(metric):
    with pytest.raises(ShapeError, match=r"\(3, 10\).*\(2,\)"):
        metric(np.full((3, 10), 0.1), np.array([0, 1]))
    with pytest.raises(ShapeError, match=r"0\.\.9"):
        metric(np.full((1, 10), 0.1), np.array([10]))


def test_importing_metrics_imports_neither_sklearn_nor_torch():
    code = "import sys, core.evaluation.metrics; print({'sklearn', 'scipy', 'torch', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
