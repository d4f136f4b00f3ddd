"""Calibration against scikit-learn, scipy, a loop over bins, and arithmetic by hand."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn import metrics as reference

from core.errors import ShapeError
from core.evaluation.calibration import (
    brier_score,
    compute_rejection,
    compute_reliability,
    expected_calibration_error,
    fit_temperature,
    scale,
)
from core.evaluation.metrics import cross_entropy
from core.evaluation.predictions import Predictions
from core.evaluation.select import DigitFilter, compute_mask

NONE = np.zeros(0, np.int64)


def make_predictions(n=400, seed=0, sharpness=1.0):
    """Labels, and probabilities that are right more often than not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    logits = rng.normal(size=(n, 10))
    logits[np.arange(n), labels] += 1.5
    return labels, softmax(sharpness * logits, axis=1).astype(np.float32)


def make_answers(**settings):
    labels, probabilities = make_predictions(**settings)
    return Predictions(probabilities, labels)


def test_brier_score_equals_sklearn_and_leaves_its_input_alone():
    labels, probabilities = make_predictions()
    probabilities = probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    before = probabilities.copy()
    assert brier_score(probabilities, labels) == pytest.approx(reference.brier_score_loss(labels, probabilities))
    assert_array_equal(probabilities, before)


def test_brier_score_at_its_ends():
    certain = np.eye(10)
    assert brier_score(certain, np.arange(10)) == 0.0
    assert brier_score(certain, (np.arange(10) + 1) % 10) == 2.0


def test_calibration_error_by_hand():
    # Two bins of three: confidences .6 .6 .7, one right; .8 .9 .9, all right.
    confidence = np.array([0.6, 0.6, 0.7, 0.8, 0.9, 0.9])
    probabilities = np.column_stack([confidence, 1 - confidence])
    labels = np.array([0, 1, 1, 0, 0, 0])
    expected = (abs(1 - 1.9) + abs(3 - 2.6)) / 6
    assert expected_calibration_error(probabilities, labels, n_bins=2) == pytest.approx(expected)
    # Of two equally wide bins, all six lie in the upper: 4 right, confidence 4.5 in sum.
    by_width = expected_calibration_error(probabilities, labels, n_bins=2, equal_mass=False)
    assert by_width == pytest.approx(abs(4 - 4.5) / 6)


@pytest.mark.parametrize("equal_mass", [True, False])
def test_calibration_error_equals_a_loop_over_bins(equal_mass):
    labels, probabilities = make_predictions()
    confidence, correct = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels
    edges = np.quantile(confidence, np.arange(16) / 15) if equal_mass else np.arange(16) / 15
    edges[0] = -1
    expected = 0.0
    for low, high in itertools.pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(probabilities, labels, equal_mass=equal_mass) == pytest.approx(expected)


@pytest.mark.parametrize("equal_mass", [True, False])
def test_calibration_error_of_ties_does_not_depend_on_their_order(equal_mass):
    probabilities = np.tile([[0.25, 0.75]], (40, 1))
    labels = np.repeat([0, 1], [20, 20])
    forward = expected_calibration_error(probabilities, labels, equal_mass=equal_mass)
    assert forward == pytest.approx(0.25)
    assert expected_calibration_error(probabilities, labels[::-1], equal_mass=equal_mass) == pytest.approx(0.25)


@pytest.mark.parametrize("metric", [brier_score, expected_calibration_error])
def test_a_mean_over_nothing_is_refused(metric):
    with pytest.raises(ShapeError, match="at least one"):
        metric(np.zeros((0, 10)), NONE)


@pytest.mark.parametrize("metric", [brier_score, expected_calibration_error])
def test_probabilities_and_labels_must_belong_together(metric):
    with pytest.raises(ShapeError, match=r"\(3, 10\).*\(2,\)"):
        metric(np.full((3, 10), 0.1), np.array([0, 1]))
    with pytest.raises(ShapeError, match=r"0\.\.9"):
        metric(np.full((1, 10), 0.1), np.array([10]))


@pytest.mark.parametrize("equal_mass", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.4, 3.0])
def test_bins_hold_what_their_filter_finds_and_sum_to_the_error(equal_mass, temperature):
    answers = scale(make_answers(), temperature)
    bins = compute_reliability(answers, equal_mass=equal_mass)
    assert bins.count.sum() == 400
    assert (np.diff(bins.low) > 0).all()
    for low, high, count, right in zip(bins.low, bins.high, bins.count, bins.right, strict=True):
        found = compute_mask(answers, DigitFilter(sure=(low, high)))
        assert (found.sum(), (found & answers.right).sum()) == (count, right)
    error = expected_calibration_error(answers.probabilities, answers.labels, equal_mass=equal_mass)
    assert bins.error == pytest.approx(error)


