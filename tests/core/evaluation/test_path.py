import numpy as np
import pytest

from core.benchmarks.strings import compute_edit_distance
from core.data.ink import prepare_digit
from core.evaluation.path import DIGIT_COST, compute_cut_costs, compute_scores, find_best_path
from core.reading.candidates import Candidate


def candidate(start, stop):
    return Candidate(start, stop, prepare_digit(np.ones((4, 4), np.float32)), np.zeros((28, 28), np.uint8))


def test_the_best_way_is_found():
    candidates = [candidate(0, 1), candidate(1, 2), candidate(0, 2)]
    assert find_best_path(candidates, np.log([0.9, 0.8, 0.3])) == [0, 1]
    assert find_best_path(candidates, np.log([0.5, 0.5, 0.3])) == [2]


def test_a_score_is_the_logarithm_of_both_probabilities_less_what_a_digit_costs():
    probabilities = np.full((2, 10), 0.05, np.float32)
    probabilities[:, 3] = 0.55
    scores = compute_scores(np.array([1.0, 0.5], np.float32), probabilities)
    assert scores == pytest.approx(np.log([0.55, 0.275]) - DIGIT_COST)


def test_a_cut_costs_what_the_whole_promises():
    candidates = [candidate(0, 1), candidate(1, 2), candidate(0, 2), candidate(0, 2), candidate(0, 3), candidate(2, 3)]
    is_cut = np.array([True, True, False, False, False, False])
    costs = compute_cut_costs(candidates, is_cut, np.array([0.99, 0.99, 0.6, 0.75, 0.9, 0.9]))
    # The stroke from 0 to 2, its gaps closed, and not what it makes with the next one, which nothing touches.
    assert costs == pytest.approx([np.log(0.25), 0, 0, 0, 0, 0])
    assert compute_cut_costs(candidates[:3], is_cut[:3], np.array([1.0, 1.0, 1.0]))[0] == pytest.approx(np.log(1e-6))
    assert not compute_cut_costs(candidates, ~is_cut, np.ones(6)).any()


def test_edit_distance():
    assert compute_edit_distance("12345", "12345") == 0
    assert compute_edit_distance("1234", "12345") == 1
    assert compute_edit_distance("", "12") == 2
    assert compute_edit_distance("13245", "12345") == 2
