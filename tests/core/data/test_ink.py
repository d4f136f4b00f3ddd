import numpy as np
import pytest
from drawings import (
    INK,
    PAPER,
    draw,
    draw_broken_five,
    draw_one,
    draw_seven,
    draw_zero,
    mean_difference,
    only,
    photograph,
    seven,
    three_digits,
)
from PIL import Image

from core.data.ink import FIT, SIDE, find_ink, prepare_digit
from core.data.segment import find_digits, prepare_picture

# Finding ink


def test_ink_of_a_drawing_has_its_shades():
    grey = np.full((60, 60), 250, np.uint8)
    grey[20:40, 28] = [50, 100, 150, 200] * 5
    grey[20:40, 29] = 50
    ink = find_ink(grey)
    assert ink.shape == (60, 60)
    assert ink.dtype == np.float32
    np.testing.assert_allclose(ink, (250 - grey.astype(np.float32)) / 200, rtol=1e-6)


def test_light_ink_on_dark_paper_is_the_same_ink():
    for grey in (seven(), three_digits(), photograph(seven())):
        np.testing.assert_array_equal(find_ink(grey), find_ink(255 - grey))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_sheet_has_no_ink(level):
    grey = np.full((90, 120), level, np.uint8)
    assert not find_ink(grey).any()
    assert prepare_picture(grey) == []


def test_a_photo_of_blank_paper_has_no_ink():
    assert not find_ink(photograph(np.full((300, 400), 255, np.uint8), noise=6)).any()


def test_uneven_light_and_noise_leave_only_the_strokes():
    drawing = three_digits()
    ink = find_ink(photograph(drawing))
    strokes = drawing == INK
    assert np.median(ink[strokes]) > 0.7
    # 5 px away from any stroke there is nothing but paper.
    far = np.asarray(Image.fromarray(drawing).resize((40, 20), Image.Resampling.BOX)) == PAPER
    paper = np.kron(far, np.ones((10, 10), bool))
    assert (ink[paper] > 0.15).mean() < 0.001
    assert len(find_digits(ink)) == 3


@pytest.mark.parametrize("ink", [60, 130])
def test_a_photo_gives_the_digit_of_the_drawing(ink):
    assert mean_difference(only(photograph(seven(), ink)), only(seven())) < 6


def test_a_strip_of_dark_table_is_not_read():
    photo = photograph(three_digits())
    photo = np.hstack([np.full((200, 30), 30, np.uint8), photo])
    boxes = [one.box for one in prepare_picture(photo)]
    assert len(boxes) == 3
    assert min(left for left, *_ in boxes) > 50


@pytest.mark.parametrize("depth", [14, 20])
def test_a_fold_in_the_paper_is_no_ink(depth):
    drawing = np.pad(three_digits(), ((200, 200), (200, 200)), constant_values=255)
    rows = np.arange(drawing.shape[0])[:, None]
    photo = photograph(drawing) - depth * np.exp(-(((rows - 130) / 36) ** 2))
    ink = find_ink(np.rint(photo.clip(0, 255)).astype(np.uint8))
    assert len(find_digits(ink)) == 3


def test_a_pencil_s_ink_stays_on_paper_that_waves():
    drawing = np.pad(three_digits(), ((200, 200), (200, 200)), constant_values=255)
    y, x = np.mgrid[: drawing.shape[0], : drawing.shape[1]]
    photo = photograph(drawing, ink=145) + 6 * np.sin(x / 90) + 6 * np.sin(y / 70)
    ink = find_ink(np.rint(photo.clip(0, 255)).astype(np.uint8))
    assert len(find_digits(ink)) == 3


# Finding digits


def test_digits_are_found_from_left_to_right():
    boxes = find_digits(find_ink(three_digits()))
    assert [round(left / 10) for left, *_ in boxes] == [3, 20, 30]
    left, top, right, bottom = boxes[2]
    assert (left, top, right, bottom) == (300, 60, 371, 161)


def test_a_digit_broken_across_is_one():
    grey = seven(size=120).copy()
    grey[100:106] = PAPER
    assert len(find_digits(find_ink(grey))) == 1


def test_rows_are_read_from_top_to_bottom():
    sheet, pen = draw(400, 400)
    for x, y in ((220, 250), (30, 60), (210, 40), (40, 240)):
        draw_zero(pen, x, y)
    corners = [(left, top) for left, top, _, _ in find_digits(find_ink(np.asarray(sheet)))]
    assert corners == [(30, 60), (210, 40), (40, 240), (220, 250)]


def test_a_broken_five_is_one_digit():
    sheet, pen = draw()
    draw_broken_five(pen, 150, 50)
    alone = find_digits(find_ink(np.asarray(sheet)))
    draw_one(pen, 60, 50)
    draw_one(pen, 320, 50)
    among_others = find_digits(find_ink(np.asarray(sheet)))
    assert len(alone) == 1
    assert len(among_others) == 3
    assert among_others[1] == alone[0]


def test_specks_are_left_out():
    grey = three_digits().copy()
    for y, x in ((10, 10), (180, 150), (100, 270)):
        grey[y : y + 4, x : x + 4] = INK
    assert find_digits(find_ink(grey)) == find_digits(find_ink(three_digits()))


