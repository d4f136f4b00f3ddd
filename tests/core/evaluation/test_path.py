import numpy as np
import pytest

from core.benchmarks.strings import compute_edit_distance
from core.data.candidates import Candidate, Line
from core.data.ink import prepare_digit
from core.evaluation.path import GAP_COST, compute_scores, find_best_path


def candidate(start, stop, gap=0.0, height=1.0):
    return Candidate(start, stop, prepare_digit(np.ones((4, 4), np.float32)), height, 0.6, gap)


def test_the_best_way_is_found():
    line = Line(3, [candidate(0, 1), candidate(1, 2), candidate(0, 2)])
    assert find_best_path(line, np.log([0.9, 0.8, 0.3])) == [0, 1]
    assert find_best_path(line, np.log([0.5, 0.5, 0.3])) == [2]


def test_a_gap_costs_by_its_width():
    scores = compute_scores(
        [candidate(0, 1), candidate(0, 1, gap=0.5)], np.ones(2, np.float32), np.full((2, 10), 0.1, np.float32)
    )
    assert scores[0] - scores[1] == pytest.approx(0.5 * GAP_COST)


def test_edit_distance():
    assert compute_edit_distance("12345", "12345") == 0
    assert compute_edit_distance("1234", "12345") == 1
    assert compute_edit_distance("", "12") == 2
    assert compute_edit_distance("13245", "12345") == 2
