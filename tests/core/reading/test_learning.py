"""What the pointer and the gate learn from, and that they do learn."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import typer

from core.data.datasets import Split, split_indices
from core.data.ink import find_ink
from core.data.strings import make_string
from core.models.gate import NOT_A_DIGIT
from core.models.pointer import STEP, Pointer
from core.reading import examples, train
from core.reading.candidates import find_candidates
from core.reading.examples import collect_candidates, collect_lines
from core.reading.lines import find_lines
from core.training.checkpoint import load_weights


@pytest.fixture(scope="module")
def digits(mnist):
    return Split(mnist.train.images[:400], mnist.train.labels[:400])


def test_ink_points_at_the_middle_of_its_digit(digits):
    lines = collect_lines(digits, 12, np.random.default_rng(0))
    assert len(lines) >= 12
    for ink, offsets in lines:
        assert ink.shape == offsets.shape
        assert 0 <= ink.min() <= ink.max() <= 1
        has_middle = ~np.isnan(offsets)
        assert has_middle.any()
        assert (ink[has_middle] > 0.2).all()
        middles = (np.arange(ink.shape[1]) + 32 * offsets)[has_middle]
        # As many middles as digits at most, and each within the line.
        assert len(np.unique(np.round(middles, 1))) <= 6
        assert -0.5 <= middles.min() <= middles.max() <= ink.shape[1] + 0.5


def test_candidates_are_digits_or_none(digits):
    images, labels = collect_candidates(digits, 16, np.random.default_rng(0))
    assert images.shape == (len(labels), 2, 28, 28)
    assert images.dtype == np.uint8
    assert set(labels) <= set(range(11))
    assert 0.2 < (labels == NOT_A_DIGIT).mean() < 0.8
    # Only what stands alone has nothing around it.
    assert images[:, 1].any(axis=(1, 2)).mean() > 0.5


def test_straight_strokes_are_ones_where_asked_for(digits):
    numbers = list(examples.make_numbers(digits, 60, np.random.default_rng(0), 0.0, 0.5))
    straight = [number for number in numbers if set(number.text) == {"1"} and len(number.text) > 1]
    assert 10 <= len(straight) <= 50
    # Drawn for this number, not taken from the digits.
    assert any((np.diff(number.indices) == 1).all() for number in straight)


def test_digits_have_neighbours_that_do_not_reach_into_them(mnist):
    images, labels = examples.collect_neighbours(np.random.default_rng(0))
    indices, _ = split_indices(mnist.train.labels, examples.VALIDATION_SIZE)
    assert images.shape == (55_000, 2, 28, 28)
    np.testing.assert_array_equal(images[:, 0], mnist.train.images[indices])
    np.testing.assert_array_equal(labels, mnist.train.labels[indices])
    assert 0.4 < images[:, 1].any(axis=(1, 2)).mean() < 0.7
    assert not ((images[:, 0] > 0) & (images[:, 1] > 0)).any()


def test_numbers_of_ones_are_among_the_others_where_asked_for(digits):
    def count(ones):
        numbers = list(examples.make_numbers(digits, 60, np.random.default_rng(0), ones))
        assert len(numbers) == 60
        return sum(set(number.text) == {"1"} and len(number.text) > 1 for number in numbers)

    assert count(0.0) <= 2
    assert 10 <= count(0.5) <= 50


def test_a_letter_in_a_number_is_none_and_its_neighbours_are_digits(digits):
    for number in examples.make_mixed_numbers(digits, 2, examples.STRANGERS_AND_SYMBOLS, np.random.default_rng(0)):
        assert number.text.count("?") == 1
        place = number.text.index("?")
        [line] = find_lines(find_ink(number.picture))
        labels = [examples.label_candidate(candidate, number) for candidate in find_candidates(line)]
        assert NOT_A_DIGIT in labels
        others = {int(label) for label in number.text if label != "?"}
        assert others <= set(labels) <= others | {NOT_A_DIGIT, None}
        own = number.owners == place
        alone = replace(number, owners=np.where(own, np.int8(place), np.int8(-1)))
        assert {examples.label_candidate(candidate, alone) for candidate in find_candidates(line)} == {NOT_A_DIGIT}


def test_a_piece_of_a_digit_is_none_and_most_of_one_is_neither(digits):
    number = make_string(digits, "separate", 1, np.random.default_rng(0))
    (line,) = find_lines(find_ink(number.picture))
    whole, *_ = find_candidates(line)
    assert examples.label_candidate(whole, number) == int(number.text)
    # The digit's owner loses the rows below a share of its ink to another digit, most of which is elsewhere.
    ink = (number.owners == 0).sum(axis=1).cumsum() / (number.owners == 0).sum()
    labels = {}
    for share in (0.5, 0.76):
        owners = np.where((number.owners == 0) & (ink[:, None] > share), 1, number.owners).astype(np.int8)
        owners[:20] = 1
        labels[share] = examples.label_candidate(whole, replace(number, text=number.text + "0", owners=owners))
    assert labels == {0.5: NOT_A_DIGIT, 0.76: None}


def test_a_digit_with_a_thin_one_beside_it_is_none(digits):
    number = make_string(digits, "separate", 1, np.random.default_rng(0))
    (line,) = find_lines(find_ink(number.picture))
    whole, *_ = find_candidates(line)
    own = number.owners == 0
    right_edge = np.arange(own.shape[1]) > np.quantile(np.nonzero(own)[1], 0.9)
    owners = np.where(own & right_edge, 1, number.owners).astype(np.int8)
    two = replace(number, text=number.text + "1", owners=owners)
    # A tenth of the ink is all of the other digit, or a small part of it.
    assert examples.label_candidate(whole, two) == NOT_A_DIGIT
    owners[:20] = 1
    assert examples.label_candidate(whole, two) == int(number.text)


def test_lines_are_laid_out_on_sheets_the_network_takes(digits):
    rng = np.random.default_rng(1)
    lines = collect_lines(digits, 6, rng)
    inputs, targets = train.lay_out(lines, rng)
    assert inputs.shape == targets.shape == (len(lines), 1, 48, inputs.shape[3])
    assert inputs.shape[3] % STEP == 0
    assert torch.isfinite(inputs).all()
    for sheet, (ink, _) in zip(inputs, lines, strict=True):
        assert float(sheet.sum()) == pytest.approx(float(ink.sum()), rel=1e-4)


def test_distance_counts_only_ink():
    targets = torch.tensor([[0.0, float("nan")], [1.0, float("nan")]])
    offsets = torch.tensor([[0.5, 9.0], [1.0, -9.0]])
    # The mean of 0.5 - 0.05 / 2 and 0.
    assert float(train.compute_distance(offsets, targets)) == pytest.approx((0.5 - 0.025) / 2)


def test_the_pointer_can_go_on_from_its_weights(mnist_home, tmp_path, monkeypatch, digits):
    monkeypatch.setattr(train, "make_digits", lambda rng: digits)
    monkeypatch.setattr(train, "_POINTER_CYCLES", ((0.004, 1, 0.0), (1e-12, 1, 0.5)))
    file = tmp_path / "pointer.safetensors"
    train.train_pointer(file, 12, 1, 0)
    first = Pointer()
    load_weights(file, first)
    train.train_pointer(file, 12, 2, 0)
    second = Pointer()
    load_weights(file, second)
    for before, after in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(after, before)


def test_both_networks_train_and_their_weights_are_read_back(mnist_home, tmp_path, monkeypatch, digits, capsys):
    monkeypatch.setattr(train, "make_digits", lambda rng: digits)
    train.train_pointer(tmp_path / "pointer.safetensors", 12, 1, 0)
    load_weights(tmp_path / "pointer.safetensors", Pointer())
    beside = np.zeros((20, 2, 28, 28), np.uint8), np.zeros(20, np.int64)
    monkeypatch.setattr(train, "collect_neighbours", lambda rng: beside)
    train.train_gate(tmp_path / "gate.safetensors", 16, 1, 0)
    load_weights(tmp_path / "gate.safetensors", train.build_gate())
    told = capsys.readouterr().out
    assert "pointer: " in told
    # Of two cycles, the second of which has symbols, straight ones and neighbours beside.
    first, second = (int(count) for count in re.findall(r"gate: (\d+) candidates", told))
    assert second >= first + 20


def test_a_cycle_that_the_gate_does_not_have_is_refused():
    with pytest.raises(typer.BadParameter, match="the gate has 2 cycles"):
        train.main(["gate"], first_cycle=3)
