"""Numbers, letters and scribbles that are made up to measure reading."""

import numpy as np
import pytest
from scipy import ndimage

from core.data.strings import CONDITIONS, make_string
from core.data.strokes import LETTERS, draw_letter, draw_scribble


@pytest.mark.parametrize("condition", CONDITIONS)
def test_made_up_numbers_say_what_they_are(mnist, condition):
    string = make_string(mnist.train, condition, 4, np.random.default_rng(3))
    again = make_string(mnist.train, condition, 4, np.random.default_rng(3))
    np.testing.assert_array_equal(string.picture, again.picture)
    assert string.text == "".join(str(label) for label in mnist.train.labels[string.indices])
    assert set(np.unique(string.owners)) == {-1, 0, 1, 2, 3}
    places = [np.nonzero(string.owners == k)[1].mean() for k in range(4)]
    assert places == sorted(places)


def test_touching_digits_are_one_connected_part(mnist):
    joined = 0
    for seed in range(20):
        string = make_string(mnist.train, "touching", 2, np.random.default_rng(seed))
        joined += ndimage.label(string.picture < 215, np.ones((3, 3)))[1] == 1
    assert joined >= 12


def test_one_digit_again_and_again_stands_close_and_apart(mnist):
    for seed in range(20):
        string = make_string(mnist.train, "alike", 4, np.random.default_rng(seed))
        assert len(set(string.indices)) == 1
        assert len(set(string.text)) == 1
        assert ndimage.label(string.picture < 128, np.ones((3, 3)))[1] >= 4
        widths = [np.ptp(np.nonzero(string.owners == k)[1]) for k in range(4)]
        assert max(widths) - min(widths) <= 2


def test_letters_and_scribbles_are_drawn_in_many_hands():
    rng = np.random.default_rng(0)
    for picture in [draw_letter(letter, rng) for letter in LETTERS] + [draw_scribble(rng) for _ in range(20)]:
        assert picture.dtype == np.uint8
        assert 0.005 < (picture < 128).mean() < 0.6
        assert picture[0].min() == picture[:, 0].min() == 255
    first, second = draw_letter("R", rng), draw_letter("R", rng)
    assert first.shape != second.shape or (first != second).any()
