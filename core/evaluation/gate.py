"""How much a prepared picture looks like one whole digit, whichever: not a piece, not two, no letter, no scribble."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.data.loader import to_images
from core.models.gate import NOT_A_DIGIT, WEIGHTS, build_gate
from core.training.checkpoint import load_weights

if TYPE_CHECKING:
    from torch import nn

# At this score 99.5 % of the first 1,500 validation digits are accepted, each enlarged and alone in a picture.
DIGIT_FROM = 0.3


@torch.inference_mode()
def compute_digit_scores(images: np.ndarray) -> np.ndarray:
    """Return the probability that each is a digit, (n,) float32, for images (n, 28, 28) uint8, white ink on black."""
    pixels = to_images(torch.from_numpy(np.ascontiguousarray(images))).contiguous(memory_format=torch.channels_last)
    scores: np.ndarray = 1 - _load_gate()(pixels).softmax(1)[:, NOT_A_DIGIT].numpy()
    return scores


@lru_cache(maxsize=1)
def _load_gate() -> nn.Module:
    network = build_gate()
    load_weights(WEIGHTS, network)
    return network.to(memory_format=torch.channels_last).eval()
