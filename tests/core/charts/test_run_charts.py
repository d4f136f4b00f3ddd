"""Means and spreads by hand, and charts of several runs that hold and say what they were given."""

import json
import statistics

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from core.charts.runs import (
    ParallelAxis,
    Spread,
    compute_spread,
    compute_stretch_means,
    plot_band,
    plot_learning_curves,
    plot_parallel,
)
from core.errors import ShapeError

BAND = Spread("mlp (n = 3)", [1.0, 2.0], [0.9, 0.95], [0.02, 0.01], [3, 3])
SIZES = Spread("sprint", [500, 55_000], [0.91, 0.99], [0.01, 0.0], [3, 1])


def alt_of(figure):
    return figure.layout.meta["alt"]


def test_a_spread_is_the_mean_and_the_sample_deviation_where_all_curves_have_a_value():
    x, mean, sd = compute_spread([([1, 2, 3], [0.5, 0.7, 0.8]), ([1, 2, 4], [0.7, 0.8, 0.9]), ([1, 2], [0.9, None])])
    assert_array_equal(x, [1])
    assert_allclose(mean, [0.7])
    assert_allclose(sd, [statistics.stdev([0.5, 0.7, 0.9])])


def test_one_curve_has_no_spread_and_none_has_no_points():
    x, mean, sd = compute_spread([([1, 2], [0.5, 0.7])])
    assert (x.tolist(), mean.tolist(), sd.tolist()) == ([1, 2], [0.5, 0.7], [0, 0])
    assert [values.size for values in compute_spread([])] == [0, 0, 0]
    assert [values.size for values in compute_spread([([1], [0.5]), ([2], [0.5])])] == [0, 0, 0]


def test_a_stretch_is_averaged_at_its_end():
    ends, means = compute_stretch_means([1, 2, 3, 4, 5, 9], [1.0, 3.0, 5.0, None, 7.0, 8.0], width=2)
    assert_allclose(ends, [2, 4, 6, 10])
    assert_allclose(means, [2.0, 5.0, 7.0, 8.0])


def test_a_stretch_of_broken_width_ends_at_its_last_step():
    ends, means = compute_stretch_means([11, 22, 33], [1.0, 2.0, 3.0], width=1.1)
    assert_allclose(ends, [11, 22, 33])
    assert_allclose(means, [1.0, 2.0, 3.0])


def test_a_band_reaches_one_deviation_to_either_side():
    figure = plot_band([BAND], "Epoch", "Validation accuracy", ".2%")
    area, line = figure.data
    assert area.fill == "toself"
    assert_allclose(area.x, [1, 2, 2, 1])
    assert_allclose(area.y, [0.92, 0.96, 0.94, 0.88])
    assert_allclose(line.y, BAND.mean)
    assert_allclose(line.customdata, [[0.02, 3], [0.01, 3]])
    assert "mlp (n = 3) (3 runs) from 90.00% to 95.00% ± 1.00%" in alt_of(figure)


def test_a_band_on_a_logarithmic_axis_stays_above_zero():
    band = Spread("a", [1, 2], [0.1, 0.01], [0.2, 0.02], [2, 2])
    figure = plot_band([band], "Epoch", "Loss", log_y=True)
    assert figure.layout.yaxis.type == "log"
    assert_allclose(figure.data[0].y, [0.3, 0.03, 0.005, 0.005])


def test_a_single_run_has_a_line_without_a_band_and_a_single_epoch_a_bar():
    [line] = plot_band([Spread("a", [1, 2], [0.1, 0.2], [0, 0], [1, 1])], "Epoch", "Loss").data
    assert line.error_y.array is None
    [point] = plot_band([Spread("a", [1], [0.1], [0.02], [3])], "Epoch", "Loss").data
    assert_allclose(point.error_y.array, [0.02])


def test_a_learning_curve_has_a_log_axis_with_its_own_sizes_and_bars_where_there_are_seeds():
    figure = plot_learning_curves([SIZES])
    [line] = figure.data
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.ticktext == ("500", "55,000")
    assert_allclose(line.error_y.array, [0.01, np.nan])
    assert "n = %{customdata[1]}" in line.hovertemplate
    assert "sprint from 91.00% with 500 digits to 99.00% with 55,000" in alt_of(figure)


def test_parallel_axes_keep_numbers_to_scale_and_make_ticks_of_words():
    accuracy = [0.9, 0.95, 0.99]
    axes = [
        ParallelAxis("Schedule", ["cosine", "constant", "cosine"], choices=("constant", "step", "cosine")),
        ParallelAxis("Learning rate", [0.1, 0.01, 0.1]),
        ParallelAxis("Train size", [None, 500, 2000]),
        ParallelAxis("Nesterov", [True, False, True]),
        ParallelAxis("Seconds", [1234.5, 1234.5, 1234.5], tick_format=",.1f"),
        ParallelAxis("Test accuracy", accuracy, tick_format=".2%"),
    ]
    figure = plot_parallel(axes, accuracy, "test accuracy")
    schedule, rate, size, nesterov, seconds, result = figure.data[0].dimensions
    assert (schedule.ticktext, list(schedule.values)) == (("constant", "cosine"), [1, 0, 1])
    assert (rate.ticktext, list(rate.values)) == (None, [0.1, 0.01, 0.1])
    assert (size.ticktext, list(size.values)) == (("500", "2000", "default"), [2, 0, 1])
    assert (nesterov.ticktext, list(nesterov.values)) == (("no", "yes"), [1, 0, 1])
    assert (seconds.ticktext, list(seconds.range)) == (("1,234.5",), [-0.5, 0.5])
    assert (result.tickformat, list(figure.data[0].line.color)) == (".2%", accuracy)
    assert "3 runs" in alt_of(figure)
    assert "Learning rate" in alt_of(figure)


def test_nothing_to_show_is_said():
    empty = Spread("a", [], [], [], [])
    for figure in (
        plot_band([], "Epoch", "Loss"),
        plot_band([empty], "Epoch", "Loss"),
        plot_learning_curves([empty]),
        plot_parallel([], [], "test accuracy"),
    ):
        assert "nothing to show yet" in alt_of(figure)
        assert "Nothing to show yet" in json.dumps(figure.to_plotly_json()["layout"], default=str)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="a line"):
        plot_band([Spread("a line", [1, 2], [0.1], [0.0], [1])], "Epoch", "Loss")
    with pytest.raises(ShapeError, match="Seed"):
        plot_parallel([ParallelAxis("Seed", [1])], [0.9, 0.8], "test accuracy")
    with pytest.raises(ShapeError):
        compute_spread([([1, 2], [0.5])])
