"""Where the digits of a line are: every pixel of ink points at the middle of the digit it belongs to.

Digits that touch, or reach over each other, point apart although no straight cut could part them; the pieces of a
broken digit point at one place although nothing joins them.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from core.models.pointer import STEP, WEIGHTS, Pointer
from core.training.checkpoint import load_weights

# Height of a line when it is looked at: strokes like MNIST's are some 5 pixels wide then.
WORK_HEIGHT = 32
# A pixel is ink from here.
INK_FROM = 0.3
# White around the line, so that its ends look like ends.
_MARGIN = 8
# A line is looked at in these sizes, and the middles it points at are averaged: numbers of touching validation digits
# part a little better so, by not much more than chance moves such figures.
_SIZES = (1.0, 1.15)
# How much votes are smoothed, in pixels: less finds more places to cut, more of them wrong. Of 4,500 numbers of
# touching validation digits, as they are and deformed, 0.5 reads seven more than 0.7.
_SMOOTHING = 0.5
# A heap of votes below this, in pixels of ink, is none.
_LEAST_HEAP = 0.5
# No digit has less ink than this share of its squared height: a thin 1 has some 0.08.
_LEAST_INK = 0.015


def find_segments(strokes: np.ndarray, height: float) -> np.ndarray:
    """Part the ink of a line at every place where digits may end, from left to right.

    Args:
        strokes: (h, w) bool.
        height: of its digits in pixels.

    Returns:
        (h, w) int32, the number of the segment from 0; pixels without ink have that of the nearest ink.
    """
    shades = shrink(strokes, height)
    clear = shades > INK_FROM
    if not clear.any():
        return np.zeros(strokes.shape, np.int32)
    across = np.arange(shades.shape[1]) + WORK_HEIGHT * compute_offsets(shades)
    segments = np.searchsorted(_find_places(across[clear], shades[clear]), across)
    nearest = ndimage.distance_transform_edt(~clear, return_distances=False, return_indices=True)
    rows, columns = (
        np.minimum(np.arange(side) * small // side, small - 1)
        for side, small in zip(strokes.shape, shades.shape, strict=True)
    )
    whole = segments[tuple(nearest)][rows[:, None], columns]
    # A segment that lies in soft edges alone is none.
    present = np.unique(whole[strokes])
    compact: np.ndarray = np.searchsorted(present, whole).clip(0, present.size - 1).astype(np.int32)
    return compact


def shrink(strokes: np.ndarray, height: float) -> np.ndarray:
    """Scale strokes (h, w) bool until the digits are WORK_HEIGHT high; float32 in [0, 1]."""
    h, w = (max(1, round(side * WORK_HEIGHT / height)) for side in strokes.shape)
    small = Image.fromarray(strokes.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


def compute_offsets(shades: np.ndarray) -> np.ndarray:
    """Return how far right of each pixel (h, w) the middle of its digit lies, in heights of the line; float32."""
    h, w = shades.shape
    picture = Image.fromarray(shades)
    total = np.zeros((h, w), np.float32)
    for size in _SIZES:
        resized = picture.resize((max(1, round(w * size)), max(1, round(h * size))), Image.Resampling.BICUBIC)
        offsets = Image.fromarray(_point(np.asarray(resized).clip(0, 1)) * (w / resized.width))
        total += np.asarray(offsets.resize((w, h), Image.Resampling.BILINEAR))
    return total / len(_SIZES)


@torch.inference_mode()
def _point(shades: np.ndarray) -> np.ndarray:
    """Return what the pointer says of shades (h, w) float32 in [0, 1]: (h, w) float32 in heights of work."""
    h, w = shades.shape
    padded = np.pad(shades, ((_MARGIN, _MARGIN + -h % STEP), (_MARGIN, _MARGIN + -w % STEP)))
    pixels = torch.from_numpy(padded)[None, None].contiguous(memory_format=torch.channels_last)
    offsets: np.ndarray = _load_pointer()(pixels)[0, 0, _MARGIN : _MARGIN + h, _MARGIN : _MARGIN + w].numpy()
    return offsets


def _find_places(across: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Find where fewest point to, between any two heaps of votes; (k,) columns from left to right.

    Args:
        across: (n,) columns pointed at.
        weights: (n,) ink of each pixel.
    """
    first = int(np.floor(across.min())) - 4
    votes = np.bincount(np.rint(across).astype(int) - first, weights, minlength=int(across.max()) - first + 6)
    heaps = ndimage.gaussian_filter1d(votes, _SMOOTHING)
    is_top = (heaps[1:-1] >= heaps[:-2]) & (heaps[1:-1] > heaps[2:]) & (heaps[1:-1] > _LEAST_HEAP)
    tops = np.flatnonzero(is_top) + 1
    places = []
    for a, b in pairwise(tops):
        valley = heaps[a : b + 1]
        places.append(a + float(np.flatnonzero(valley <= valley.min() + 1e-6).mean()) + first)
    return _drop_specks(np.array(places), across, weights)


def _drop_specks(places: np.ndarray, across: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Leave out places (k,) until every segment has ink enough: the lightest goes with the lighter one beside it."""
    while places.size:
        ink = np.bincount(np.searchsorted(places, across), weights, minlength=places.size + 1)
        lightest = int(ink.argmin())
        if ink[lightest] >= _LEAST_INK * WORK_HEIGHT**2:
            break
        sides = [side for side in (lightest - 1, lightest + 1) if 0 <= side < ink.size]
        other = min(sides, key=lambda side: ink[side])
        places = np.delete(places, min(lightest, other))
    return places


@lru_cache(maxsize=1)
def _load_pointer() -> Pointer:
    network = Pointer()
    load_weights(WEIGHTS, network)
    return network.to(memory_format=torch.channels_last).eval()
