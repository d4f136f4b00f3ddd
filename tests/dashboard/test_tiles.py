import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.errors import ShapeError
from dashboard.tiles import make_picture, make_sheet


def read_png(data: bytes) -> NDArray[np.uint8]:
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "PNG"
    assert picture.mode == "L"
    return np.asarray(picture)


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, size=(43, 28, 28), dtype=np.uint8)


def test_every_digit_comes_back_pixel_for_pixel(images):
    sheet = read_png(make_sheet(images, columns=20))
    assert sheet.shape == (3 * 28, 20 * 28)
    for position, image in enumerate(images):
        top, left = (position // 20) * 28, (position % 20) * 28
        assert np.array_equal(sheet[top : top + 28, left : left + 28], image)


def test_the_unused_end_of_the_last_row_is_black(images):
    sheet = read_png(make_sheet(images, columns=20))
    assert not sheet[56:, 3 * 28 :].any()


@pytest.mark.parametrize(("n", "columns", "shape"), [(1, 20, (28, 28)), (5, 20, (28, 140)), (5, 1, (140, 28))])
def test_a_sheet_is_no_wider_than_its_digits(images, n, columns, shape):
    assert read_png(make_sheet(images[:n], columns=columns)).shape == shape


def test_a_sheet_of_nothing_is_no_picture(images):
    assert make_sheet(images[:0]) == b""


def test_digits_in_any_memory_order_are_accepted(images):
    turned = np.asfortranarray(images)
    assert make_sheet(turned) == make_sheet(images)


def test_a_picture_repeats_each_pixel(images):
    picture = read_png(make_picture(images[0], scale=10))
    assert picture.shape == (280, 280)
    assert np.array_equal(picture[::10, ::10], images[0])
    assert np.array_equal(picture[9::10, 9::10], images[0])


@pytest.mark.parametrize("shape", [(28, 28), (2, 28, 27), (2, 1, 28, 28)])
def test_a_sheet_refuses_other_shapes(shape):
    with pytest.raises(ShapeError, match="28, 28"):
        make_sheet(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("columns", [0, -3])
def test_a_sheet_refuses_no_columns(images, columns):
    with pytest.raises(ShapeError, match="at least one column"):
        make_sheet(images, columns=columns)


def test_a_picture_refuses_other_shapes_and_scales(images):
    with pytest.raises(ShapeError, match="one digit"):
        make_picture(images)
    with pytest.raises(ShapeError, match="1 or more"):
        make_picture(images[0], scale=0)
