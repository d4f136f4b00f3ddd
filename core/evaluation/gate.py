"""How much a prepared picture looks like one whole digit, whichever: not a piece, not two, no letter, no scribble."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.models.gate import NOT_A_DIGIT, WEIGHTS, build_gate
from core.training.checkpoint import load_weights

if TYPE_CHECKING:
    from torch import nn

# Chosen on validation digits and drawings of core.data.hands' development part, nearly all of which are accepted, and
# on letters and scribbles; `python -m core benchmark strings` tells what it is worth on test digits.
DIGIT_FROM = 0.1


@torch.inference_mode()
def compute_digit_scores(images: np.ndarray, surroundings: np.ndarray | None = None) -> np.ndarray:
    """Return the probability that each is a digit, (n,) float32.

    Args:
        images: (n, 28, 28) uint8, white ink on black.
        surroundings: (n, 28, 28) uint8, the ink around each; None if there is none.
    """
    around = np.zeros_like(images) if surroundings is None else surroundings
    pixels = torch.from_numpy(np.stack([images, around], axis=1)).float() / 255
    answers = _load_gate()(pixels.contiguous(memory_format=torch.channels_last)).softmax(1)
    scores: np.ndarray = 1 - answers[:, NOT_A_DIGIT].numpy()
    return scores


@lru_cache(maxsize=1)
def _load_gate() -> nn.Module:
    network = build_gate()
    load_weights(WEIGHTS, network)
    return network.to(memory_format=torch.channels_last).eval()
