"""A small residual network."""

from torch import Tensor, nn

from core.models.conv_norm_relu import conv_norm_relu
from core.models.width import scale_units


class ResidualBlock(nn.Module):
    """Two convolutions whose output is added to their input, then ReLU.

    Where the shape changes, a 1×1 convolution with batch norm takes the input along (option B of the paper).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *conv_norm_relu(inputs, outputs, stride=stride),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )
        self.relu = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        output: Tensor = self.relu(self.residual(inputs) + self.shortcut(inputs))
        return output


def build_resnet_8(width: float) -> nn.Module:
    """Build three stages of one residual block each, 16, 32 and 64 channels: 8 layers with the stem and the output.

    Args:
        width: factor on the channels.

    Source: He et al. 2016, Deep residual learning for image recognition, section 4.2 (the CIFAR-10 form, n = 1).
    """
    first, second, third = (scale_units(units, width) for units in (16, 32, 64))
    return nn.Sequential(
        *conv_norm_relu(1, first),  # (n, first, 28, 28)
        ResidualBlock(first, first, stride=1),
        ResidualBlock(first, second, stride=2),  # (n, second, 14, 14)
        ResidualBlock(second, third, stride=2),  # (n, third, 7, 7)
        nn.AvgPool2d(7),  # (n, third, 1, 1)
        nn.Flatten(),
        nn.Linear(third, 10),  # (n, 10)
    )
