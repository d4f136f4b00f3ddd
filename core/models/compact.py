"""The compact networks: running sums of thin convolutions, 13,244 and 6,716 parameters."""

from torch import Tensor, nn

from core.models.conv_norm_relu import conv_norm_relu
from core.models.width import scale_units


class CumulativeSum(nn.Module):
    """A chain of convolutions that returns its input plus the output of every one of them.

    Each layer is fed by the layer before it, not by the sum.
    """

    def __init__(self, layers: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(*conv_norm_relu(channels, channels), nn.Dropout(dropout)) for _ in range(layers)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (n, channels, h, w) to the same shape."""
        total = output = inputs
        for layer in self.layers:
            output = layer(output)
            total = total + output
        return total


def build_compact_13k(dropout: float | None, width: float) -> nn.Module:
    """Build the network with 8 channels in its upper half and 16 in its lower.

    Args:
        dropout: probability in [0, 1) after every ReLU; None is 0.
        width: factor on the channels.

    Source: a published notebook; its README claims 99.61 %.
    """
    return _build(scale_units(8, width), scale_units(16, width), dropout)


def build_compact_6k(dropout: float | None, width: float) -> nn.Module:
    """Build the network with 8 channels throughout.

    Args:
        dropout: probability in [0, 1) after every ReLU; None is 0.
        width: factor on the channels.

    Source: the same notebook; its README claims 99.41 %.
    """
    return _build(scale_units(8, width), scale_units(8, width), dropout)


def _build(upper: int, lower: int, dropout: float | None) -> nn.Module:
    rate = 0.0 if dropout is None else dropout
    return nn.Sequential(
        *conv_norm_relu(1, upper),  # (n, upper, 28, 28)
        nn.Dropout(rate),
        CumulativeSum(2, upper, rate),
        nn.Conv2d(upper, upper, 3, stride=2, padding=1, bias=False),  # (n, upper, 14, 14)
        CumulativeSum(3, upper, rate),
        nn.Conv2d(upper, lower, 3, stride=2, padding=1, bias=False),  # (n, lower, 7, 7)
        CumulativeSum(3, lower, rate),
        *conv_norm_relu(lower, 10, padding=0),  # (n, 10, 5, 5)
        nn.Dropout(rate),
        nn.AvgPool2d(5),  # (n, 10, 1, 1)
        nn.Flatten(),  # (n, 10)
    )
