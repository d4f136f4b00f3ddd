"""The gate: a small network that tells whole digits from pieces, joined digits, letters and scribbles."""

from pathlib import Path

from torch import nn

from core.models.conv_norm_relu import conv_norm_relu

NOT_A_DIGIT = 10
# Made by `python -m core.training.gate`.
WEIGHTS = Path(__file__).with_suffix(".safetensors")


def build_gate() -> nn.Module:
    """Build the layers of `sprint` with an eleventh answer: (n, 1, 28, 28) in [0, 1] to (n, 11) logits.

    Source: this project.
    """
    return nn.Sequential(
        *conv_norm_relu(1, 16, 5, stride=2, padding=2),  # (n, 16, 14, 14)
        *conv_norm_relu(16, 32),
        nn.MaxPool2d(2),  # (n, 32, 7, 7)
        *conv_norm_relu(32, 48),
        nn.MaxPool2d(2),  # (n, 48, 3, 3)
        nn.Flatten(),  # (n, 432)
        nn.Linear(48 * 3 * 3, 11),
    )
