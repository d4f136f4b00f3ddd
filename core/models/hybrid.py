"""The hybrid networks: two thin convolutions under a deep head of linear layers, dropout after each layer.

As published, no activation follows the convolutions; max pooling and the head's ReLUs are what is not linear. Their
published initial weights are the setting model.initialization = "linear-normal".
"""

from torch import nn

from core.models.fully_connected import fully_connected
from core.models.width import scale_units


def build_hybrid(dropout: float | None, width: float) -> nn.Module:
    """Build the first network: one pooling, a head of 784, 496 and 49 units.

    Args:
        dropout: probability in [0, 1) for all five dropout layers; None is 0.4, 0.2, 0.6, 0.3, 0.15 in their order.
        width: factor on the channels and hidden units.

    Source: a published README whose table claims 97.69 %; its notebook has 196 units where the table has 496, and
        only the table's give the 2,874,869 parameters it states.
    """
    first, second = scale_units(8, width), scale_units(16, width)
    hidden = [scale_units(units, width) for units in (784, 496, 49)]
    rates = (0.4, 0.2, 0.6, 0.3, 0.15) if dropout is None else (dropout,) * 5
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1),  # (n, first, 28, 28)
        nn.Dropout2d(rates[0]),
        nn.MaxPool2d(2),  # (n, first, 14, 14)
        nn.Conv2d(first, second, 3, padding=1),  # (n, second, 14, 14)
        nn.Dropout2d(rates[1]),
        nn.Flatten(),  # (n, 3136) at width 1
        *fully_connected((second * 14 * 14, *hidden, 10), rates[2:]),
    )


def build_hybrid_tuned(dropout: float | None, width: float) -> nn.Module:
    """Build the tuned network: two poolings, a head of 512, 128 and 64 units.

    Args:
        dropout: probability in [0, 1) for all five dropout layers; None is 0.4, 0.2, 0.5, 0.3, 0.15 in their order.
        width: factor on the channels and hidden units.

    Source: the same README; its table claims 99.10 %.
    """
    first, second = scale_units(8, width), scale_units(16, width)
    hidden = [scale_units(units, width) for units in (512, 128, 64)]
    rates = (0.4, 0.2, 0.5, 0.3, 0.15) if dropout is None else (dropout,) * 5
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1),  # (n, first, 28, 28)
        nn.Dropout2d(rates[0]),
        nn.AvgPool2d(2),  # (n, first, 14, 14)
        nn.Conv2d(first, second, 3, padding=1),  # (n, second, 14, 14)
        nn.Dropout2d(rates[1]),
        nn.MaxPool2d(2),  # (n, second, 7, 7)
        nn.Flatten(),  # (n, 784) at width 1
        *fully_connected((second * 7 * 7, *hidden, 10), rates[2:]),
    )
