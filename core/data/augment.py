"""Random changes to a whole batch of digits at once: one resampling, however many kinds of change are on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from core.data.affine import compute_affine_grid

if TYPE_CHECKING:
    from core.config import AugmentConfig


def is_active(config: AugmentConfig) -> bool:
    """Whether the settings change anything."""
    return _moves_pixels(config) or any((config.stroke_width, config.erase, config.brightness, config.contrast))


def augment(images: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Change each image at random: the strokes' width, their shape, then a blot, then brightness, then contrast.

    Args:
        images: (n, 1, h, w) float32 in [0, 1], on the generator's device; not changed.
        config: which changes, and how far.
        generator: source of all chance; the same state gives the same result.

    Returns:
        Same shape and range; `images` itself if nothing is on.
    """
    if not is_active(config):
        return images
    n, _, height, width = images.shape
    if config.stroke_width:
        images = _change_stroke_width(images, config, generator)
    if _moves_pixels(config):
        grid = compute_affine_grid(_draw_inverse_affine(n, config, generator), height, width)
        if config.elastic:
            # A pixel is 2/side wide in the grid's coordinates, which run from -1 to 1.
            pixel = torch.tensor([2 / width, 2 / height], device=images.device)
            grid = grid + _draw_elastic_field(n, height, width, config, generator) * pixel
        if config.perspective:
            grid = grid / _draw_distances(n, height, width, config, generator)
        images = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    if config.erase:
        images = images.masked_fill(_draw_blots(n, height, width, config, generator), 0.0)
    if config.brightness:
        images = (images * _draw(n, config.brightness, generator, around=1.0)[:, None, None, None]).clamp(0, 1)
    if config.contrast:
        factor = _draw(n, config.contrast, generator, around=1.0)[:, None, None, None]
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        images = mean + factor * (images - mean)
    return images.clamp_(0, 1)  # whatever is on has made them anew


def _moves_pixels(config: AugmentConfig) -> bool:
    return any((config.rotate, config.shift, config.scale, config.shear, config.elastic, config.perspective))


def _draw(n: int, limit: float, generator: torch.Generator, around: float = 0.0) -> Tensor:
    """Draw (n,) float32 uniformly within ±limit of `around`; nothing is drawn where the limit is 0."""
    if not limit:
        return torch.full((n,), around, device=generator.device)
    return around + limit * (2 * torch.rand(n, generator=generator, device=generator.device) - 1)


