"""S5: four unpadded convolutions that double their channels, under two linear layers."""

from torch import nn

from core.models.width import scale_units


def build_s5(width: float) -> nn.Module:
    """Build the network.

    Args:
        width: factor on the channels and hidden units.

    Source: the first model of a published course notebook.
    """
    channels = [scale_units(units, width) for units in (32, 64, 128, 256)]
    hidden = scale_units(50, width)
    return nn.Sequential(
        nn.Conv2d(1, channels[0], 3),  # (n, 32, 26, 26) at width 1
        nn.ReLU(),
        nn.Conv2d(channels[0], channels[1], 3),  # (n, 64, 24, 24)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 64, 12, 12)
        nn.Conv2d(channels[1], channels[2], 3),  # (n, 128, 10, 10)
        nn.ReLU(),
        nn.Conv2d(channels[2], channels[3], 3),  # (n, 256, 8, 8)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 256, 4, 4)
        nn.Flatten(),  # (n, 4096)
        nn.Linear(channels[3] * 4 * 4, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 10),  # (n, 10)
    )
