"""Choosing digits: masks by hand, and addresses that read back as what was written."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from core.errors import ShapeError
from core.evaluation.predictions import Predictions
from core.evaluation.select import (
    FILTER_NAMES,
    VERSUS_WORDS,
    DigitFilter,
    compute_mask,
    describe_parts,
    find_digits,
    parse_filter,
    write_filter,
)


def answer(rows, labels):
    """Return answers that give a probability to one digit and the rest to the others."""
    probabilities = np.zeros((len(rows), 10), np.float32)
    for row, (digit, probability) in zip(probabilities, rows, strict=True):
        row[:] = (1 - probability) / 9
        row[digit] = probability
    return Predictions(probabilities, np.array(labels))


FIRST = answer([(4, 0.9), (9, 0.8), (9, 0.6), (9, 0.99), (1, 0.7)], [4, 4, 4, 9, 1])
SECOND = answer([(4, 0.9), (4, 0.8), (7, 0.6), (4, 0.9), (1, 0.7)], [4, 4, 4, 9, 1])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (DigitFilter(), [0, 1, 2, 3, 4]),
        (DigitFilter(true=4), [0, 1, 2]),
        (DigitFilter(not_true=4), [3, 4]),
        (DigitFilter(predicted=9), [1, 2, 3]),
        (DigitFilter(true=4, predicted=9), [1, 2]),
        (DigitFilter(right=True), [0, 3, 4]),
        (DigitFilter(right=False), [1, 2]),
        (DigitFilter(sure=(0.71, 0.85)), [1]),
        (DigitFilter(sure=(float(np.float32(0.7)), float(np.float32(0.9)))), [0, 1, 4]),
        (DigitFilter(given=(9, 0.5, 0.9)), [1, 2]),
        (DigitFilter(given=(4, 0.0, 0.05)), [1, 2, 3, 4]),
        (DigitFilter(versus="only-first"), [3]),
        (DigitFilter(versus="only-second"), [1]),
        (DigitFilter(versus="both-right"), [0, 4]),
        (DigitFilter(versus="both-wrong"), [2]),
        (DigitFilter(versus="differ"), [1, 2, 3]),
        (DigitFilter(second_reads=4, predicted=9), [1, 3]),
        (DigitFilter(true=4, right=True, predicted=9), []),
    ],
)
def test_masks_by_hand(wanted, expected):
    assert_array_equal(np.flatnonzero(compute_mask(FIRST, wanted, SECOND)), expected)
    assert wanted.needs_second == (wanted.versus is not None or wanted.second_reads is not None)


def test_the_hardest_come_first():
    assert_array_equal(find_digits(FIRST, DigitFilter(true=4)), [1, 2, 0])
    assert_array_equal(find_digits(FIRST, DigitFilter(right=False), by="confidence"), [1, 2])


def test_without_a_second_run_what_is_asked_of_it_is_passed_over():
    assert compute_mask(FIRST, DigitFilter(versus="only-first")).all()
    with pytest.raises(ShapeError, match="different digits"):
        compute_mask(FIRST, DigitFilter(versus="differ"), answer([(4, 0.9)], [4]))


def test_an_address_reads_back_as_what_was_written():
    third = float(np.float32(1) / 3)
    choices = {
        "true": (None, 4),
        "predicted": (None, 0),
        "not_true": (None, 7),
        "second_reads": (None, 9),
        "right": (None, True, False),
        "sure": (None, (third, 1.0), (1e-38, 5e-05)),
        "given": (None, (4, 0.0, third)),
        "versus": (None, *VERSUS_WORDS),
    }
    for values in itertools.product(*choices.values()):
        wanted = DigitFilter(**dict(zip(choices, values, strict=True)))
        address = write_filter(wanted)
        assert set(address) <= set(FILTER_NAMES)
        assert parse_filter(address | {"run": "latest"}) == (wanted, [])
        assert list(describe_parts(wanted)) == [name for name in FILTER_NAMES if name in address]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cell", "4"),
        ("cell", "any-any"),
        ("cell", "4-44"),
        ("cell", "²-3"),
        ("not_true", "-1"),
        ("second_reads", "ten"),
        ("right", "maybe"),
        ("sure", "0.5"),
        ("sure", "nan..1"),
        ("sure", "1..2..3"),
        ("sure", "5..9"),
        ("sure", "0.9..0.5"),
        ("given", "4:0.5..1.1"),
        ("given", "0.5..1"),
        ("given", "x:0.5..1"),
        ("versus", "both"),
        ("versus", "<script>" * 100),
    ],
)
def test_what_means_nothing_is_said_and_left_out(name, text):
    wanted, problems = parse_filter({"right": "no", "digit": "x"} | {name: text})
    assert wanted == (DigitFilter() if name == "right" else DigitFilter(right=False))
    [problem] = problems
    assert problem.startswith(f"'{name}={text[:60]}' in the address means nothing")
    assert len(problem) < 250


def test_one_part_is_taken_away_at_a_time():
    wanted = DigitFilter(true=4, predicted=9, right=False, sure=(0.5, 1.0))
    assert wanted.without("cell") == DigitFilter(right=False, sure=(0.5, 1.0))
    assert wanted.without("sure").without("right") == DigitFilter(true=4, predicted=9)
    assert wanted.without("cell").without("sure").without("right").is_empty


def test_chips_are_words():
    assert describe_parts(DigitFilter(true=4, predicted=9)) == {"cell": "true 4, read as 9"}
    assert describe_parts(DigitFilter(true=4, predicted=4)) == {"cell": "true 4, read right"}
    assert describe_parts(DigitFilter(predicted=9)) == {"cell": "read as 9"}
    assert describe_parts(DigitFilter(sure=(0.5, 0.75))) == {"sure": "answer given 50.00 % to 75.00 %"}
    assert describe_parts(DigitFilter(given=(4, 0.43, 1.0))) == {"given": "4 given at least 43.00 %"}
    assert describe_parts(DigitFilter(given=(4, 0.0, 0.00001))) == {"given": "4 given at most 0.001 %"}
    assert describe_parts(DigitFilter(sure=(0.5, 0.999999))) == {"sure": "answer given 50.00 % to 100 % − 0.0001 %"}
