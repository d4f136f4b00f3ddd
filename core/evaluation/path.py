"""Which of the digits that a line could hold it does hold: the best way from its left end to its right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.data.candidates import Candidate, Line

# Chosen on 140 numbers made of validation digits; costs for ink cut through and for each digit did not help there.
GAP_COST = 2.0
LOW_COST = 6.0
# A digit lower than this share of its line pays for every bit it lacks.
LOW_FROM = 0.6


def compute_scores(candidates: list[Candidate], digit_scores: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Score every candidate as one digit of its line.

    Args:
        candidates: n of them.
        digit_scores: (n,) float32, probability that each is a digit.
        probabilities: (n, 10) float32, of the labels if it is one.

    Returns:
        (n,) float64, like a log-probability, less what its height and the gaps in it speak against it.
    """
    gap = np.array([max(0.0, one.gap) for one in candidates])
    low = np.array([max(0.0, LOW_FROM - one.height) for one in candidates])
    is_digit = np.log(digit_scores.astype(np.float64).clip(1e-6))
    label = np.log(probabilities.max(axis=1).astype(np.float64).clip(1e-6))
    scores: np.ndarray = is_digit + label - GAP_COST * gap - LOW_COST * low
    return scores


def find_best_path(line: Line, scores: np.ndarray) -> list[int]:
    """Find the candidates that together hold every stroke of a line once and score highest in sum.

    Args:
        line: places and candidates.
        scores: (n,) of its candidates.

    Returns:
        The numbers of the candidates from left to right.
    """
    best = np.full(line.places, -math.inf)
    best[0] = 0.0
    came = np.full(line.places, -1)
    for k in sorted(range(len(line.candidates)), key=lambda k: line.candidates[k].stop):
        start, stop = line.candidates[k].start, line.candidates[k].stop
        if best[start] + scores[k] > best[stop]:
            best[stop] = best[start] + scores[k]
            came[stop] = k
    path: list[int] = []
    at = line.places - 1
    while at > 0:
        path.append(int(came[at]))
        at = line.candidates[path[-1]].start
    return path[::-1]
