"""A small densely connected network."""

import torch
from torch import Tensor, nn

from core.models.width import scale_units


class DenseLayer(nn.Module):
    """A convolution that adds `growth` new channels to those it was given."""

    def __init__(self, inputs: int, growth: int, dropout: float) -> None:
        super().__init__()
        self.new_features = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, growth, 3, padding=1, bias=False),
            nn.Dropout(dropout),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, inputs + growth, h, w)."""
        return torch.cat((features, self.new_features(features)), dim=1)


def _dense_block(inputs: int, growth: int, layers: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(*(DenseLayer(inputs + i * growth, growth, dropout) for i in range(layers)))


def _transition(inputs: int, outputs: int, dropout: float) -> tuple[nn.Module, ...]:
    """Return the layers between two dense blocks: fewer channels, half the side."""
    conv = nn.Conv2d(inputs, outputs, 1, bias=False)
    return nn.BatchNorm2d(inputs), nn.ReLU(), conv, nn.Dropout(dropout), nn.AvgPool2d(2)


def build_densenet_16(dropout: float | None, width: float) -> nn.Module:
    """Build three dense blocks of four layers, growth 16, with transitions that halve the channels.

    As in the paper's form for large pictures, the first convolution halves the side: the blocks at full size took most
    of the time.

    Args:
        dropout: probability in [0, 1) after every convolution but the first; None is 0.
        width: factor on the growth and on the channels of the stem.

    Source: Huang et al. 2017, Densely connected convolutional networks, section 3 (without bottlenecks).
    """
    rate = 0.0 if dropout is None else dropout
    layers, growth, stem = 4, scale_units(16, width), scale_units(24, width)
    first = stem + layers * growth
    second = first // 2 + layers * growth
    third = second // 2 + layers * growth
    return nn.Sequential(
        nn.Conv2d(1, stem, 5, stride=2, padding=2, bias=False),  # (n, 24, 14, 14) at width 1
        _dense_block(stem, growth, layers, rate),  # (n, 88, 14, 14)
        *_transition(first, first // 2, rate),  # (n, 44, 7, 7)
        _dense_block(first // 2, growth, layers, rate),  # (n, 108, 7, 7)
        *_transition(second, second // 2, rate),  # (n, 54, 3, 3)
        _dense_block(second // 2, growth, layers, rate),  # (n, 118, 3, 3)
        nn.BatchNorm2d(third),
        nn.ReLU(),
        nn.AvgPool2d(3),  # (n, 118, 1, 1)
        nn.Flatten(),
        nn.Linear(third, 10),  # (n, 10)
    )
