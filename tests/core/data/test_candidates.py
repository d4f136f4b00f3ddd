import numpy as np
import pytest
from drawings import draw, draw_one, draw_seven, draw_zero, three_digits

from core.data.candidates import find_lines
from core.data.cut import find_cuts
from core.data.ink import find_ink
from core.data.strings import CONDITIONS, make_string
from core.data.strokes import LETTERS, draw_letter, draw_scribble


def lines_of(sheet):
    return find_lines(find_ink(np.asarray(sheet)))


def test_two_bars_with_a_bridge_are_cut_through_the_bridge():
    strokes = np.zeros((100, 130), bool)
    strokes[:, 20:30] = strokes[:, 100:110] = strokes[47:53, 20:110] = True
    paths, ink = find_cuts(strokes, 100)
    assert paths.shape == (len(ink), 100)
    through = ((paths > 30) & (paths < 100)).all(axis=1)
    assert through.any()
    assert ink[through].min() == pytest.approx(0.06, abs=0.02)


def test_a_speck_is_not_cut():
    paths, ink = find_cuts(np.ones((10, 40), bool), 100)
    assert len(paths) == len(ink) == 0


def test_separate_digits_are_among_the_candidates_whole():
    (line,) = lines_of(three_digits())
    boxes = {one.preparation.box for one in line.candidates}
    assert (300, 60, 371, 161) in boxes
    assert all(0 <= one.start < one.stop < line.places for one in line.candidates)


def test_there_is_always_a_way_from_end_to_end():
    sheet, pen = draw(600, 200)
    for x in (30, 90, 150, 250, 320):
        draw_zero(pen, x, 50)
    (line,) = lines_of(sheet)
    reached = {0}
    for one in sorted(line.candidates, key=lambda one: one.stop):
        if one.start in reached:
            reached.add(one.stop)
    assert line.places - 1 in reached


def test_lines_are_found_from_top_to_bottom():
    sheet, pen = draw(400, 400)
    draw_one(pen, 60, 240)
    draw_seven(pen, 60, 40)
    draw_zero(pen, 200, 50)
    draw_zero(pen, 210, 250)
    tops = [min(one.preparation.box[1] for one in line.candidates) for line in lines_of(sheet)]
    assert tops == sorted(tops)
    assert len(tops) == 2


def test_a_blank_sheet_has_no_line():
    assert find_lines(np.zeros((50, 80), np.float32)) == []


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
    from scipy import ndimage

    joined = 0
    for seed in range(20):
        string = make_string(mnist.train, "touching", 2, np.random.default_rng(seed))
        joined += ndimage.label(string.picture < 215, np.ones((3, 3)))[1] == 1
    assert joined >= 12


def test_letters_and_scribbles_are_drawn_in_many_hands():
    rng = np.random.default_rng(0)
    for picture in [draw_letter(letter, rng) for letter in LETTERS] + [draw_scribble(rng) for _ in range(20)]:
        assert picture.dtype == np.uint8
        assert 0.005 < (picture < 128).mean() < 0.6
        assert picture[0].min() == picture[:, 0].min() == 255
    first, second = draw_letter("R", rng), draw_letter("R", rng)
    assert first.shape != second.shape or (first != second).any()
