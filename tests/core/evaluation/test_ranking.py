"""One digit against the others, against scikit-learn and by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as reference

from core.errors import ShapeError
from core.evaluation.predictions import Predictions
from core.evaluation.ranking import compute_ranking
from core.evaluation.select import DigitFilter, compute_mask


def make_scores(n=500, seed=0, levels=None):
    rng = np.random.default_rng(seed)
    is_class = rng.random(n) < 0.2
    scores = rng.normal(size=n) + 1.2 * is_class
    return (np.round(scores * levels) / levels if levels else scores).astype(np.float32), is_class


@pytest.mark.parametrize("levels", [None, 3])
def test_curves_and_areas_equal_sklearn(levels):
    scores, is_class = make_scores(levels=levels)
    found = compute_ranking(scores, is_class)
    false_rate, true_rate, thresholds = reference.roc_curve(is_class, scores, drop_intermediate=False)
    assert_allclose(found.false_positive_rate, false_rate)
    assert_allclose(found.true_positive_rate, true_rate)
    assert_allclose(found.threshold, thresholds)
    assert found.roc_area == pytest.approx(reference.roc_auc_score(is_class, scores))
    assert found.average_precision == pytest.approx(reference.average_precision_score(is_class, scores))
    precision, recall, _ = reference.precision_recall_curve(is_class, scores)
    # scikit-learn goes from the lowest threshold up and may end where recall is whole.
    n = len(precision)
    assert_allclose(found.precision[:n], precision[::-1][:n])
    assert_allclose(found.true_positive_rate[:n], recall[::-1][:n])


def test_a_class_that_does_not_occur_has_no_area():
    scores = np.linspace(0, 1, 5)
    nobody = compute_ranking(scores, np.zeros(5, bool))
    assert (nobody.roc_area, nobody.average_precision) == (None, None)
    assert_array_equal(nobody.true_positive_rate, np.zeros(6))
    everybody = compute_ranking(scores, np.ones(5, bool))
    assert (everybody.roc_area, everybody.average_precision) == (None, 1.0)
    nothing = compute_ranking(np.zeros(0), np.zeros(0, bool))
    assert_array_equal(nobody.threshold[:1], nothing.threshold)
    assert (nothing.roc_area, nothing.average_precision) == (None, None)


def test_scores_that_are_all_equal_rank_nothing():
    found = compute_ranking(np.full(10, 0.1), np.arange(10) == 3)
    assert_array_equal(found.true_positives, [0, 1])
    assert_array_equal(found.false_positives, [0, 9])
    assert (found.roc_area, found.average_precision) == (0.5, pytest.approx(0.1))


def test_thinning_keeps_the_curve():
    scores, is_class = make_scores(n=4000)
    whole = compute_ranking(scores, is_class)
    corners = whole.thin(10_000)
    assert len(corners.threshold) < len(whole.threshold)
    assert corners.roc_area == pytest.approx(whole.roc_area, abs=1e-12)
    few = whole.thin(200)
    assert len(few.threshold) <= 200
    assert few.roc_area == pytest.approx(whole.roc_area, abs=0.002)
    for thinned in (corners, few):
        assert (thinned.threshold[0], thinned.threshold[-1]) == (np.inf, whole.threshold[-1])
        assert set(thinned.threshold) <= set(whole.threshold)
    assert len(compute_ranking(np.array([0.5]), np.array([True])).thin().threshold) == 2


def test_every_point_counts_what_its_filter_finds():
    rng = np.random.default_rng(3)
    answers = Predictions(rng.dirichlet(np.ones(10) * 0.3, 300).astype(np.float32), rng.integers(0, 10, 300))
    found = compute_ranking(answers.probabilities[:, 4], answers.labels == 4)
    for threshold, true, false in zip(
        found.threshold[1:], found.true_positives[1:], found.false_positives[1:], strict=True
    ):
        accepted = compute_mask(answers, DigitFilter(given=(4, threshold, 1.0)))
        assert (accepted & (answers.labels == 4)).sum() == true
        assert compute_mask(answers, DigitFilter(given=(4, threshold, 1.0), not_true=4)).sum() == false


def test_scores_and_truths_must_belong_together():
    with pytest.raises(ShapeError, match=r"\(3,\).*\(2,\)"):
        compute_ranking(np.zeros(3), np.zeros(2, bool))
