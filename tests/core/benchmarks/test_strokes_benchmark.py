import numpy as np
import pytest

from core.benchmarks.latency import summarize_times
from core.benchmarks.strokes import StrokeTime, list_drawings
from core.data.hands import SIDE_PX


@pytest.mark.parametrize("strokes", [1, 30, 100])
def test_it_draws_exactly_so_many_strokes(strokes):
    drawings = list_drawings(strokes)
    assert sum(len(drawing) for drawing in drawings) == strokes
    assert all(drawings)


def test_a_hundred_strokes_are_all_different_and_lie_on_the_sheet():
    strokes = [stroke for drawing in list_drawings(100) for stroke in drawing]
    assert len({stroke.tobytes() for stroke in strokes}) == 100
    points = np.concatenate(strokes)
    assert points.min() > 0
    assert points.max() < SIDE_PX


def test_the_figures_are_of_all_strokes():
    times = [StrokeTime(100.0 + k, 10.0, 60.0 + k, 17.0, 25.0, k % 2) for k in range(101)]
    figures = summarize_times(times)
    assert figures["stroke_to_answer_ms_p50"] == 150
    assert figures["stroke_to_answer_ms_p95"] == 195
    assert figures["stroke_to_answer_ms_max"] == 200
    assert figures["until_received_ms_p50"] == 110
    assert figures["answers_while_drawing_mean"] == 0.5
