"""Thousand: how far fewer than a thousand parameters reach, by using the same ones again and again."""

import torch
from torch import Tensor, nn

from core.models.upright import SetUpright
from core.models.width import scale_units


class ScaleShift(nn.Module):
    """The factor and the summand of each channel that batch norm has, apart from its statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(channels, 1, 1))
        self.summand = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, channels, h, w) to the same shape."""
        return features * self.factor + self.summand


class RepeatedBlock(nn.Module):
    """A residual block that runs several times, with the same weights at each size of the picture.

    What it is given differs from time to time in scale, so the statistics that batch norm keeps are of each time alone.

    Args:
        channels: in and out.
        repeats: how often it runs at each size; between sizes the larger of each two by two places is taken.

    Source: depthwise separable convolutions, Chollet 2017; recursion, Kim et al. 2016, Deeply-recursive convolutional
        network; statistics for each recursion, Cooijmans et al. 2017, Recurrent batch normalization.
    """

    def __init__(self, channels: int, repeats: tuple[int, ...]) -> None:
        super().__init__()
        self.repeats = repeats
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels, affine=False) for _ in range(sum(repeats)))
        self.scale_shift = ScaleShift(channels)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, channels, h, w) to as many channels, half as high and wide at each further size."""
        norms = iter(self.norms)
        for size, times in enumerate(self.repeats):
            if size:
                features = self.pool(features)
            for _ in range(times):
                change = next(norms)(self.pointwise(self.depthwise(features)))
                features = features + self.relu(self.scale_shift(change))
        return features


def build_thousand(width: float) -> nn.Module:
    """Build one block that runs four times on upright digits of one size, and a weight for each row and column.

    Where a feature lies counts once all digits stand alike; a weight for each place and channel would take more than
    all the rest, so a place weighs the product of its row's weight and its column's.

    Args:
        width: factor on the channels.

    Source: this project.
    """
    channels = scale_units(16, width)
    rows = nn.Conv2d(channels, channels, (7, 1), groups=channels, bias=False)
    columns = nn.Conv2d(channels, channels, (1, 7), groups=channels, bias=False)
    for line in (rows, columns):
        nn.init.normal_(line.weight, mean=1 / 7, std=0.1 / 7)  # the mean of all places, nearly
    return nn.Sequential(
        SetUpright(resizes=True),  # (n, 1, 28, 28)
        nn.Conv2d(1, channels, 3, stride=2, padding=1, bias=False),  # (n, channels, 14, 14)
        nn.BatchNorm2d(channels, affine=False),
        nn.ReLU(),
        RepeatedBlock(channels, (2, 2)),  # (n, channels, 7, 7)
        rows,  # (n, channels, 1, 7)
        columns,  # (n, channels, 1, 1)
        nn.Flatten(),  # (n, channels), 16 at width 1
        nn.Linear(channels, 10),  # (n, 10)
    )
