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

# Chosen on validation digits, and on letters, scribbles and symbols that no benchmark draws: of 2,500 digits alone 5
# are below it, with 599 of 600 letters, 590 of 600 symbols and 563 of 600 scribbles; of 500 drawings of
# core.data.hands' development part none. `python -m core benchmark strings` tells what it is worth on test digits.
DIGIT_FROM = 0.4
# Beside so many clear digits on its line a thing is more likely one than anywhere else, and what it is may be asked
# twice: gate and classifier name the same digit for nearly all digits that the gate doubts, but for few letters. Of
# 3,000 numbers of five validation digits apart 2,964 are read with 0.005, with 60 of 600 letters and 35 of 600 symbols
# put in the place of a digit; with 0.01 that is 2,959, 41 and 18, with 0.002 2,965, 87 and 56.
_DIGITS_BESIDE, _AGREED_FROM = 2, 0.005
# How much the gate's say weighs beside the classifier's in what the digits of a number are. Of 7,500 numbers of
# validation digits apart, touching, broken and on rough paper, in the mean of the four, 0, 0.1, 0.25 and 0.4 read 97.1,
# 97.3, 97.4 and 97.6 %, and 0.5, 0.6 and 1 no more, with the gate as its first cycle left it. What is all that a
# picture shows is what a person asks a classifier about, and left to it.
GATE_WEIGHT = 0.5


def compute_digit_scores(answers: np.ndarray) -> np.ndarray:
    """Return the probability that each is a digit, (n,) float32; answers (n, 11) float32, from `ask_gate`."""
    scores: np.ndarray = 1 - answers[:, NOT_A_DIGIT]
    return scores


def tell_digits(answers: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Tell which of the things on a line are taken for digits.

    Args:
        answers: (n, 11) float32, from `ask_gate`.
        probabilities: (n, 10) float32, the classifier's own.

    Returns:
        (n,) bool.
    """
    is_clear = compute_digit_scores(answers) >= DIGIT_FROM
    # The probability that both, each asked alone, name the same digit.
    agreed = (answers[:, :NOT_A_DIGIT] * probabilities).sum(axis=1)
    is_number = is_clear.sum() >= _DIGITS_BESIDE
    told: np.ndarray = is_clear | (is_number & (agreed >= _AGREED_FROM))
    return told


@torch.inference_mode()
def ask_gate(images: np.ndarray, surroundings: np.ndarray | None = None) -> np.ndarray:
    """Return the probabilities of the ten digits and, last, of being none, (n, 11) float32.

    Args:
        images: (n, 28, 28) uint8, white ink on black.
        surroundings: (n, 28, 28) uint8, the ink around each; None if there is none.
    """
    around = np.zeros_like(images) if surroundings is None else surroundings
    pixels = torch.from_numpy(np.stack([images, around], axis=1)).float() / 255
    answers: np.ndarray = _load_gate()(pixels.contiguous(memory_format=torch.channels_last)).softmax(1).numpy()
    return answers


def heed_gate(probabilities: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Let the gate have a say in what the digits of a number are: it has learned from cut and broken ones.

    A classifier has never seen a 1 with a piece of the 7 beside it.

    Args:
        probabilities: (n, 10) float32, the classifier's.
        answers: (n, 11) float32, from `ask_gate`.

    Returns:
        (n, 10) float32, a weighted geometric mean of both.
    """
    votes = np.log(probabilities.clip(1e-6)) + GATE_WEIGHT * np.log(answers[:, :NOT_A_DIGIT].clip(1e-6))
    both = np.exp(votes - votes.max(axis=1, keepdims=True))
    heeded: np.ndarray = (both / both.sum(axis=1, keepdims=True)).astype(np.float32)
    return heeded


@lru_cache(maxsize=1)
def _load_gate() -> nn.Module:
    network = build_gate()
    load_weights(WEIGHTS, network)
    return network.to(memory_format=torch.channels_last).eval()
