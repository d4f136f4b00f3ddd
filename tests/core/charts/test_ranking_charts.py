"""ROC and precision-recall curves draw the counts of core, and begin where a good classifier's corner is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import precision_score, recall_score

from core.charts.ranking import find_point, plot_precision_recall, plot_roc
from core.evaluation.ranking import compute_ranking


def make_ranking(separation, n=3000):
    rng = np.random.default_rng(0)
    is_class = rng.random(n) < 0.1
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) + separation * (2 * is_class - 1))))
    return scores, is_class, compute_ranking(scores, is_class)


def alt_of(figure):
    return figure.layout.meta["alt"]


@pytest.mark.parametrize("separation", [0.0, 3.0])
def test_the_points_hold_their_threshold_and_lie_where_it_leads(separation):
    scores, is_class, ranking = make_ranking(separation)
    _, points, *_ = plot_roc(ranking, 4).data
    assert len(points.x) <= 300
    for (number, threshold, *_), x, y in list(zip(points.customdata, points.x, points.y, strict=True))[::20]:
        assert ranking.threshold[number] == threshold
        accepted = scores >= threshold
        assert y == accepted[is_class].mean()
        alarms = accepted[~is_class].mean()
        assert_allclose(10**x, alarms if alarms else 10**-0.5 / ranking.negatives)
    _, points = plot_precision_recall(ranking, 4).data
    for (_, threshold, *_), x, y in list(zip(points.customdata, points.x, points.y, strict=True))[::20]:
        accepted = scores >= threshold
        assert_allclose((x, y), (recall_score(is_class, accepted), precision_score(is_class, accepted)))


def test_a_threshold_is_marked_where_it_accepts():
    scores, is_class, ranking = make_ranking(2.0)
    threshold = 0.5
    at = find_point(ranking, threshold)
    assert ranking.true_positives[at] == np.count_nonzero(scores[is_class] >= threshold)
    assert ranking.false_positives[at] == np.count_nonzero(scores[~is_class] >= threshold)
    assert plot_roc(ranking, 4, threshold).data[2].y[0] == ranking.true_positive_rate[at]
    assert plot_precision_recall(ranking, 4, threshold).data[2].x[0] == ranking.true_positive_rate[at]


def test_thresholds_beyond_the_scores_accept_all_or_nothing():
    _, _, ranking = make_ranking(2.0)
    assert find_point(ranking, 0.0) == len(ranking.threshold) - 1
    assert find_point(ranking, 1.0) == 0
    # At a score itself, what has it is accepted.
    assert find_point(ranking, ranking.threshold[7]) == 7


def test_the_axes_of_a_good_classifier_begin_near_its_corner_and_of_a_poor_one_at_0():
    _, _, good = make_ranking(3.5)
    _, _, poor = make_ranking(0.0)
    for plot in (plot_roc, plot_precision_recall):
        assert plot(good, 4).layout.yaxis.range[0] > 0.3
        assert plot(poor, 4).layout.yaxis.range[0] == 0
    assert "fours" in alt_of(plot_roc(good, 4))
    assert f"area {good.roc_area:.5f}." in alt_of(plot_roc(good, 4))
    assert f"average precision {good.average_precision:.5f}." in alt_of(plot_precision_recall(good, 4))


def test_a_perfect_classifier():
    is_class = np.arange(50) < 10
    ranking = compute_ranking(is_class.astype(np.float64), is_class)
    assert plot_roc(ranking, 0).layout.yaxis.range[0] == pytest.approx(0.995)
    assert "100 % found without a false alarm, area 1.00000." in alt_of(plot_roc(ranking, 0))
    assert "both at least 100 % at one threshold" in alt_of(plot_precision_recall(ranking, 0))


def test_an_untrained_network_gives_all_the_same():
    ranking = compute_ranking(np.full(50, 0.1), np.arange(50) % 10 == 3)
    for figure in (plot_roc(ranking, 3, 0.1), plot_precision_recall(ranking, 3, 0.1)):
        assert len(figure.data[1].x) == 1
        assert "nan" not in alt_of(figure)


@pytest.mark.parametrize("is_class", [np.zeros(5, bool), np.zeros(0, bool)])
def test_a_class_that_does_not_occur_has_no_curve(is_class):
    ranking = compute_ranking(np.linspace(0, 1, len(is_class)), is_class)
    for plot in (plot_roc, plot_precision_recall):
        assert alt_of(plot(ranking, 3)).endswith("nothing to show yet.")
