"""Making a network wider or narrower."""


def scale_units(units: int, width: float) -> int:
    """Return a layer's channels or hidden units times `width`, rounded, and at least 1.

    Args:
        units: channels or hidden units of the network as published, 1 or more.
        width: factor, above 0.
    """
    return max(1, round(units * width))
