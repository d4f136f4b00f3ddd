"""The pointer: a small network in which every pixel of ink points at the middle of the digit it belongs to."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from core.models.conv_norm_relu import conv_norm_relu

# Made by `python -m core.reading.train`.
WEIGHTS = Path(__file__).with_suffix(".safetensors")
# Both sides of what it sees must be multiples of this.
STEP = 8


class Pointer(nn.Module):
    """Three steps down and three up, with what each step down saw handed across.

    Source: Ronneberger et al. 2015, U-Net; pointing at the middle of an object is from Cheng et al. 2020,
    Panoptic-DeepLab. Depth and widths are this project's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [
                nn.Sequential(*conv_norm_relu(1, 12), *conv_norm_relu(12, 12)),
                nn.Sequential(*conv_norm_relu(12, 24, stride=2), *conv_norm_relu(24, 24)),
                nn.Sequential(*conv_norm_relu(24, 48, stride=2), *conv_norm_relu(48, 48)),
                nn.Sequential(*conv_norm_relu(48, 64, stride=2), *conv_norm_relu(64, 64), *conv_norm_relu(64, 64)),
            ]
        )
        self.up = nn.ModuleList(
            [
                nn.ConvTranspose2d(64, 48, 2, stride=2),
                nn.ConvTranspose2d(48, 24, 2, stride=2),
                nn.ConvTranspose2d(24, 12, 2, stride=2),
            ]
        )
        self.join = nn.ModuleList([nn.Sequential(*conv_norm_relu(2 * n, n)) for n in (48, 24, 12)])
        self.head = nn.Conv2d(12, 1, 1)

    def forward(self, ink: Tensor) -> Tensor:
        """Map ink (n, 1, h, w) in [0, 1], sides multiples of 8, to where the digits' middles are.

        Returns:
            (n, 1, h, w), how far right of each pixel the middle of its digit lies, in heights of the line.
        """
        seen = []
        for down in self.down:
            ink = down(ink)
            seen.append(ink)
        ink = seen.pop()
        for up, join in zip(self.up, self.join, strict=True):
            ink = join(torch.cat([up(ink), seen.pop()], 1))
        offset: Tensor = self.head(ink)
        return offset
