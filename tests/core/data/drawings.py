"""Digits drawn by hand, for the tests of ink and of picture files."""

import io

import numpy as np
from PIL import Image, ImageDraw

from core.data.picture import read_picture
from core.data.segment import prepare_picture

PAPER, INK = 255, 0


def draw(width: int = 400, height: int = 200) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("L", (width, height), PAPER)
    return sheet, ImageDraw.Draw(sheet)


def draw_seven(pen: ImageDraw.ImageDraw, x: float, y: float, size: float = 100) -> None:
    points = [(x, y), (x + 0.6 * size, y), (x + 0.2 * size, y + size)]
    pen.line(points, fill=INK, width=round(size / 10), joint="curve")


def draw_one(pen: ImageDraw.ImageDraw, x: float, y: float, size: float = 100) -> None:
    pen.line([(x, y), (x, y + size)], fill=INK, width=round(size / 10))


def draw_zero(pen: ImageDraw.ImageDraw, x: float, y: float, size: float = 100) -> None:
    pen.ellipse([x, y, x + 0.7 * size, y + size], outline=INK, width=round(size / 10))


def draw_broken_five(pen: ImageDraw.ImageDraw, x: float, y: float, size: float = 100) -> None:
    """A 5 whose bar floats above and to the right of its body."""
    thick = round(size / 10)
    pen.line([(x + 0.2 * size, y), (x + 0.75 * size, y)], fill=INK, width=thick)
    pen.line([(x, y + 0.18 * size), (x, y + 0.5 * size)], fill=INK, width=thick)
    pen.arc([x - 0.1 * size, y + 0.4 * size, x + 0.6 * size, y + size], start=-120, end=130, fill=INK, width=thick)


def seven(size: float = 100, x: float = 60, y: float = 50, width: int = 400, height: int = 300) -> np.ndarray:
    sheet, pen = draw(width, height)
    draw_seven(pen, x, y, size)
    return np.asarray(sheet)


def three_digits() -> np.ndarray:
    sheet, pen = draw()
    draw_zero(pen, 300, 60)
    draw_seven(pen, 30, 40)
    draw_one(pen, 200, 50)
    return np.asarray(sheet)


def photograph(drawing: np.ndarray, ink: float = 70, noise: float = 5, seed: int = 0) -> np.ndarray:
    """Take a drawing on white as a camera would: grey paper, light from one side, noise, JPEG."""
    height, width = drawing.shape
    cover = 1 - drawing / 255
    light = np.linspace(1.0, 0.6, width) * np.linspace(1.0, 0.9, height)[:, None]
    grey = (190 * (1 - cover) + ink * cover) * light + np.random.default_rng(seed).normal(0, noise, drawing.shape)
    return read_picture(encode(Image.fromarray(grey.clip(0, 255).astype(np.uint8)), "JPEG", quality=85))


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def only(grey: np.ndarray) -> np.ndarray:
    """The 28×28 of the one digit in a picture."""
    found = prepare_picture(grey)
    assert len(found) == 1
    return found[0].image


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())
