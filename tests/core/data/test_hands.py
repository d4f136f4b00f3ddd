from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from core.data.forms import list_forms
from core.data.hands import HANDS, SIDE_PX, draw_form, make_drawings, make_hand, trace_form


def form_of(kind):
    return next(form for form in list_forms("development") if form.kind == kind)


def ink_of(picture):
    return picture < 128


def test_the_parts_share_no_hand():
    assert set(HANDS["development"]).isdisjoint(HANDS["test"])
    assert make_hand(3) == make_hand(3)
    assert make_hand(3) != make_hand(4)


def test_drawings_are_every_form_in_every_hand_and_always_the_same():
    drawings = list(make_drawings("test"))
    assert len(drawings) == len(list_forms("test")) * len(HANDS["test"])
    assert len({(drawing.form.kind, drawing.hand.number) for drawing in drawings}) == len(drawings)
    assert len({drawing.picture.tobytes() for drawing in drawings}) == len(drawings)
    some = drawings[123]
    assert np.array_equal(draw_form(some.form, some.hand), some.picture)


def test_a_drawing_is_dark_ink_wholly_on_white_paper_with_soft_edges():
    for number in range(30):
        picture = draw_form(form_of("2 looped"), make_hand(number))
        assert picture.shape == (SIDE_PX, SIDE_PX)
        assert picture.dtype == np.uint8
        assert picture[:4].min() == picture[-4:].min() == picture[:, :4].min() == picture[:, -4:].min() == 255
        assert picture.min() == 0
        assert 0.002 < ink_of(picture).mean() < 0.35
        assert ((picture > 20) & (picture < 235)).any()


def test_the_pen_is_as_wide_as_the_hand_says():
    steady = replace(make_hand(0), slant=0.0, turn=0.0, pressure=0.0, unsteadiness=0.0, height_px=200.0)
    for brush in (8.0, 16.0, 30.0):
        rows = ink_of(draw_form(form_of("1 plain"), replace(steady, brush_px=brush))).sum(axis=1)
        assert np.median(rows[rows > 0]) == pytest.approx(brush, abs=1.5)


def test_a_form_is_traced_where_it_is_drawn():
    for number in (1000, 1001, 1002):
        for kind in ("4 open", "7 barred", "8 two circles"):
            form, hand = form_of(kind), replace(make_hand(number), pressure=0.0)
            strokes, brush = trace_form(form, hand)
            assert len(strokes) == len(form.strokes)
            assert brush == min(hand.brush_px, 0.16 * hand.height_px)
            ink = ink_of(draw_form(form, hand))
            for stroke in strokes:
                assert np.hypot(*np.diff(stroke, axis=0).T).max() <= 1.001
                x, y = stroke.astype(int).T
                assert ink[y, x].all()
            # No ink is farther from the pen's way than half the pen's width.
            way = np.ones_like(ink)
            for stroke in strokes:
                way[tuple(stroke.astype(int).T[::-1])] = False
            assert ndimage.distance_transform_edt(way)[ink].max() < brush / 2 + 2


def test_slant_leans_the_top_to_the_right():
    hand = replace(make_hand(0), turn=0.0, unsteadiness=0.0, height_px=200.0)
    leans = []
    for slant in (0.0, 0.3):
        rows, columns = np.nonzero(ink_of(draw_form(form_of("1 plain"), replace(hand, slant=slant))))
        leans.append(np.polyfit(rows, columns, 1)[0])
    assert leans[1] - leans[0] == pytest.approx(-0.3, abs=0.03)


def test_a_thick_pen_leaves_the_loops_of_a_small_digit_open():
    hand = replace(make_hand(0), height_px=90.0, brush_px=34.0, aspect=1.0, unsteadiness=0.01, pressure=0.0)
    paper = ~ink_of(draw_form(form_of("0 round"), hand))
    assert ndimage.label(paper)[1] == 2  # around the 0 and inside it