def test_bins_by_hand():
    confidence = np.array([0.6, 0.6, 0.7, 0.8, 0.9, 0.9], dtype=np.float32)
    answers = Predictions(np.column_stack([confidence, 1 - confidence]), np.array([0, 1, 1, 0, 0, 0]))
    bins = compute_reliability(answers, n_bins=2)
    assert_allclose(bins.low, [0.6, 0.8])
    assert_allclose(bins.high, [0.7, 0.9])
    assert_array_equal(bins.count, [3, 3])
    assert_array_equal(bins.right, [1, 3])
    assert_allclose(bins.confidence, [1.9 / 3, 2.6 / 3])
    assert_allclose(bins.accuracy, [1 / 3, 1])


def test_equal_confidences_share_a_bin_and_empty_bins_are_left_out():
    answers = Predictions(np.full((40, 10), 0.1, dtype=np.float32), np.arange(40) % 10)
    bins = compute_reliability(answers)
    assert_array_equal(bins.count, [40])
    assert_array_equal(bins.right, [4])
    nothing = compute_reliability(Predictions(np.zeros((0, 10), np.float32), NONE))
    assert len(nothing.count) == 0
    assert nothing.error == 0.0


def test_the_temperature_undoes_a_known_sharpening():
    # Labels drawn from the probabilities themselves are calibrated; sharpened by 2.5, the remedy is 2.5.
    rng = np.random.default_rng(1)
    honest = rng.dirichlet(np.ones(10), 20_000)
    labels = (honest.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    sharpened = honest**2.5 / (honest**2.5).sum(axis=1, keepdims=True)
    assert fit_temperature(Predictions(sharpened.astype(np.float32), labels)) == pytest.approx(2.5, rel=0.03)


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_no_other_temperature_is_better(sharpness):
    answers = make_answers(sharpness=sharpness)
    best = fit_temperature(answers)

    def loss(temperature):
        return cross_entropy(scale(answers, temperature).probabilities, answers.labels).mean()

    assert all(loss(best) <= loss(best * factor) + 1e-9 for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0))


def test_a_network_that_is_always_right_or_always_wrong_has_a_temperature_within_bounds():
    certain = np.eye(10, dtype=np.float32) * 0.8 + 0.02
    assert 0.01 <= fit_temperature(Predictions(certain, np.arange(10))) < 0.1
    assert fit_temperature(Predictions(certain, (np.arange(10) + 1) % 10)) > 50
    with pytest.raises(ShapeError, match="at least one"):
        fit_temperature(Predictions(np.zeros((0, 10), np.float32), NONE))


def test_scaling_divides_the_logits_and_never_changes_what_is_read():
    logits = np.random.default_rng(2).normal(scale=4, size=(300, 10))
    answers = Predictions(softmax(logits, axis=1).astype(np.float32), np.zeros(300, np.int64))
    assert_allclose(scale(answers, 2.5).probabilities, softmax(logits / 2.5, axis=1), rtol=2e-5)
    assert_allclose(scale(answers, 1.0).probabilities, answers.probabilities, rtol=1e-5)
    near = np.full((1, 10), 0.1, dtype=np.float32)
    near[0, 7] = np.nextafter(np.float32(0.1), np.float32(1))
    for temperature in (0.01, 1.3, 100.0):
        assert_array_equal(scale(answers, temperature).predictions, answers.predictions)
        assert scale(Predictions(near, np.array([7])), temperature).predictions[0] == 7


def test_scaling_survives_probabilities_of_zero_and_one():
    certain = Predictions(np.eye(10, dtype=np.float32), np.arange(10))
    for temperature in (0.01, 1.0, 100.0):
        scaled = scale(certain, temperature).probabilities
        assert np.isfinite(scaled).all()
        assert_allclose(scaled.sum(axis=1), 1, rtol=1e-5)


def test_rejection_by_hand():
    confidence = np.array([0.5, 0.5, 0.6, 0.9], dtype=np.float32)
    answers = Predictions(np.column_stack([confidence, 1 - confidence]), np.array([0, 1, 1, 0]))
    found = compute_rejection(answers)
    assert_allclose(found.threshold, [0.5, 0.6, 0.9])
    assert_array_equal(found.rejected, [0, 2, 3])
    assert_array_equal(found.kept, [4, 2, 1])
    assert_array_equal(found.right, [2, 1, 1])
    assert_allclose(found.accuracy, [0.5, 0.5, 1.0])


def test_every_point_of_the_rejection_curve_counts_what_lies_below_it():
    answers = make_answers(n=3000)
    found = compute_rejection(answers, most_points=50)
    assert 40 < len(found.threshold) <= 50
    assert found.rejected[0] == 0
    assert found.threshold[-1] == answers.confidence.max()
    assert found.rejected[len(found.rejected) // 2] < len(answers.labels) / 20, "most points where little is rejected"
    for threshold, rejected, kept, right in zip(found.threshold, found.rejected, found.kept, found.right, strict=True):
        below = answers.confidence < threshold
        assert (below.sum(), (~below).sum(), (~below & answers.right).sum()) == (rejected, kept, right)


def test_importing_calibration_imports_neither_scipy_nor_torch():
    code = "import sys, core.evaluation.calibration; print({'sklearn', 'scipy', 'torch', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
