"""The dropout network: two convolutions, each with max pooling and dropout, under fully connected layers."""

from torch import nn

from core.models.fully_connected import fully_connected
from core.models.width import scale_units


def build_dropout_cnn(dropout: float | None, width: float) -> nn.Module:
    """Build the network. It returns logits: the softmax that its README names belongs to the loss and to prediction.

    Args:
        dropout: probability in [0, 1) for all three dropout layers; None is 0.25, 0.25 and 0.5.
        width: factor on the channels and hidden units.

    Source: a published README, which gives the order of the layers; sizes and rates are ours.
    """
    first, second, hidden = (scale_units(units, width) for units in (32, 64, 128))
    rates = (0.25, 0.25, 0.5) if dropout is None else (dropout,) * 3
    return nn.Sequential(
        nn.Conv2d(1, first, 3),  # (n, first, 26, 26)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, first, 13, 13)
        nn.Dropout(rates[0]),
        nn.Conv2d(first, second, 3),  # (n, second, 11, 11)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, second, 5, 5)
        nn.Dropout(rates[1]),
        nn.Flatten(),  # (n, 1600) at width 1
        *fully_connected((second * 5 * 5, hidden, 10), rates[2:]),
    )