def test_a_digit_that_reaches_into_anothers_box_is_wiped_out_of_it():
    sheet, pen = draw()
    draw_seven(pen, 100, 50)
    alone = only(np.asarray(sheet))
    draw_one(pen, 152, 105, size=90)  # under the arm of the 7
    left, right = prepare_picture(np.asarray(sheet))
    assert left.box[2] > right.box[0]
    np.testing.assert_array_equal(left.image, alone)


# Preparing a digit


def test_every_step_is_kept():
    grey = seven()
    digit = prepare_picture(grey)[0]
    left, top, right, bottom = digit.box
    assert all(type(value) is int for value in digit.box)
    assert (grey[top:bottom, left:right] == INK).sum() == (grey == INK).sum()
    assert digit.ink.shape == (bottom - top, right - left)
    np.testing.assert_array_equal(digit.ink, find_ink(grey)[top:bottom, left:right])
    assert digit.fitted.dtype == np.float32
    assert max(digit.fitted.shape) == FIT
    assert digit.fitted.max() == 1
    assert digit.fitted.min() >= 0
    assert digit.image.shape == (SIDE, SIDE)
    assert digit.image.dtype == np.uint8
    assert digit.image.max() == 255
    assert digit.image[0].max() == 0


def test_where_a_digit_stands_does_not_matter():
    first = only(seven(x=60, y=50))
    for x, y in ((100, 120), (61, 53), (250, 10)):
        np.testing.assert_array_equal(only(seven(x=x, y=y)), first)


@pytest.mark.parametrize("size", [50, 80, 120])
def test_how_large_a_digit_is_matters_little(size):
    assert mean_difference(only(seven(size=size)), only(seven(size=100))) < 5


def test_a_thin_bar_stays_thin():
    ink = np.zeros((300, 300), np.float32)
    ink[20:280, 100:113] = 1  # 260 × 13 px: one pixel wide at a height of 20
    digit = prepare_digit(ink)
    assert digit.fitted.shape == (20, 1)
    np.testing.assert_allclose(digit.fitted, 1, rtol=1e-6)


def test_reducing_averages_over_area():
    ink = np.zeros((40, 40), np.float32)
    ink[:, :20] = 1
    ink[0, 20:] = ink[:, 39] = 1
    digit = prepare_digit(ink)
    expected = ink.reshape(20, 2, 20, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(digit.fitted, expected, atol=1e-6)


def test_the_largest_ink_becomes_full_ink():
    ink = np.zeros((50, 50), np.float32)
    ink[10:40, 20:26] = 0.3
    assert prepare_digit(ink).image.max() == 255


def test_the_centre_of_mass_is_at_the_centre():
    sheet, pen = draw(400, 300)
    draw_broken_five(pen, 150, 50, size=150)
    for image in (only(seven()), only(np.asarray(sheet))):
        for axis in (0, 1):
            mass = image.sum(axis=axis, dtype=float)
            assert 13.49 <= mass @ np.arange(SIDE) / mass.sum() <= 14.51


def test_a_symmetric_digit_stands_in_the_same_place_at_every_size():
    places = set()
    for size in range(60, 160, 7):
        sheet, pen = draw(300, 300)
        draw_zero(pen, 60, 50, size)
        image = only(np.asarray(sheet))
        places.add(int(np.flatnonzero(image.any(axis=1))[0]))
    assert len(places) == 1


def test_ink_far_off_the_centre_stays_inside_the_frame():
    ink = np.zeros((200, 200), np.float32)
    ink[:20] = 1
    ink[:, :2] = 1
    digit = prepare_digit(ink)
    shift = np.argwhere(digit.image)[0]
    rows, columns = (slice(start, start + FIT) for start in shift)
    np.testing.assert_array_equal(digit.image[rows, columns], np.rint(255 * digit.fitted))


def test_without_ink_there_is_no_digit():
    assert prepare_digit(np.zeros((30, 30), np.float32)) is None
    ink = find_ink(seven())
    assert prepare_digit(ink, (300, 200, 390, 290)) is None


def test_a_single_pixel_is_prepared():
    ink = np.zeros((30, 30), np.float32)
    ink[3, 4] = 0.5
    digit = prepare_digit(ink)
    assert digit.box == (4, 3, 5, 4)
    assert digit.fitted.shape == (FIT, FIT)


def test_a_picture_of_one_row_is_survived():
    assert prepare_picture(np.full((1, 500), 255, np.uint8)) == []


# The real digits


def test_real_digits_come_back_as_they_are(mnist):
    images = mnist.test.images[:500]
    differences = [mean_difference(only(image), image) for image in images]
    # Where a digit's outermost row is fainter than an edge, its box is smaller and it is placed anew.
    assert sum(difference > 0.5 for difference in differences) <= 5
    assert np.mean(differences) < 0.3


@pytest.mark.parametrize(("resampling", "bound"), [(Image.Resampling.NEAREST, 0.3), (Image.Resampling.BICUBIC, 9.0)])
def test_enlarged_shifted_inverted_digits_come_back(mnist, resampling, bound):
    rng = np.random.default_rng(0)
    differences = []
    for image in mnist.test.images[:100]:
        sheet = np.full((400, 500), 255, np.uint8)
        top, left = rng.integers(0, 120), rng.integers(0, 220)
        enlarged = Image.fromarray(image).resize((280, 280), resampling)
        sheet[top : top + 280, left : left + 280] = 255 - np.asarray(enlarged)
        differences.append(mean_difference(only(sheet), image))
    # Of 784 pixels with a mean of about 33; a shift by one pixel alone makes about 20.
    assert np.mean(differences) < bound
