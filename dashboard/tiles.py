"""Digits as pictures: pixels in, PNG bytes out. White ink on black, as the data is; pages recolour it for the theme."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import ShapeError

SIDE = 28
# zlib level 1 packs a sheet four times faster than the default level and the bytes only cross the loopback.
_COMPRESS_LEVEL = 1


def make_sheet(images: NDArray[np.uint8], columns: int = 20) -> bytes:
    """All digits on one greyscale PNG, edge to edge, row by row; the unused end of the last row is black.

    Args:
        images: (n, 28, 28) uint8, n >= 0.
        columns: digits in a row, at least 1; a sheet with fewer digits than that is n digits wide.

    Returns:
        PNG bytes of a picture 28 * min(n, columns) wide; empty bytes if there are no digits.

    Raises:
        ShapeError: if the images are not (n, 28, 28) or columns is less than 1.
    """
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise ShapeError(f"A sheet takes digits of shape (n, 28, 28), but got {images.shape}.")
    if columns < 1:
        raise ShapeError(f"A sheet needs at least one column, but got {columns}.")
    if len(images) == 0:
        return b""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    cells = np.zeros((rows * columns, SIDE, SIDE), dtype=np.uint8)
    cells[: len(images)] = images
    # (rows, columns, y, x) -> (rows, y, columns, x): the digits of a row side by side.
    sheet = cells.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, columns * SIDE)
    return _encode(sheet)


def make_picture(image: NDArray[np.uint8], scale: int = 10) -> bytes:
    """One digit as the model sees it, every pixel enlarged to a sharp square.

    Args:
        image: (28, 28) uint8.
        scale: side of such a square in pixels, at least 1.

    Returns:
        PNG bytes of a greyscale picture, 28 * scale on a side.

    Raises:
        ShapeError: if the image is not (28, 28) or scale is less than 1.
    """
    if image.shape != (SIDE, SIDE):
        raise ShapeError(f"A picture takes one digit of shape (28, 28), but got {image.shape}.")
    if scale < 1:
        raise ShapeError(f"A picture is enlarged by 1 or more, but got {scale}.")
    return _encode(image.repeat(scale, axis=0).repeat(scale, axis=1))


def _encode(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=_COMPRESS_LEVEL)
    return buffer.getvalue()
