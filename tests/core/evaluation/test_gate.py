import numpy as np
import pytest

from core.data.ink import prepare_digit
from core.evaluation.gate import DIGIT_FROM, GATE_WEIGHT, heed_gate, tell_digits
from core.reading.candidates import Candidate


def share(votes: dict[int, float], n: int) -> np.ndarray:
    probabilities = np.full((1, n), 1e-6, np.float32)
    for label, value in votes.items():
        probabilities[0, label] = value
    return probabilities


def test_the_gate_has_a_say_in_the_digits_of_a_number():
    [heeded] = heed_gate(share({1: 0.4, 7: 0.6}, 10), share({1: 0.9, 7: 0.1}, 11))
    one, seven = 0.4 * 0.9**GATE_WEIGHT, 0.6 * 0.1**GATE_WEIGHT
    assert heeded[1] == pytest.approx(one / (one + seven), rel=1e-4)
    assert heeded.sum() == pytest.approx(1, rel=1e-5)


def test_the_gate_does_not_overrule_a_sure_classifier():
    [heeded] = heed_gate(share({7: 0.99999}, 10), share({1: 0.9, 7: 0.1}, 11))
    assert heeded.argmax() == 7


def test_what_may_be_a_digit_is_one_beside_clear_digits_alone():
    doubtful, clear, none = (share({7: sure, 10: 1 - sure}, 11) for sure in (0.05, 0.9, 0.001))
    for line, told in [
        ([doubtful], [False]),
        ([clear, doubtful], [True, False]),
        ([clear, doubtful, clear, none], [True, True, True, False]),
        ([doubtful, doubtful, doubtful], [False, False, False]),
    ]:
        classifier = np.concatenate(len(line) * [share({7: 0.9}, 10)])
        assert tell_digits(np.concatenate(line), classifier).tolist() == told


def test_what_the_gate_doubts_is_a_digit_only_if_the_classifier_names_the_same():
    clear, doubtful = share({4: 0.9, 10: 0.1}, 11), share({7: 0.05, 10: 0.95}, 11)
    line = np.concatenate([clear, clear, doubtful])
    for said, told in ((7, True), (1, False)):
        classifier = np.concatenate([share({1: 0.99}, 10), share({4: 0.99}, 10), share({said: 0.99}, 10)])
        # A clear one stays a digit, whatever the classifier makes of it: that would hide its mistakes.
        assert tell_digits(line, classifier).tolist() == [True, True, told]
    assert 1 - doubtful[0, 10] < DIGIT_FROM


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
