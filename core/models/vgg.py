"""A plain deep network: pairs of convolutions, pooling between them."""

from torch import nn

from core.models.conv_norm_relu import conv_norm_relu
from core.models.width import scale_units


def build_vgg_7(width: float) -> nn.Module:
    """Build three pairs of 3×3 convolutions, 32, 64 and 128 channels, and a linear layer over their averages.

    Args:
        width: factor on the channels.

    Source: Simonyan and Zisserman 2015, Very deep convolutional networks, section 2.1, with the batch norm of Ioffe and
    Szegedy 2015 and the global average pooling of Lin et al. 2014; depth and widths are this project's.
    """
    first, second, third = (scale_units(units, width) for units in (32, 64, 128))
    return nn.Sequential(
        *conv_norm_relu(1, first),  # (n, first, 28, 28)
        *conv_norm_relu(first, first),
        nn.MaxPool2d(2),  # (n, first, 14, 14)
        *conv_norm_relu(first, second),
        *conv_norm_relu(second, second),
        nn.MaxPool2d(2),  # (n, second, 7, 7)
        *conv_norm_relu(second, third),
        *conv_norm_relu(third, third),
        nn.AvgPool2d(7),  # (n, third, 1, 1)
        nn.Flatten(),
        nn.Linear(third, 10),  # (n, 10)
    )
