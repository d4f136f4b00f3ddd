"""Upright: digits that lean are set upright first, so that a short training need not learn every slant."""

import math
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from core.data.affine import compute_affine_grid
from core.models.conv_norm_relu import conv_norm_relu
from core.models.width import scale_units

# Of the ink of digits set upright, the usual variance along x and y; sides run from -1 to 1. Medians of 5,000 training
# digits of MNIST. No digit is changed more than so many times in size: a one stays thin.
USUAL_SPREAD = (0.064, 0.157)
LEAST_SIZE, MOST_SIZE = 0.75, 1.35

FILTER_SIDE, FILTER_STRIDE = 5, 2
FILTER_SIGMA = 1.2
STROKE_WIDTH = 0.96
N_DIRECTIONS = 16


class SetUpright(nn.Module):
    """Slant each picture back by the slant of its ink, and bring the ink's centre of mass to the middle.

    The slant is the covariance of the ink's columns and rows over the variance of its rows: the line x = k·y that runs
    along the stroke of a one becomes upright. It has no weights, and a picture's change is no part of its gradient.

    Args:
        resizes: whether the ink is then also brought to its usual spread, along each axis by itself.

    Source: deskewing, LeCun et al. 1998, Gradient-based learning applied to document recognition, section III.C.1;
        sizes by moments, Casey 1970, Moment normalization of handprinted characters.
    """

    def __init__(self, *, resizes: bool = False) -> None:
        super().__init__()
        self.resizes = resizes

    def forward(self, images: Tensor) -> Tensor:
        """Return images (n, 1, h, w) of any range, their smallest value being paper, resampled to the same shape."""
        with _without_autocast(images.device.type):  # moments need all digits of float32
            grid = compute_affine_grid(_compute_way_back(images.detach(), self.resizes), *images.shape[2:])
            # What comes in from outside is paper, as the border is.
            upright: Tensor = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
            return upright


def _without_autocast(device_type: str) -> AbstractContextManager[object]:
    # On the device meta, where networks are only described, there is none to turn off, and asking for it fails.
    available = torch.amp.is_autocast_available(device_type)
    return torch.autocast(device_type, enabled=False) if available else nullcontext()


def _compute_way_back(images: Tensor, resizes: bool) -> Tensor:
    """Return the maps (n, 2, 3) from places in the upright pictures to places in the (n, 1, h, w) images."""
    ink = images.flatten(1) - images.amin(dim=(1, 2, 3))[:, None]
    moments = F.linear(ink, _list_powers(*images.shape[2:], images.device))  # (n, 6)
    mass = moments[:, :1].clamp(min=1e-6)  # of a blank picture all moments are 0, and nothing moves
    mean_x, mean_y, mean_xy, mean_yy, mean_xx = (moments[:, 1:] / mass).unbind(1)
    variance_y = (mean_yy - mean_y**2).clamp(min=1e-6)
    covariance = mean_xy - mean_x * mean_y
    slant = covariance / variance_y
    width = height = torch.ones_like(slant)
    if resizes:
        variance_x = (mean_xx - mean_x**2 - slant * covariance).clamp(min=1e-6)  # of what has been set upright
        width, height = (
            (variance / usual).sqrt().clamp(LEAST_SIZE, MOST_SIZE)
            for variance, usual in zip((variance_x, variance_y), USUAL_SPREAD, strict=True)
        )
        is_blank = moments[:, 0] < 1e-6
        width, height = width.masked_fill(is_blank, 1.0), height.masked_fill(is_blank, 1.0)
    zero = torch.zeros_like(slant)
    return torch.stack([width, slant * height, mean_x, zero, height, mean_y], dim=1).view(-1, 2, 3)


@lru_cache(maxsize=16)
def _list_powers(height: int, width: int, device: torch.device) -> Tensor:
    """Return 1, x, y, x·y, y² and x² of every place (6, height·width), x and y from -1 to 1."""
    y, x = ((2 * torch.arange(side, device=device) + 1) / side - 1 for side in (height, width))
    x, y = x.repeat(height), y.repeat_interleave(width)
    return torch.stack([torch.ones_like(x), x, y, x * y, y**2, x**2])


def build_filters() -> Tensor:
    """Return (32, 1, 5, 5) filters of mean 0 and length 1: 16 edges, then 8 light strokes and 8 dark ones."""
    place = torch.arange(FILTER_SIDE) - (FILTER_SIDE - 1) / 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    window = torch.exp(-(x**2 + y**2) / (2 * FILTER_SIGMA**2))
    turn = torch.arange(N_DIRECTIONS) / N_DIRECTIONS
    edges = _project(x, y, 2 * math.pi * turn)
    strokes = 1 - (_project(x, y, 2 * math.pi * turn[: N_DIRECTIONS // 2]) / STROKE_WIDTH) ** 2
    filters = window * torch.cat([edges, strokes, -strokes])
    filters = filters - filters.mean(dim=(1, 2), keepdim=True)
    length: Tensor = filters.flatten(1).norm(dim=1)
    return (filters / length[:, None, None])[:, None]


def _project(x: Tensor, y: Tensor, angles: Tensor) -> Tensor:
    """Return how far each place lies in each direction, (angles, h, w)."""
    return x * torch.cos(angles)[:, None, None] + y * torch.sin(angles)[:, None, None]


def build_upright(width: float) -> nn.Module:
    """Build known edge filters, two convolutions that learn, and a linear layer, on digits set upright.

    The edges are not learned: nothing before the second convolution needs a gradient, and the few steps of a short
    training go to what must be learned. Pooling comes before batch norm and ReLU, which then have a quarter to do.

    Args:
        width: factor on the channels that are learned.

    Source: this project; Gabor-like filters, Daugman 1985; a fixed first stage, Bruna and Mallat 2013.
    """
    second, third = (scale_units(units, width) for units in (32, 64))
    return nn.Sequential(
        SetUpright(),  # (n, 1, 28, 28)
        EdgeFilters(),  # (n, 32, 12, 12)
        nn.MaxPool2d(2),  # (n, 32, 6, 6)
        nn.BatchNorm2d(2 * N_DIRECTIONS, affine=False),
        nn.ReLU(),
        *conv_norm_relu(2 * N_DIRECTIONS, second),
        nn.Conv2d(second, third, 3, bias=False),  # (n, third, 4, 4)
        nn.MaxPool2d(2),  # (n, third, 2, 2)
        nn.BatchNorm2d(third),
        nn.ReLU(),
        nn.Flatten(),  # (n, 256) at width 1
        nn.Linear(third * 2 * 2, 10),  # (n, 10)
    )


class EdgeFilters(nn.Conv2d):
    """A convolution over one channel whose weights no optimiser changes, computed as one product of matrices.

    A kernel made for many channels takes twice as long over one, and its answer does not lie channels last.
    """

    def __init__(self) -> None:
        super().__init__(1, 2 * N_DIRECTIONS, FILTER_SIDE, stride=FILTER_STRIDE, bias=False)
        self.weight = nn.Parameter(build_filters(), requires_grad=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return (n, 32, 12, 12), channels last, of images (n, 1, 28, 28)."""
        places = images.squeeze(1).unfold(1, FILTER_SIDE, FILTER_STRIDE).unfold(2, FILTER_SIDE, FILTER_STRIDE)
        # Copied with the kernel's places outermost, rows of twelve move at once instead of rows of five.
        patches = places.permute(3, 4, 0, 1, 2).reshape(FILTER_SIDE**2, -1)  # (25, n·12·12)
        edges = F.linear(patches.T, self.weight.flatten(1))
        return edges.view(*places.shape[:3], -1).permute(0, 3, 1, 2)