def _draw_inverse_affine(n: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Draw (n, 2, 3) maps from places in the result to places in the image: shift, rotation, slant, size undone.

    The image was scaled by s, slanted (x + k·y), rotated by a, then shifted by t, so the way back is
    x = (1/s) · slant(-k) · rotation(-a) · (y - t).
    """
    # The grid's side is 2.
    limits = [math.radians(config.rotate), math.radians(config.shear), config.scale, 2 * config.shift, 2 * config.shift]
    angle, lean, change, right, down = _draw_each(n, limits, generator)
    slant, size = torch.tan(lean), 1 + change
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    x_x, x_y = cos + slant * sin, sin - slant * cos
    rows = [x_x, x_y, -(x_x * right + x_y * down), -sin, cos, sin * right - cos * down]
    return torch.stack(rows, dim=1).view(n, 2, 3)


def _draw_each(n: int, limits: list[float], generator: torch.Generator) -> list[Tensor]:
    """Draw (n,) float32 uniformly within ± each limit, all at once; nothing is drawn for a limit of 0."""
    drawn = sum(limit > 0 for limit in limits)
    chance = iter(2 * torch.rand((drawn, n), generator=generator, device=generator.device) - 1)
    return [limit * next(chance) if limit else torch.zeros(n, device=generator.device) for limit in limits]


def _draw_elastic_field(n: int, height: int, width: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Draw (n, h, w, 2) displacements in pixels, smooth in space, whose root mean square length is `elastic` per image.

    Source: Simard, Steinkraus and Platt 2003, Best practices for convolutional neural networks, section 2.
    """
    noise = torch.randn((n, 2, height, width), generator=generator, device=generator.device)
    across = _build_smoothing(width, config.elastic_smoothness, noise.device)
    down = _build_smoothing(height, config.elastic_smoothness, noise.device)
    field = (down @ noise @ across.T).permute(0, 2, 3, 1)  # (n, h, w, 2)
    length = field.square().sum(dim=3).mean(dim=(1, 2)).sqrt()
    return field * (config.elastic / length)[:, None, None, None]


def _draw_distances(n: int, height: int, width: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Draw (n, h, w, 1) distances of the places on a sheet tilted any way.

    The middle has 1, the middle of an edge at most 1 ± perspective.
    """
    way = _draw(n, math.pi, generator)
    tilt = torch.stack([torch.cos(way), torch.sin(way)], dim=1) * _draw(n, config.perspective, generator)[:, None]
    across = (2 * torch.arange(width, device=tilt.device) + 1) / width - 1  # places from -1 to 1, as in the grid
    down = (2 * torch.arange(height, device=tilt.device) + 1) / height - 1
    return (1 + tilt[:, :1, None] * across + tilt[:, 1:, None] * down[:, None])[..., None]


def _change_stroke_width(images: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Widen or narrow the strokes of (n, 1, h, w) images, each by its own number of pixels.

    Narrowing keeps what is too thin to be narrowed, and its brightest pixel as bright as it was.
    """
    change = _draw(len(images), config.stroke_width, generator)[:, None, None, None]
    narrowing, brightest = change < 0, images.amax(dim=(1, 2, 3), keepdim=True)
    # Half of the change on either side of a stroke, at most a pixel of it at once.
    for begun in range(math.ceil(config.stroke_width / 2)):
        border = (change.abs() / 2 - begun).clamp(0, 1)
        spread = _spread(torch.where(narrowing, 1 - images, images), border)
        # What is lost by narrowing and does not come back by widening was a stroke, not a border of one.
        lost = images - _spread(1 - spread, border)
        images = torch.where(narrowing, torch.maximum(1 - spread, lost), spread)
    left = images.amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
    return torch.where(narrowing, images * brightest / left, images)


def _spread(light: Tensor, border: Tensor) -> Tensor:
    """Make each pixel of (n, 1, h, w) at least as light as its neighbours times `border` (n, 1, 1, 1) in [0, 1].

    Diagonal neighbours count with its square, as the two axes take turns.
    Source: grey-value dilation by a structuring element that is not flat, with a product in place of a difference.
    """
    light = F.pad(light, (1, 1, 1, 1))
    light = torch.maximum(light[..., 1:-1], border * torch.maximum(light[..., 2:], light[..., :-2]))
    return torch.maximum(light[:, :, 1:-1], border * torch.maximum(light[:, :, 2:], light[:, :, :-2]))


def _build_smoothing(side: int, sigma: float, device: torch.device) -> Tensor:
    """Build the (side, side) matrix that smooths along one axis by a Gaussian.

    Its rows have unit length, not unit sum: smoothed noise then is equally strong at the border and in the middle.
    """
    place = torch.arange(side, dtype=torch.float32, device=device)
    weights = torch.exp(-((place[:, None] - place[None, :]) ** 2) / (2 * sigma**2))
    return weights / weights.square().sum(dim=1, keepdim=True).sqrt()


def _draw_blots(n: int, height: int, width: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Draw an (n, 1, h, w) mask: with probability `erase` a square anywhere inside the image."""
    side = max(1, round(config.erase_size * min(height, width)))
    chance = torch.rand((3, n), generator=generator, device=generator.device)
    top = (chance[0] * (height - side + 1)).floor()[:, None]
    left = (chance[1] * (width - side + 1)).floor()[:, None]
    row = torch.arange(height, device=chance.device)
    column = torch.arange(width, device=chance.device)
    in_rows = (row >= top) & (row < top + side)  # (n, h)
    in_columns = (column >= left) & (column < left + side)  # (n, w)
    blotted = (chance[2] < config.erase)[:, None, None]
    return (in_rows[:, :, None] & in_columns[:, None, :] & blotted)[:, None]
