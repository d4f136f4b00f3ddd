"""TinyVGG: two convolutions and a linear layer, no batch norm, no dropout."""

from torch import nn

from core.models.width import scale_units


def build_tinyvgg(width: float) -> nn.Module:
    """Build the network.

    Args:
        width: factor on the channels.

    Source: a published notebook that trains it by plain SGD; it reports 97.59 %.
    """
    channels = scale_units(10, width)
    return nn.Sequential(
        nn.Conv2d(1, channels, 3),  # (n, channels, 26, 26)
        nn.ReLU(),
        nn.Conv2d(channels, channels, 1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, channels, 13, 13)
        nn.Flatten(),
        nn.Linear(channels * 13 * 13, 10),  # (n, 10)
    )
