"""Pictures of numbers made of single digits: side by side, touching, with broken strokes, or on rough paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage

from core.data.datasets import Split
from core.data.ink import find_ink, prepare_digit

CONDITIONS = ("separate", "touching", "fused", "broken", "noisy", "alike", "ruled", "squared")
LENGTHS = (2, 3, 4, 5, 6)
# Ink fainter than this does not count when digits are moved together; MNIST's soft edges go down to 1.
_CLEAR = 64
_MARGIN = 8
# Height of a digit in MNIST's pixels.
_DIGIT_HEIGHT = 20


@dataclass(frozen=True)
class DigitString:
    """A picture of a number.

    Attributes:
        picture: (h, w) uint8, ink dark or light.
        text: the digits, left to right; a ? for what is none.
        indices: (length,) int64, which digits of the split they are.
        owners: (h, w) int8, which digit of the text most of a pixel's ink belongs to; -1 on paper and soft edges.
    """

    picture: np.ndarray
    text: str
    indices: np.ndarray
    owners: np.ndarray


def make_string(
    split: Split, condition: str, length: int, rng: np.random.Generator, indices: np.ndarray | None = None
) -> DigitString:
    """Make a picture of random digits, 60 to 120 pixels high each, a little up or down from their line.

    Args:
        split: the digits to draw from.
        condition: one of CONDITIONS; lengths are pixels of MNIST's. "separate": 2 to 8 between the digits' boxes.
            "touching": the boxes overlap by 0 to 3, or by more if that is needed for the strokes to meet. "fused": the
            strokes themselves overlap by 0 to 3, in the row where they reach furthest. "broken": as separate, and each
            digit's strokes are cut at one to three places by gaps of 0.6 to 1.2. "noisy": as separate, on uneven,
            grainy paper with noise, in half the pictures light on dark. "alike": the same digit again and again, with
            gaps of 1 to 10 between the strokes themselves that hardly differ, as one hand writes ones side by side.
            "ruled" and "squared": as separate, on a photo of a page from a notebook whose lines run through them.
        length: how many.
        rng: source of all chance.
        indices: which digits of the split may be drawn; None for all.
    """
    chosen = rng.choice(len(split.labels) if indices is None else indices, length)
    return write_string(split, np.full_like(chosen, chosen[0]) if condition == "alike" else chosen, condition, rng)


def write_string(split: Split, chosen: np.ndarray, condition: str, rng: np.random.Generator) -> DigitString:
    """Make a picture of chosen digits; arguments as of `make_string`.

    Args:
        split: what they are chosen from.
        chosen: (length,) int64, their places in it from left to right.
        condition: one of CONDITIONS.
        rng: source of all chance.
    """
    scale = int(rng.integers(3, 7))
    layers = _place([_crop(image) for image in split.images[chosen]], condition, rng)
    enlarged = np.stack([_enlarge(layer, scale) for layer in layers])  # (length, h, w) float32 in [0, 1]
    if condition == "broken":
        for layer in enlarged:
            _break_strokes(layer, scale, rng)
    cover = enlarged.max(axis=0)
    owners = np.where(cover > 0.5, enlarged.argmax(axis=0), -1).astype(np.int8)
    if condition in ("ruled", "squared"):
        margin = 2 * _DIGIT_HEIGHT * scale
        owners = np.pad(owners, margin, constant_values=-1)
        picture = _write_on_lines(np.pad(cover, margin), scale, rng, squared=condition == "squared")
    else:
        picture = _photograph(cover, rng) if condition == "noisy" else 255 * (1 - cover)
    text = "".join(str(label) for label in split.labels[chosen])
    return DigitString(np.rint(picture).clip(0, 255).astype(np.uint8), text, chosen, owners)


def write_mixed(split: Split, chosen: np.ndarray, stranger: np.ndarray, rng: np.random.Generator) -> DigitString:
    """Make a picture of chosen digits, apart, one of which is replaced by what is none and is a ? in the text.

    Args:
        split: what they are chosen from.
        chosen: (length,) int64, their places in it from left to right.
        stranger: (h, w) uint8, a picture of it alone, which has ink; it may come in any place.
        rng: source of all chance.
    """
    preparation = prepare_digit(find_ink(stranger))
    if preparation is None:
        raise ValueError("the stranger has no ink")
    place = int(rng.integers(len(chosen)))
    images = split.images[chosen]
    images[place] = preparation.image
    number = write_string(Split(images, split.labels[chosen]), np.arange(len(chosen)), "separate", rng)
    return replace(number, text=f"{number.text[:place]}?{number.text[place + 1 :]}", indices=chosen)


def _crop(image: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _place(crops: list[np.ndarray], condition: str, rng: np.random.Generator) -> np.ndarray:
    """Lay the digits on a line, one layer each, (length, h, w) uint8."""
    height = max(crop.shape[0] for crop in crops) + 4 + 2 * _MARGIN
    tops = [(height - crop.shape[0]) // 2 + int(rng.integers(-2, 3)) for crop in crops]
    lefts = [_MARGIN]
    ends = _find_ends(crops[0], tops[0], height) + _MARGIN
    usual_gap = int(rng.integers(1, 10)) if condition == "alike" else 0
    for crop, top in zip(crops[1:], tops[1:], strict=True):
        after = lefts[-1] + crops[len(lefts) - 1].shape[1]
        begins = crop.shape[1] - _find_ends(crop[:, ::-1], top, height)
        meeting = int((ends - begins).max(initial=after - 10))
        if condition == "touching":
            left = min(after - int(rng.integers(0, 4)), meeting)
        elif condition == "fused":
            left = meeting - int(rng.integers(0, 4))
        elif condition == "alike":
            left = meeting + usual_gap + int(rng.integers(0, 2))
        else:
            left = after + int(rng.integers(2, 9))
        left = max(left, lefts[-1] + 2)
        lefts.append(left)
        ends = np.maximum(ends, _find_ends(crop, top, height) + left)
    width = max(left + crop.shape[1] for left, crop in zip(lefts, crops, strict=True)) + _MARGIN
    layers = np.zeros((len(crops), height, width), np.uint8)
    for layer, crop, top, left in zip(layers, crops, tops, lefts, strict=True):
        layer[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    return layers


def _find_ends(crop: np.ndarray, top: int, height: int) -> np.ndarray:
    """Return the column after the last clear ink in each of `height` rows, (height,) float; -inf in rows without."""
    clear = crop >= _CLEAR
    ends = np.full(height, -np.inf)
    last = crop.shape[1] - clear[:, ::-1].argmax(axis=1)
    ends[top : top + crop.shape[0]] = np.where(clear.any(axis=1), last, -np.inf)
    return ends


def _enlarge(layer: np.ndarray, scale: int) -> np.ndarray:
    """Enlarge (h, w) uint8 smoothly to (scale·h, scale·w) float32 in [0, 1], edges as sharp as a pen's."""
    size = (layer.shape[1] * scale, layer.shape[0] * scale)
    smooth = np.asarray(Image.fromarray(layer).resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    return smooth.clip(0, 1)


def _break_strokes(cover: np.ndarray, scale: int, rng: np.random.Generator) -> None:
    """Cut the strokes of one digit (h, w) float32 in place, by short straight gaps across them."""
    rows, columns = np.nonzero(cover > 0.5)
    grid_y, grid_x = np.mgrid[: cover.shape[0], : cover.shape[1]]
    for _ in range(int(rng.integers(1, 4))):
        k = int(rng.integers(len(rows)))
        angle = rng.uniform(0, np.pi)
        dx, dy = grid_x - columns[k], grid_y - rows[k]
        along = dx * np.cos(angle) + dy * np.sin(angle)
        across = dx * np.sin(angle) - dy * np.cos(angle)
        gap = rng.uniform(0.6, 1.2) * scale
        cover[(np.abs(along) < 4 * scale) & (np.abs(across) < gap / 2)] = 0


def _photograph(cover: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay ink (h, w) float32 on uneven, grainy paper under a sensor's noise; half of the time light on dark."""
    height, width = cover.shape
    grain = (
        ndimage.gaussian_filter(rng.normal(size=cover.shape), 1.5) * 8
        + ndimage.gaussian_filter(rng.normal(size=cover.shape), 12) * 60
    )
    fall = rng.uniform(-30, 30) * np.linspace(-0.5, 0.5, width) + rng.uniform(-20, 20) * np.linspace(
        -0.5, 0.5, height
    ).reshape(-1, 1)
    paper = rng.uniform(180, 225) + grain + fall
    ink = rng.uniform(30, 90)
    picture: np.ndarray = paper + cover * (ink - paper) + rng.normal(0, rng.uniform(3, 9), cover.shape)
    return 255 - picture if rng.random() < 0.5 else picture


def _write_on_lines(cover: np.ndarray, scale: int, rng: np.random.Generator, *, squared: bool) -> np.ndarray:
    """Lay ink (h, w) float32 on a ruled or squared page, photographed a little askew under uneven light.

    Digits are about as high as a square, and somewhat less than the distance of two lines.
    """
    rows, columns = np.mgrid[: cover.shape[0], : cover.shape[1]]
    rise = np.tan(np.radians(rng.uniform(-1.5, 1.5)))
    pitch = _DIGIT_HEIGHT * scale * (rng.uniform(0.8, 1.2) if squared else rng.uniform(1.1, 1.6))
    thickness = rng.uniform(1.2, 3)
    lines = np.zeros(cover.shape)
    for across in (rows + rise * columns, columns - rise * rows)[: 1 + squared]:
        distance = np.abs((across - rng.uniform(0, pitch)) % pitch - pitch / 2)
        lines = np.maximum(lines, (thickness / 2 + 0.5 - distance).clip(0, 1))
    light = rng.uniform(-40, 40) * columns / cover.shape[1] + rng.uniform(-25, 25) * rows / cover.shape[0]
    paper = rng.uniform(200, 235) + light
    ink = rng.uniform(30, 90)
    printed = paper + lines * rng.uniform(0.2, 0.7) * (ink - paper)
    # Where ink lies over a line, the darker of both is seen.
    picture: np.ndarray = np.minimum(printed, paper + cover * (ink - paper)) + rng.normal(0, 4, cover.shape)
    return picture
