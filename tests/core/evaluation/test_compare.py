"""Two runs on the same digits: counts by hand, the test and the interval against scipy and simulation."""

import numpy as np
import pytest
from scipy.stats import binomtest

from core.errors import ShapeError
from core.evaluation.compare import Comparison, compare, confusion_difference, count_answers, describe
from core.evaluation.predictions import Predictions


def answer(predictions, labels):
    """Return sure answers."""
    return Predictions(np.eye(10, dtype=np.float32)[predictions], np.asarray(labels))


LABELS = [0, 1, 2, 3, 4, 4]
FIRST = answer([0, 1, 2, 9, 9, 9], LABELS)
SECOND = answer([0, 7, 7, 3, 9, 8], LABELS)


def test_counts_by_hand():
    found = compare(FIRST, SECOND)
    assert (found.both_right, found.only_first, found.only_second, found.both_wrong) == (1, 2, 1, 2)
    assert (found.differ, found.total) == (4, 6)
    assert (found.errors_first, found.errors_second) == (3, 4)
    assert found.difference == pytest.approx(1 / 6)


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (3, 1), (20, 5), (12, 18), (0, 9)])
def test_the_p_value_is_scipys(only_first, only_second):
    n = only_first + only_second
    right = np.concatenate([np.ones(only_first), np.zeros(only_second), np.ones(50)]).astype(int)
    other = np.concatenate([np.zeros(only_first), np.ones(only_second), np.ones(50)]).astype(int)
    labels = np.ones(n + 50, int)
    expected = binomtest(only_first, n).pvalue if n else 1.0
    assert compare(answer(right, labels), answer(other, labels)).p_value == pytest.approx(expected)


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    shares = np.array([0.9, 0.05, 0.03, 0.02])
    covered = 0
    for counts in rng.multinomial(500, shares, 2000):
        low, high = Comparison(*counts.tolist(), differ=0, p_value=1.0).compute_interval()
        covered += low <= 0.05 - 0.03 <= high
    # With 2,000 trials the share wavers by about 0.005 around what it is.
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)
    assert Comparison(0, 0, 0, 0, 0, 1.0).compute_interval() == (-1.0, 1.0)


def test_matrices_by_hand():
    difference = confusion_difference(FIRST, SECOND)
    assert difference[4, 9] == 1
    assert difference[4, 8] == -1
    assert difference[3, 3] == -1
    assert difference.sum() == 0
    pairs = count_answers(FIRST, SECOND)
    assert (pairs[1, 7], pairs[9, 9], pairs[9, 8], pairs.sum()) == (1, 1, 1, 6)


def test_runs_on_different_digits_are_not_compared():
    for function in (compare, confusion_difference, count_answers):
        with pytest.raises(ShapeError, match="different digits"):
            function(FIRST, answer([0, 1], [0, 1]))


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((9930, 33, 27, 10), "A makes 37 errors, B 43: could easily be chance, p = 0.52."),
        ((9900, 10, 60, 30), "A makes 90 errors, B 40: B is better, and chance is an unlikely reason, p < 0.0001."),
        ((9990, 5, 5, 0), "A makes 5 errors, B 5: no difference in number, though on different digits (p = 1)."),
        ((9999, 0, 0, 1), "A makes 1 error, B 1: they are right and wrong about the very same digits."),
    ],
)
def test_the_words_say_who_is_better_and_whether_it_means_anything(counts, sentence):
    both_right, only_first, only_second, both_wrong = counts
    n = only_first + only_second
    p_value = binomtest(only_first, n).pvalue if n else 1.0
    comparison = Comparison(both_right, only_first, only_second, both_wrong, n, p_value)
    assert describe(comparison, "A", "B") == sentence
