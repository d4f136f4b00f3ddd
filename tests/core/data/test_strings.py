"""Numbers, letters, symbols and scribbles that are made up to measure reading."""

import numpy as np
import pytest
from scipy import ndimage

from core.data.strings import CONDITIONS, make_string
from core.data.strokes import LETTERS, SYMBOLS, draw_letter, draw_scribble, draw_strokes


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


@pytest.mark.parametrize("condition", ["ruled", "squared"])
def test_a_page_has_lines_where_nobody_wrote_and_ink_darker_than_its_paper(mnist, condition):
    for seed in range(5):
        string = make_string(mnist.train, condition, 3, np.random.default_rng(seed))
        borders = {"across": string.picture[:, :40].mean(axis=1), "down": string.picture[:40].mean(axis=0)}
        dips = {way: (shades - ndimage.median_filter(shades, 31)).min() for way, shades in borders.items()}
        assert dips["across"] < -6
        assert (dips["down"] < -6) == (condition == "squared")
        assert string.picture[string.owners >= 0].mean() < np.median(string.picture) - 60


def test_straight_strokes_of_one_pen_are_alike():
    rng = np.random.default_rng(0)
    for _ in range(5):
        strokes = draw_strokes(4, rng)
        shapes = np.array([stroke.shape for stroke in strokes])
        assert len(strokes) == 4
        assert np.ptp(shapes, axis=0).max() <= 25
        for stroke in strokes:
            assert ndimage.label(stroke < 128)[1] == 1


def test_letters_and_scribbles_are_drawn_in_many_hands():
    rng = np.random.default_rng(0)
    drawn = [draw_letter(letter, rng) for letter in (*LETTERS, *SYMBOLS)] + [draw_scribble(rng) for _ in range(20)]
    for picture in drawn:
        assert picture.dtype == np.uint8
        assert 0.005 < (picture < 128).mean() < 0.6
        assert picture[0].min() == picture[:, 0].min() == 255
    first, second = draw_letter("R", rng), draw_letter("R", rng)
    assert first.shape != second.shape or (first != second).any()
