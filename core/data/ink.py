"""Any picture of digits, drawn or photographed, turned into digits as MNIST has them: 28×28, white ink on black."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from core.data.ruling import find_ruling
from core.data.sheet import coarsen, cut_out_sheet

SIDE = 28
FIT = 20
# Where MNIST has the centre of mass: all its 70,000 digits but five lie in [13.5, 14.5) along both axes.
CENTRE = 14.0

# Ink fainter than this share of a digit's darkest is the soft edge of a stroke and does not widen its box.
EDGE = 0.15
# Grey levels that ink must stand out from its paper.
_LEAST_CONTRAST = 12
# The darkest ink of a photo, as a percentile of what stands out from its paper: uneven paper stands out, too, and there
# is more of it than of strokes.
_DARKEST = 98
# No ink is so many times as wide as its strokes. How wide these are shows better the more paper is told from ink.
_WIDE, _PASSES = 6, 3

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Preparation:
    """One digit's way from a picture to the network, every step kept so that a page can show it.

    Attributes:
        ink: (h, w) float32 in [0, 1], the ink inside `box`; a view of the picture's where no other digit reaches in.
        box: (left, top, right, bottom) in pixels of the picture, right and bottom exclusive.
        fitted: (h, w) float32 in [0, 1], the longer side 20, largest ink 1.
        image: (28, 28) uint8, white ink (255) on black (0).
    """

    ink: np.ndarray
    box: Box
    fitted: np.ndarray
    image: np.ndarray


def find_ink(grey: np.ndarray) -> np.ndarray:
    """Tell ink from paper, whichever is the darker, and even out the paper.

    On paper without noise, as in a drawing or an enlarged MNIST digit, shades are only scaled. On a photo, what does
    not stand out from the noise, or is not near a clear stroke, is taken for paper.

    Args:
        grey: (h, w) uint8.

    Returns:
        (h, w) float32 in [0, 1]: 0 paper, 1 the darkest ink; all 0 on a blank sheet.
    """
    if cut := cut_out_sheet(grey):
        sheet, (left, top, right, bottom) = cut
        ink = np.zeros(grey.shape, np.float32)
        ink[top:bottom, left:right] = _find_dark_ink(sheet)
        return ink
    coarse, _ = coarsen(grey)
    if _has_light_ink(coarse.astype(np.float32)):
        return _find_dark_ink(255 - grey)
    return _find_dark_ink(grey)


def _find_dark_ink(grey: np.ndarray) -> np.ndarray:
    """Find dark ink on light paper; takes and returns what `find_ink` does."""
    window = 0.4 * max(grey.shape)
    depth, noise = _measure_depth(grey, window)
    if not noise:
        deepest = int(depth.max())
        shades: np.ndarray = depth.clip(0).astype(np.float32) / max(1, deepest)
        return shades if deepest > _LEAST_CONTRAST else np.zeros_like(shades)
    strokes, level = _find_strokes(depth, noise)
    for _ in range(_PASSES):
        # A fold or a wave in the light is wider than a stroke; only now it is known how wide that is.
        narrow = _WIDE * _compute_stroke_width(strokes)
        if not strokes.any() or narrow >= window:
            break
        window = narrow
        depth, noise = _measure_depth(grey, window)
        strokes, level = _find_strokes(depth, noise)
    near = (depth > 2.5 * noise) & ndimage.maximum_filter(strokes, 2 * _compute_stroke_width(strokes) + 1)
    return np.where(near, (depth / np.float32(level)).clip(0, 1), np.float32(0))


def _measure_depth(grey: np.ndarray, window: float) -> tuple[np.ndarray, int]:
    """Measure how much darker than its paper a picture is.

    Args:
        grey: (h, w) uint8.
        window: no stroke is as wide, in pixels.

    Returns:
        (h, w) int16 grey levels, 0 where there is paper or its ruling, below 0 only by noise; and the noise, one
        standard deviation in grey levels.
    """
    depth = _compute_paper(grey, window).astype(np.int16) - grey
    counts = np.bincount((depth + 255).ravel(), minlength=511)
    # The commonest depth in the lighter half is the paper's; smoothing by a peak keeps an exact level where it is.
    smooth = np.convolve(counts, [1, 2, 3, 2, 1], mode="same")
    offset = int(smooth[: 256 + max(0, int(depth.max())) // 2].argmax()) - 255
    noise = _compute_noise(counts, offset)
    depth -= offset
    depth[find_ruling(depth > max(_LEAST_CONTRAST, 4 * noise))] = 0
    return depth, noise


def _find_strokes(depth: np.ndarray, noise: int) -> tuple[np.ndarray, float]:
    """Find clear strokes by depth (h, w) int16: a mask of that shape, and the depth of the darkest ink, 1 if none."""
    least = max(_LEAST_CONTRAST, 4 * noise)
    clear = ndimage.uniform_filter(depth.astype(np.float32), 3)
    standing_out = clear[clear > least]
    level = float(np.percentile(standing_out, _DARKEST)) if standing_out.size else 1.0
    return clear > max(least, 0.35 * level), level


def _has_light_ink(coarse: np.ndarray) -> bool:
    """Whether ink is lighter than paper in (h, w) float32: the rarer shade is ink, or the one off the border."""
    # Against its surroundings, light that falls off across the sheet disappears and the rim of a table evens out. Of
    # windows of 0.1 to 0.4 of the side, 0.3 errs on none of the first 2,000 MNIST test digits, cropped tightly or not.
    window = max(3, int(0.3 * max(coarse.shape)) | 1)
    level = coarse - ndimage.uniform_filter(coarse, window, mode="nearest")
    spread = float(level.std())
    if spread < 1e-3:
        return False
    skew = float(((level / spread) ** 3).mean())
    if abs(skew) >= 0.5:
        return skew > 0
    border = np.concatenate([coarse[0], coarse[-1], coarse[:, 0], coarse[:, -1]])
    return float(border.mean()) < float(coarse.mean())


def _compute_paper(grey: np.ndarray, window: float) -> np.ndarray:
    """Estimate the paper under dark strokes, (h, w) uint8: those narrower than a window, in pixels, are closed."""
    height, width = grey.shape
    coarse, factor = coarsen(grey)
    cells = 2 * max(2, int(window / factor / 2)) + 1
    # A shadow that leaves the picture must look as if it went on, or the closing takes its end for a stroke.
    margin = cells // 2 + 1
    closed = ndimage.grey_closing(np.pad(coarse, margin, mode="edge"), (cells, cells))
    paper = Image.fromarray(closed[margin:-margin, margin:-margin])
    if factor == 1:
        return np.asarray(paper)
    # The last blocks may be partial, so the picture covers only this much of its coarse copy.
    covered = (0, 0, width / factor, height / factor)
    return np.asarray(paper.resize((width, height), Image.Resampling.BILINEAR, box=covered))


def _compute_noise(counts: np.ndarray, offset: int) -> int:
    """Return the paper's noise, one standard deviation in grey levels, from the side where no ink is: the lighter.

    Args:
        counts: (511,) pixels by depth, from -255.
        offset: depth of the paper.
    """
    lighter = counts[: offset + 256][::-1].astype(np.float64)  # by distance from the paper's level
    lighter[0] /= 2
    return int(np.searchsorted(np.cumsum(lighter), 0.683 * lighter.sum()))


def _compute_stroke_width(strokes: np.ndarray) -> int:
    """Return the mean width in pixels of the strokes in a mask (h, w): twice their area over their outline."""
    outline = int((strokes & ~ndimage.binary_erosion(strokes)).sum())
    return math.ceil(2 * int(strokes.sum()) / max(1, outline))


def prepare_digit(
    ink: np.ndarray,
    box: Box | None = None,
    *,
    tighten: bool = True,
    keep_aspect: bool = True,
    centre_mass: bool = True,
) -> Preparation | None:
    """Prepare one digit as MNIST's were: fitted into 20×20, centre of mass at the middle of 28×28.

    The three steps are only ever switched off to show what they are worth.

    Args:
        ink: (h, w) float32 in [0, 1].
        box: (left, top, right, bottom) in pixels around the digit; None for the whole picture.
        tighten: draw the box as close as the ink allows and fit it into 20×20; else it fills all 28×28.
        keep_aspect: scale both sides alike; else the box is stretched to a square.
        centre_mass: bring the centre of mass to the middle; else the middle of the box.

    Returns:
        Every step; None if there is no ink.

    Source: LeCun et al. 1998, section III.A; Yadav and Bottou 2019, Cold Case: the Lost MNIST Digits, section 2.
    """
    left, top, right, bottom = box or (0, 0, ink.shape[1], ink.shape[0])
    inside = ink[top:bottom, left:right]
    strokes = inside > EDGE * inside.max(initial=0)
    rows, columns = np.flatnonzero(strokes.any(axis=1)), np.flatnonzero(strokes.any(axis=0))
    if not rows.size:
        return None
    if tighten:
        inside = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        left, top = left + int(columns[0]), top + int(rows[0])
    fitted = _fit(inside, FIT if tighten else SIDE, keep_aspect)
    tight = (left, top, left + inside.shape[1], top + inside.shape[0])
    return Preparation(inside, tight, fitted, _place(fitted, centre_mass))


def _fit(ink: np.ndarray, side: int, keep_aspect: bool) -> np.ndarray:
    """Scale (h, w) float32 until its longer side, or each, is `side`, by the ink over each new pixel; largest ink 1."""
    longest = max(ink.shape)
    rows, columns = (_compute_weights(n, side / (longest if keep_aspect else n)) for n in ink.shape)
    fitted: np.ndarray = rows @ ink @ columns.T
    fitted /= fitted.max()
    return fitted


def _compute_weights(n: int, scale: float) -> np.ndarray:
    """Weights (m, n) float32 that resample n pixels, centred, to m = n·scale rounded up.

    Reducing averages over area; enlarging interpolates linearly; a scale of 1 copies.
    """
    m = max(1, math.ceil(n * scale - 1e-6))
    centres = (np.arange(m) + 0.5 - (m - n * scale) / 2) / scale
    half = max(0.5, 0.5 / scale)
    distances = np.abs(centres[:, None] - (np.arange(n) + 0.5))
    return ((half + 0.5 - distances).clip(0, 1) / (2 * half)).astype(np.float32)


def _place(fitted: np.ndarray, centre_mass: bool) -> np.ndarray:
    """Place (h, w) float32 in 28×28 uint8 by the whole shift that brings its centre, of mass or not, to the middle."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    corner = []
    for axis, length in enumerate(fitted.shape):
        mass = fitted.sum(axis=1 - axis, dtype=np.float64) if centre_mass else np.ones(length)
        centre = mass @ np.arange(length) / mass.sum()
        # A symmetric digit lies exactly between two shifts; rounding errors must not choose.
        shift = math.ceil(CENTRE - 0.5 - centre - 1e-4)
        corner.append(min(max(shift, 0), SIDE - length))
    top, left = corner
    image[top : top + fitted.shape[0], left : left + fitted.shape[1]] = np.rint(255 * fitted)
    return image
