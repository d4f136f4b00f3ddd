import numpy as np
import pytest

from core.data.ink import prepare_digit
from core.evaluation.gate import CUT_WEIGHT, NEIGHBOUR_WEIGHT, choose_weights, heed_gate
from core.reading.candidates import Candidate


def share(votes: dict[int, float], n: int) -> np.ndarray:
    probabilities = np.full((1, n), 1e-6, np.float32)
    for label, value in votes.items():
        probabilities[0, label] = value
    return probabilities


def test_the_gate_has_a_say_in_the_digits_of_a_number():
    classifier = np.concatenate(3 * [share({1: 0.4, 7: 0.6}, 10)])
    gate = np.concatenate(3 * [share({1: 0.9, 7: 0.1}, 11)])
    weights = choose_weights(np.array([True, False, False]), np.array([True, False, True]))
    assert weights.tolist() == [CUT_WEIGHT, NEIGHBOUR_WEIGHT, 0]
    cut, apart, alone = heed_gate(classifier, gate, weights)
    for heeded, weight in ((cut, CUT_WEIGHT), (apart, NEIGHBOUR_WEIGHT)):
        one, seven = 0.4 * 0.9**weight, 0.6 * 0.1**weight
        assert heeded[1] == pytest.approx(one / (one + seven), rel=1e-4)
        assert heeded.sum() == pytest.approx(1, rel=1e-5)
    assert (alone == classifier[2]).all()


def test_the_gate_does_not_overrule_a_sure_classifier():
    [heeded] = heed_gate(share({7: 0.99999}, 10), share({1: 0.9, 7: 0.1}, 11), np.array([CUT_WEIGHT]))
    assert heeded.argmax() == 7


def test_a_digit_is_cut_where_other_ink_touches_it():
    ink = np.zeros((20, 20), np.float32)
    ink[:, 8:12] = 1
    preparation = prepare_digit(ink)
    right = np.flatnonzero(preparation.image.any(axis=0))[-1]
    beside, apart = np.zeros((2, 28, 28), np.uint8)
    beside[10:14, right + 1] = 255
    apart[10:14, right + 3] = 255
    assert Candidate(0, 1, preparation, beside).is_cut
    assert not Candidate(0, 1, preparation, apart).is_cut
