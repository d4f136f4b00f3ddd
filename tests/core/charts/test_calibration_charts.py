"""Charts of confidence say what core counted, bin by bin, on an axis that tells 99.9 from 99.99."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from core.charts.calibration import compute_intervals, judge_bins, plot_rejection, plot_reliability
from core.charts.nines import build_axis, find_top, format_nines, stretch
from core.evaluation.calibration import Rejection, Reliability, compute_rejection, compute_reliability
from core.evaluation.metrics import wilson_interval
from core.evaluation.predictions import Predictions


def make_answers(n=2000, seed=0):
    """Answers of which most are sure, and about as often right as they say."""
    rng = np.random.default_rng(seed)
    confidence = 1 - 10 ** -rng.uniform(0.3, 6, n)
    labels = rng.integers(0, 10, n)
    read = np.where(rng.random(n) < confidence, labels, (labels + 1) % 10)
    probabilities = np.repeat((1 - confidence)[:, None] / 9, 10, axis=1)
    probabilities[np.arange(n), read] = confidence
    return Predictions(probabilities.astype(np.float32), labels)


def make_constant(n=50):
    return Predictions(np.full((n, 10), 0.1, np.float32), np.arange(n) % 10)


def alt_of(figure):
    return figure.layout.meta["alt"]


def test_each_nine_takes_equal_room():
    assert_allclose(stretch(np.array([0, 0.9, 0.99, 0.999, 1]), top=5), [0, 1, 2, 3, 5], atol=1e-12)


@pytest.mark.parametrize(
    ("shares", "top"), [([0.5], 2), ([0.995, 1.0], 3), ([1.0], 2), ([1 - 6e-8], 8), ([1 - 2e-6], 6)]
)
def test_the_axis_ends_beyond_the_surest_answer_that_is_not_certain(shares, top):
    assert find_top(np.array(shares)) == top
    axis = build_axis(top)
    assert axis["ticktext"][-1] == "100"
    assert len(axis["tickvals"]) == len(axis["ticktext"])
    assert axis["tickvals"] == sorted(axis["tickvals"])


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.00 %"),
        (0.5, "50.00 %"),
        (0.9987, "99.87 %"),
        (0.99987, "99.987 %"),
        (0.999987, "99.9987 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_written_with_the_decimals_it_needs(share, text):
    assert format_nines(share) == text


def test_no_confidence_below_one_is_written_as_100():
    surest = float(np.nextafter(np.float32(1), np.float32(0)))
    assert format_nines(surest) == "99.9999940 %"


@pytest.mark.parametrize("equal_mass", [True, False])
def test_reliability_draws_every_bin_where_it_belongs(equal_mass):
    reliability = compute_reliability(make_answers(), 15, equal_mass)
    figure = plot_reliability(reliability, stretched=equal_mass)
    line, marks, bars = figure.data
    top = find_top(np.append(reliability.high, reliability.confidence)) if equal_mass else 1
    assert list(line.x) == list(line.y) == [0, top]

    def place(shares):
        return stretch(shares, top) if equal_mass else shares

    assert_allclose(marks.x, place(reliability.confidence))
    assert_allclose(marks.y, place(reliability.accuracy))
    intervals = [
        wilson_interval(k, n) for k, n in zip(reliability.right.tolist(), reliability.count.tolist(), strict=True)
    ]
    assert_allclose(marks.y - marks.error_y.arrayminus, place(np.array(intervals)[:, 0]))
    assert_allclose(marks.y + marks.error_y.array, place(np.array(intervals)[:, 1]))
    assert_array_equal(bars.y, reliability.count)
    assert [row[0] for row in marks.customdata] == [row[0] for row in bars.customdata] == list(range(len(bars.y)))
    assert marks.customdata[0][1] == f"{reliability.count[0]:,}"
    assert f"of 2,000 answers in {len(bars.y)} bins" in alt_of(figure)


def test_bins_are_judged_by_the_interval_and_told_apart_without_colour():
    reliability = Reliability(
        low=np.array([0.5, 0.8, 0.9]),
        high=np.array([0.7, 0.85, 0.95]),
        count=np.array([100, 100, 100]),
        right=np.array([90, 83, 70]),
        confidence=np.array([0.6, 0.82, 0.92]),
    )
    assert judge_bins(reliability) == ["not sure enough", "as sure as right", "too sure"]
    figure = plot_reliability(reliability)
    assert len(set(figure.data[1].marker.symbol)) == len(set(figure.data[1].marker.color)) == 3
    assert "1 as sure as right, 1 too sure, 1 not sure enough; mean distance" in alt_of(figure)


def test_a_bin_that_is_certain_and_right_is_as_sure_as_right():
    sure = Reliability(*(np.array([value]) for value in (1.0, 1.0, 1141, 1141, 1.0)))
    assert judge_bins(sure) == ["as sure as right"]
    assert_array_equal(compute_intervals(sure)[0, 1], 1.0)
    assert np.isfinite(plot_reliability(sure).data[1].y).all()


@pytest.mark.parametrize("stretched", [True, False])
@pytest.mark.parametrize("right", [True, False])
def test_an_untrained_network_and_one_that_is_always_wrong_can_be_drawn(stretched, right):
    answers = make_constant()
    if not right:
        answers = Predictions(answers.probabilities, np.ones_like(answers.labels))
    figure = plot_reliability(compute_reliability(answers), stretched=stretched)
    assert len(figure.data[1].x) == 1
    for trace in figure.data:
        assert np.isfinite(np.asarray(trace.x, dtype=float)).all()
        assert np.isfinite(np.asarray(trace.y, dtype=float)).all()
    curve = plot_rejection(compute_rejection(answers), 0.1)
    assert curve.data[0].y[0] == (0.1 if right else 0.0)
    assert curve.layout.yaxis.range[0] < curve.layout.yaxis.range[1]


def test_nothing_to_bin_says_so():
    none = np.zeros(0)
    counts = np.zeros(0, np.int64)
    assert alt_of(plot_reliability(Reliability(none, none, counts, counts, none))).endswith("nothing to show yet.")
    assert alt_of(plot_rejection(Rejection(none, counts, counts, counts))).endswith("nothing to show yet.")


def test_rejection_draws_the_counts_and_marks_the_threshold():
    answers = make_answers(300)
    rejection = compute_rejection(answers)
    figure = plot_rejection(rejection, rejection.threshold[10])
    curve, mark = figure.data
    assert_allclose(curve.x, rejection.rejected / 300)
    assert_allclose(curve.y, rejection.right / rejection.kept)
    assert [row[1] for row in curve.customdata] == rejection.threshold.tolist()
    assert (mark.x[0], mark.y[0]) == (curve.x[10], curve.y[10])
    assert f"with {100 * rejection.rejected[10] / 300:.2f} % rejected." in alt_of(figure)
    assert len(plot_rejection(rejection).data) == 1


def test_the_rejection_axis_ends_soon_after_nothing_more_is_gained():
    right = np.ones(1000, bool)
    right[:5] = False
    threshold = np.linspace(0.4, 1, 1000)
    order = np.arange(1000)
    rejection = Rejection(threshold, order, 1000 - order, right.sum() - np.maximum(0, order - 5))
    low, high = plot_rejection(rejection).layout.xaxis.range
    assert low < 0 < 0.005 < high < 0.01
