"""A digit as it is and gently changed, for answers that are averaged over all of it."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from core.data.affine import compute_affine_grid

# Turned so many degrees, so many times as large, slanted so many columns a row; the first is the digit as it is.
CHANGES = ((0, 1, 0), (8, 1, 0), (-8, 1, 0), (0, 1.06, 0), (0, 1 / 1.06, 0), (0, 1, 0.15), (0, 1, -0.15))
# Moved so many pixels right and down. A digit that was set upright has its slant and size from its ink: turned, slanted
# or larger it would come out the same, and what is done to it afterwards it was not trained for. Chosen on validation
# digits, as were those above.
SHIFTS = ((0, 0), (0.7, 0), (-0.7, 0), (0, 0.7), (0, -0.7))


def list_views(images: Tensor) -> list[Tensor]:
    """Return the images as they are, turned either way, larger, smaller, and slanted either way.

    Args:
        images: (n, 1, h, w) float32 in [0, 1], 0 being paper.

    Returns:
        Seven tensors of the same shape, the first being `images` itself.
    """
    return [images, *(_change(images, *change) for change in CHANGES[1:])]


def list_shifts(images: Tensor) -> list[Tensor]:
    """Return the images as they are, and moved by less than a pixel to each side, as `list_views` does.

    Returns:
        Five tensors of the same shape, the first being `images` itself.
    """
    return [images, *(_shift(images, *shift) for shift in SHIFTS[1:])]


def _change(images: Tensor, degrees: float, size: float, slant: float) -> Tensor:
    angle = math.radians(degrees)
    cos, sin = math.cos(angle) / size, math.sin(angle) / size
    # From places in the view to places in the image: the slant undone, then the turn and the size.
    return _resample(images, [[cos, sin - cos * slant, 0], [-sin, cos + sin * slant, 0]])


def _shift(images: Tensor, right: float, down: float) -> Tensor:
    height, width = images.shape[2:]
    # Places run from -1 to 1.
    return _resample(images, [[1, 0, -2 * right / width], [0, 1, -2 * down / height]])


def _resample(images: Tensor, way_back: list[list[float]]) -> Tensor:
    way = torch.tensor(way_back, device=images.device)
    grid = compute_affine_grid(way.expand(len(images), 2, 3), *images.shape[2:])
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
