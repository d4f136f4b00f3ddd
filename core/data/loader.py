"""Batches by index, out of memory: nothing is read, copied or decoded while training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """Return the order of digits in one epoch; it depends on nothing else, so that a resumed run needs no state.

    Args:
        n: digits.
        seed: of the run, at least 0.
        epoch: number of the epoch, at least 0.

    Returns:
        (n,) int64, a permutation of 0..n-1.
    """
    # Both numbers seed numpy's generator whole; torch's generator on a CPU heeds only 32 bits of one.
    return torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(n).astype(np.int64, copy=False))


def iterate_batches(order: Tensor, batch_size: int, start: int = 0) -> Iterator[Tensor]:
    """Cut an epoch's order into batches; the last one may be smaller.

    Args:
        order: (n,) int64 indices.
        batch_size: indices per batch, at least 1.
        start: number of the first batch to return, to go on within an epoch.

    Returns:
        Views of `order`, each (batch_size or fewer,) int64.
    """
    for first in range(start * batch_size, len(order), batch_size):
        yield order[first : first + batch_size]


def to_images(pixels: Tensor) -> Tensor:
    """Turn pixels into what augmentation and networks take.

    Args:
        pixels: (n, 28, 28) uint8.

    Returns:
        (n, 1, 28, 28) float32 in [0, 1], a new tensor.
    """
    return pixels.unsqueeze(1).to(torch.float32).div_(255)
