"""Ruled and squared paper: its lines are no ink, and what is written on them stays whole."""

import numpy as np
import pytest
from drawings import INK, draw, draw_one, draw_seven, draw_zero, photograph
from PIL import ImageDraw

from core.data.ink import find_ink
from core.data.ruling import find_ruling
from core.data.segment import find_digits

SIZE = WIDTH, HEIGHT = 1200, 800
PITCH = 50


def write_three():
    sheet, pen = draw(*SIZE)
    draw_zero(pen, 240, 310)
    draw_seven(pen, 520, 322)
    draw_one(pen, 860, 335)
    return sheet


def rule(sheet, shade, *, squared, rise=0.0):
    """Draw lines two pixels wide beneath the ink, which rise by so many pixels in each."""
    ruled = sheet.copy()
    pen = ImageDraw.Draw(ruled)
    for at in range(-PITCH, WIDTH + PITCH, PITCH):
        pen.line([(0, at), (WIDTH, at - rise * WIDTH)], fill=shade, width=2)
        if squared:
            pen.line([(at, 0), (at + rise * HEIGHT, HEIGHT)], fill=shade, width=2)
    return np.minimum(np.asarray(ruled), np.asarray(sheet))


@pytest.mark.parametrize("rise", [0, 0.02])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("shade", [225, 170, 90])
def test_what_is_written_on_lines_is_found_without_them(shade, squared, rise):
    sheet = write_three()
    ink = find_ink(photograph(rule(sheet, shade, squared=squared, rise=rise)))
    boxes = find_digits(ink)
    wanted = find_digits(find_ink(np.asarray(sheet)))
    assert len(boxes) == 3
    assert np.abs(np.array(boxes) - wanted).max() <= 8
    strokes = np.asarray(sheet) == INK
    assert (ink[strokes] > 0.5).mean() > 0.95


@pytest.mark.parametrize("squared", [False, True])
def test_empty_pages_have_no_ink(squared):
    blank, _ = draw(*SIZE)
    assert not find_digits(find_ink(photograph(rule(blank, 120, squared=squared))))


def test_lines_without_noise_are_no_ink_either():
    sheet = write_three()
    assert len(find_digits(find_ink(rule(sheet, 170, squared=True)))) == 3


def test_a_stroke_across_the_picture_is_ink():
    sheet, pen = draw(400, 300)
    pen.line([(0, 150), (400, 152)], fill=INK, width=8)
    pen.line([(200, 0), (201, 300)], fill=INK, width=8)
    assert not find_ruling(np.asarray(sheet) == INK).any()


def test_a_line_that_does_not_reach_across_is_ink():
    sheet, pen = draw(*SIZE)
    pen.line([(100, 400), (900, 402)], fill=INK, width=2)
    assert not find_ruling(np.asarray(sheet) == INK).any()


def test_a_scribble_across_the_picture_is_ink():
    sheet, pen = draw(*SIZE)
    columns = np.arange(0, WIDTH, 10)
    rows = 400 + 120 * np.sin(columns / 60)
    pen.line(list(zip(columns, rows, strict=True)), fill=INK, width=2)
    assert not find_ruling(np.asarray(sheet) == INK).any()


def test_in_a_small_picture_thin_strokes_are_ink():
    tall = np.zeros((90, 30), bool)
    tall[:, 14:16] = True
    assert not find_ruling(tall).any()
