"""A sheet on a table: only what is written on the sheet is ink."""

import numpy as np
import pytest
from drawings import draw, draw_one, draw_seven, draw_zero, photograph
from PIL import Image, ImageDraw

from core.data.ink import find_ink
from core.data.segment import find_digits
from core.data.sheet import cut_out_sheet

TABLE = 60


def write_three():
    sheet, pen = draw(900, 600)
    draw_zero(pen, 200, 240)
    draw_seven(pen, 400, 252)
    draw_one(pen, 640, 265)
    return photograph(np.asarray(sheet), ink=50, noise=3)


def lay_on_table(sheet, *, sides=(60, 80, 60, 80), turn=0.0):
    """Lay a sheet on a dark, grainy table that is seen so far on the left, top, right and bottom of it."""
    left, top, right, bottom = sides
    whole = Image.new("L", (sheet.shape[1] + left + right, sheet.shape[0] + top + bottom), 0)
    whole.paste(Image.fromarray(sheet), (left, top))
    turned = np.asarray(whole.rotate(turn, resample=Image.Resampling.BILINEAR))
    table = np.random.default_rng(0).normal(TABLE, 6, turned.shape)
    return np.where(turned < 20, table, turned).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn", [0, 4, -7])
def test_only_what_is_written_on_the_sheet_is_ink(turn):
    photo = lay_on_table(write_three(), turn=turn)
    assert cut_out_sheet(photo) is not None
    boxes = find_digits(find_ink(photo))
    assert len(boxes) == 3
    assert [round(bottom - top, -2) for _, top, _, bottom in boxes] == [100, 100, 100]


@pytest.mark.parametrize("sides", [(120, 0, 0, 0), (0, 0, 0, 150), (100, 100, 0, 0)])
def test_the_table_may_be_seen_on_one_side(sides):
    assert len(find_digits(find_ink(lay_on_table(write_three(), sides=sides)))) == 3


def test_the_places_are_those_of_the_whole_picture():
    sheet = write_three()
    [first, *_] = find_digits(find_ink(sheet))
    [moved, *_] = find_digits(find_ink(lay_on_table(sheet, sides=(60, 80, 60, 80))))
    assert np.abs(np.array(moved) - np.array(first) - [60, 80, 60, 80]).max() <= 3


def test_a_sheet_alone_is_no_sheet_on_a_table():
    assert cut_out_sheet(write_three()) is None
    assert cut_out_sheet(255 - write_three()) is None


def test_a_shadow_with_a_straight_edge_is_no_table():
    sheet = write_three().astype(np.float32)
    sheet[:, :330] *= 0.6
    assert cut_out_sheet(sheet.astype(np.uint8)) is None
    assert len(find_digits(find_ink(sheet.astype(np.uint8)))) == 3


def test_light_digits_are_no_sheets(mnist):
    for image in mnist.train.images[:300]:
        large = Image.fromarray(image).resize((224, 224), Image.Resampling.BICUBIC)
        tight = large.crop(large.point(lambda value: 255 * (value > 60)).getbbox())
        tight = np.asarray(tight.resize((max(100, tight.width), max(100, tight.height))))
        for picture in (np.asarray(large), tight):
            assert cut_out_sheet(picture) is None
            assert cut_out_sheet(255 - picture) is None


def test_a_frame_drawn_in_light_is_ink():
    board = Image.new("L", (400, 300), 20)
    ImageDraw.Draw(board).rectangle([60, 60, 340, 240], outline=230, width=10)
    assert cut_out_sheet(np.asarray(board)) is None


@pytest.mark.parametrize("size", [(99, 400), (100, 2000), (101, 101), (1500, 110)])
def test_pictures_of_any_shape_are_survived(size):
    rng = np.random.default_rng(0)
    height, width = size
    picture = rng.integers(150, 200, size).astype(np.uint8)
    picture[:, : width // 5] = 30
    picture[height // 2, width // 2 : width // 2 + 40] = 20
    found = cut_out_sheet(picture)
    if found:
        sheet, (left, top, right, bottom) = found
        assert sheet.shape == (bottom - top, right - left)
    assert find_ink(picture).shape == size
