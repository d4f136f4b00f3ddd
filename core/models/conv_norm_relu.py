"""The step that most networks here repeat: convolution, batch norm, ReLU."""

from torch import nn


def conv_norm_relu(
    inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1, padding: int = 1
) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Return the three layers, to be unpacked into a Sequential.

    The convolution has no bias: batch norm subtracts the mean, and any bias with it.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: side of the kernel, in pixels.
        stride: step of the kernel, in pixels.
        padding: zeros added on every side, in pixels.
    """
    conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, bias=False)
    return conv, nn.BatchNorm2d(outputs), nn.ReLU()
