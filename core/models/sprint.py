"""Sprint: the network for short training on a laptop."""

from torch import nn

from core.models.conv_norm_relu import conv_norm_relu
from core.models.width import scale_units


def build_sprint(width: float) -> nn.Module:
    """Build three convolutions and a linear layer; a stride of 2 at once leaves little to compute at full size.

    Args:
        width: factor on the channels.

    Source: this project.
    """
    first, second, third = (scale_units(units, width) for units in (16, 32, 48))
    return nn.Sequential(
        *conv_norm_relu(1, first, 5, stride=2, padding=2),  # (n, first, 14, 14)
        *conv_norm_relu(first, second),
        nn.MaxPool2d(2),  # (n, second, 7, 7)
        *conv_norm_relu(second, third),
        nn.MaxPool2d(2),  # (n, third, 3, 3)
        nn.Flatten(),  # (n, 432) at width 1
        nn.Linear(third * 3 * 3, 10),  # (n, 10)
    )
