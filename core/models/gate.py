"""The gate: a small network that tells whole digits from pieces, joined digits, letters and scribbles."""

from pathlib import Path

from torch import nn

from core.models.conv_norm_relu import conv_norm_relu

NOT_A_DIGIT = 10
# Made by `python -m core.reading.train`.
WEIGHTS = Path(__file__).with_suffix(".safetensors")


def build_gate() -> nn.Module:
    """Build five convolutions and a linear layer, from two pictures to eleven answers.

    The pictures are what could be a digit and the ink around it, without which a piece of an 8 could be a whole 0:
    (n, 2, 28, 28) in [0, 1] to (n, 11) logits.

    Source: this project; half of `vgg-7`.
    """
    return nn.Sequential(
        *conv_norm_relu(2, 32),
        *conv_norm_relu(32, 32),
        nn.MaxPool2d(2),  # (n, 32, 14, 14)
        *conv_norm_relu(32, 64),
        *conv_norm_relu(64, 64),
        nn.MaxPool2d(2),  # (n, 64, 7, 7)
        *conv_norm_relu(64, 96),
        nn.MaxPool2d(2),  # (n, 96, 3, 3)
        nn.Flatten(),
        nn.Linear(96 * 3 * 3, 11),
    )
