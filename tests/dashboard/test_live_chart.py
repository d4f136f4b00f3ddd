import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ShapeError
from dashboard.live_chart import Series, compute_smoothed, compute_thinned, render_live_chart


def test_smoothing_is_the_average_corrected_for_its_start():
    y = np.array([2.0, 4.0, 8.0])
    mean, expected = 0.0, []
    for step, value in enumerate(y, start=1):
        mean = 0.9 * mean + 0.1 * value
        expected.append(mean / (1 - 0.9**step))
    assert compute_smoothed(y, 0.9) == pytest.approx(expected)


def test_smoothing_passes_over_gaps_and_leaves_them():
    smooth = compute_smoothed(np.array([1.0, np.nan, 3.0]), 0.5)
    assert np.isnan(smooth[1])
    assert smooth[[0, 2]] == pytest.approx([1.0, (0.25 * 1 + 0.5 * 3) / 0.75])


@pytest.mark.parametrize("n", [0, 1, 1999, 2000])
def test_few_points_are_all_kept(n):
    assert compute_thinned(np.zeros(n)).tolist() == list(range(n))


@pytest.mark.parametrize("n", [2001, 3999, 50_000, 123_457])
def test_many_points_are_thinned_but_spikes_and_ends_stay(n):
    y = np.random.default_rng(0).normal(size=n)
    y[n // 3], y[n // 2] = 50.0, -50.0
    kept = compute_thinned(y)
    assert len(kept) <= 2000
    assert (np.diff(kept) > 0).all()
    assert {0, n // 3, n // 2, n - 1} <= set(kept.tolist())


def test_thinning_finds_spikes_beside_gaps():
    y = np.full(10_000, np.nan)
    y[::7] = 0.0
    y[7 * 500] = 9.0
    kept = compute_thinned(y)
    assert 7 * 500 in kept
    assert len(kept) <= 2000


def test_a_line_needs_as_many_x_as_y():
    with pytest.raises(ShapeError, match="'loss' has 2 x and 1 y"):
        render_live_chart([Series("loss", [1, 2], [0.5])], key="chart", alt="loss")


def build_chart_app() -> None:
    from dashboard.live_chart import Series, render_live_chart

    render_live_chart(
        [Series("loss", [1, 2, 3], [0.5, None, float("inf")]), Series("none yet", [], [])],
        key="chart",
        alt="Loss of a run",
        smoothing=0.9,
    )


def test_gaps_infinities_and_empty_lines_can_be_drawn():
    assert not AppTest.from_function(build_chart_app).run().exception
