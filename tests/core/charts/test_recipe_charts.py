"""Recipe charts: marks where the figures are, the frontier by hand, and descriptions in words."""

import numpy as np
import pytest

from core.charts.nines import stretch
from core.charts.recipes import RecipePoint, compute_frontier, plot_claims, plot_frontier

SMALL = RecipePoint(0, "small", 0.97, (0.96, 0.98), cost=1_000)
LARGE = RecipePoint(3, "large", None, (0.995,), is_improved=True, cost=1_000_000)
ONLY_CLAIMED = RecipePoint(5, "claimed", 0.99, ())
UNKNOWN = RecipePoint(7, "unknown", None, ())


def find_trace(figure, name):
    [trace] = [trace for trace in figure.data if trace.name == name]
    return trace


def test_means_and_spreads_by_hand():
    assert SMALL.mean == pytest.approx(0.97)
    assert SMALL.sd == pytest.approx(np.sqrt(0.0002))
    assert (SMALL.words, LARGE.words) == ("97.00 % ± 1.41, n = 2", "99.50 %, n = 1")
    assert LARGE.sd == 0


def test_claims_seeds_and_means_lie_on_the_stretched_axis():
    figure = plot_claims([SMALL, LARGE, ONLY_CLAIMED, UNKNOWN])
    claimed, measured = find_trace(figure, "claimed"), find_trace(figure, "measured: mean ± sd")
    assert list(claimed.y) == ["small", "claimed"]
    assert claimed.x == pytest.approx(stretch(np.array([0.97, 0.99])))
    assert [row[0] for row in claimed.customdata] == [0, 5]
    assert measured.x == pytest.approx(stretch(np.array([0.97, 0.995])))
    assert [row[0] for row in measured.customdata] == [0, 3]
    assert find_trace(figure, "each seed").x == pytest.approx(stretch(np.array([0.96, 0.98, 0.995])))
    low, high = 0.97 - SMALL.sd, 0.97 + SMALL.sd
    middle = stretch(np.array(0.97))
    assert measured.error_x.array[0] == pytest.approx(stretch(np.array(high)) - middle)
    assert measured.error_x.arrayminus[0] == pytest.approx(middle - stretch(np.array(low)))
    assert np.isnan(measured.error_x.array[1]), "one seed has no spread"
    assert list(figure.layout.yaxis.categoryarray) == ["claimed", "large", "small"]
    ticks = dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))
    assert ticks["99"] == pytest.approx(2)
    assert figure.layout.meta["alt"] == (
        "Dot plot of claimed and measured test accuracy: small claimed 97.00 %, measured 97.00 % ± 1.41, n = 2; "
        "large measured 99.50 %, n = 1; claimed claimed 99.00 %."
    )


def test_without_any_figure_a_chart_says_so():
    for figure in (plot_claims([UNKNOWN]), plot_frontier([ONLY_CLAIMED], "Parameters")):
        assert "nothing to show yet" in figure.layout.meta["alt"]
        assert not figure.data


def test_claims_alone_make_a_chart():
    figure = plot_claims([ONLY_CLAIMED])
    assert [trace.name for trace in figure.data] == ["claimed"]


def test_the_frontier_by_hand():
    # Dearer and worse (2), as dear and worse (3), as good and dearer (4) are beaten.
    costs, accuracies = [10, 1, 20, 1, 30, 40], [0.98, 0.95, 0.97, 0.90, 0.98, 0.99]
    assert compute_frontier(costs, accuracies) == [1, 0, 5]
    assert compute_frontier([], []) == []


def test_frontier_marks_stand_at_their_cost():
    beaten = RecipePoint(4, "beaten", None, (0.96,), cost=10_000)
    figure = plot_frontier([SMALL, beaten, LARGE, UNKNOWN], "Parameters")
    line, plain, improved = figure.data
    assert list(line.x) == [1_000, 1_000_000]
    assert list(plain.x) == [1_000, 10_000]
    # What is beaten is named under the pointer alone.
    names = {one.text: (one.x, one.y) for one in figure.layout.annotations}
    assert names == {"small": (3, plain.y[0]), "large": (6, improved.y[0])}
    crowd = [RecipePoint(10 + k, f"near {k}", None, (0.991 + k / 10_000,), cost=900_000 + k) for k in range(3)]
    crowded = plot_frontier([SMALL, *crowd, LARGE], "Parameters")
    assert [one.text for one in crowded.layout.annotations] == ["large", "small"]
    assert crowded.layout.meta["alt"].endswith("small, near 0, near 1, near 2, large.")
    assert [row[2] for row in plain.customdata] == ["small", "beaten"]
    assert improved.y == pytest.approx(stretch(np.array([0.995])))
    assert [row[0] for trace in (plain, improved) for row in trace.customdata] == [0, 4, 3]
    assert figure.layout.meta["alt"].endswith("Beaten by none at their cost: small, large.")
    low, high = figure.layout.xaxis.range
    assert low < 3 < 6 < high


def test_a_single_mark_has_ticks_around_it():
    figure = plot_frontier([LARGE], "Parameters")
    assert len(figure.layout.yaxis.tickvals) >= 2
    assert figure.layout.xaxis.range[1] - figure.layout.xaxis.range[0] == pytest.approx(1)


def test_a_mean_of_all_right_has_a_place():
    figure = plot_claims([RecipePoint(0, "perfect", 1.0, (1.0, 1.0))])
    assert np.isfinite(find_trace(figure, "claimed").x).all()
