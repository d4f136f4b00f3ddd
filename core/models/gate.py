"""The gate: a small network that tells whole digits from pieces, joined digits, letters and scribbles."""

from pathlib import Path

from torch import nn

from core.models.conv_norm_relu import conv_norm_relu

NOT_A_DIGIT = 10
# Made by `python -m core.reading.train`.
WEIGHTS = Path(__file__).with_suffix(".safetensors")


def build_gate() -> nn.Module:
    """Build the layers of `sprint`, half as wide again, from two pictures to eleven answers.

    The pictures are what could be a digit and the ink around it, without which a piece of an 8 could be a whole 0:
    (n, 2, 28, 28) in [0, 1] to (n, 11) logits.

    Source: this project.
    """
    return nn.Sequential(
        *conv_norm_relu(2, 24, 5, stride=2, padding=2),  # (n, 24, 14, 14)
        *conv_norm_relu(24, 48),
        nn.MaxPool2d(2),  # (n, 48, 7, 7)
        *conv_norm_relu(48, 72),
        nn.MaxPool2d(2),  # (n, 72, 3, 3)
        nn.Flatten(),  # (n, 648)
        nn.Linear(72 * 3 * 3, 11),
    )
