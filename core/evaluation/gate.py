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
# Beside so many clear digits on its line a thing is more likely one than anywhere else: of 7,184 validation digits in
# numbers 22 are below the limit above and 2 below this one; of 296 letters put in the place of one 3 are taken for
# digits by the first, 13 by this. Still lower limits save no more digits.
_DIGITS_BESIDE, _DIGIT_BESIDE_FROM = 2, 0.005
# How much the gate's say weighs beside the classifier's. Of cut digits: of 0.3, 0.5, 0.7 and 1 what read most numbers
# of touching validation digits, by no more than chance moves. Of those that stand apart in a number: of 0, 0.1, 0.25
# and 0.5 what read most of 2,000 numbers of validation digits apart and 1,500 with broken strokes, 98.95 and 97.4 % for
# 98.8 and 97.1 % at 0. What is all that a picture shows is what a person asks a classifier about, and left to it.
CUT_WEIGHT = 0.5
NEIGHBOUR_WEIGHT = 0.25


def compute_digit_scores(images: np.ndarray, surroundings: np.ndarray | None = None) -> np.ndarray:
    """Return the probability that each is a digit, (n,) float32; arguments as of `ask_gate`."""
    scores: np.ndarray = 1 - ask_gate(images, surroundings)[:, NOT_A_DIGIT]
    return scores


def tell_digits(digit_scores: np.ndarray) -> np.ndarray:
    """Tell which of the things on a line are taken for digits.

    Args:
        digit_scores: (n,) in [0, 1], the probability that each is one.

    Returns:
        (n,) bool.
    """
    is_clear = digit_scores >= DIGIT_FROM
    is_number = is_clear.sum() >= _DIGITS_BESIDE
    told: np.ndarray = is_clear | (is_number & (digit_scores >= _DIGIT_BESIDE_FROM))
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


def choose_weights(is_cut: np.ndarray, is_alone: np.ndarray) -> np.ndarray:
    """Choose how much the gate's say weighs for each digit.

    Args:
        is_cut: (n,) bool, whether other ink touches it.
        is_alone: (n,) bool, whether it is all that its picture shows.

    Returns:
        (n,) float64, the classifier's say being 1.
    """
    weights: np.ndarray = np.where(is_cut, CUT_WEIGHT, np.where(is_alone, 0, NEIGHBOUR_WEIGHT))
    return weights


def heed_gate(probabilities: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Let the gate have a say in what the digits of a number are: it has learned from cut and broken ones.

    A classifier has never seen a 1 with a piece of the 7 beside it.

    Args:
        probabilities: (n, 10) float32, the classifier's.
        answers: (n, 11) float32, from `ask_gate`.
        weights: (n,) of the gate's say, from `choose_weights`.

    Returns:
        (n, 10) float32, a weighted geometric mean of both; the classifier's own where the gate's say weighs nothing.
    """
    votes = np.log(probabilities.clip(1e-6)) + weights[:, None] * np.log(answers[:, :NOT_A_DIGIT].clip(1e-6))
    both = np.exp(votes - votes.max(axis=1, keepdims=True))
    both /= both.sum(axis=1, keepdims=True)
    heeded: np.ndarray = np.where(weights[:, None] > 0, both, probabilities).astype(np.float32)
    return heeded


@lru_cache(maxsize=1)
def _load_gate() -> nn.Module:
    network = build_gate()
    load_weights(WEIGHTS, network)
    return network.to(memory_format=torch.channels_last).eval()
