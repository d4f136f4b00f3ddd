"""Networks without convolutions, and the stack of linear layers that ends the hybrid networks."""

from collections.abc import Sequence

from torch import nn

from core.models.width import scale_units


def fully_connected(sizes: Sequence[int], dropout_rates: Sequence[float]) -> list[nn.Module]:
    """Return linear layers, with ReLU and dropout after every one but the last.

    Args:
        sizes: features in, of each hidden layer, and out; two or more.
        dropout_rates: probability in [0, 1) for each hidden layer; two fewer than `sizes`.
    """
    layers: list[nn.Module] = []
    for inputs, hidden, rate in zip(sizes[:-2], sizes[1:-1], dropout_rates, strict=True):
        layers += [nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(rate)]
    return [*layers, nn.Linear(sizes[-2], sizes[-1])]


def build_softmax_regression() -> nn.Module:
    """Build a single linear layer: each logit is one 28×28 template laid over the image.

    Source: LeCun et al. 1998, Gradient-based learning applied to document recognition (linear classifier).
    """
    return nn.Sequential(
        nn.Flatten(),  # (n, 784)
        nn.Linear(784, 10),  # (n, 10)
    )


def build_mlp(dropout: float | None, width: float) -> nn.Module:
    """Build a perceptron with hidden layers of 256 and 128 units.

    Args:
        dropout: probability in [0, 1) after each hidden layer; None is 0.
        width: factor on the hidden units.

    Source: LeCun et al. 1998, Gradient-based learning applied to document recognition, with ReLU and sizes of our own.
    """
    rate = 0.0 if dropout is None else dropout
    return nn.Sequential(
        nn.Flatten(),  # (n, 784)
        *fully_connected((784, scale_units(256, width), scale_units(128, width), 10), (rate, rate)),
    )
