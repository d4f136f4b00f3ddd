"""Which of the digits that a line could hold it does hold: the best way from its left end to its right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.reading.candidates import Candidate


def compute_scores(digit_scores: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Score every candidate as one digit of its line.

    Args:
        digit_scores: (n,) float32, probability that each is a digit.
        probabilities: (n, 10) float32, of the labels if it is one.

    Returns:
        (n,) float64, log-probability that each is a digit and has the most probable label.
    """
    is_digit = np.log(digit_scores.astype(np.float64).clip(1e-6))
    label = np.log(probabilities.max(axis=1).astype(np.float64).clip(1e-6))
    scores: np.ndarray = is_digit + label
    return scores


def find_best_path(candidates: list[Candidate], scores: np.ndarray) -> list[int]:
    """Find the candidates that together hold every stroke of a line once and score highest in sum.

    Args:
        candidates: all of a line's.
        scores: (n,) of each.

    Returns:
        The numbers of the candidates from left to right.
    """
    places = 1 + max(candidate.stop for candidate in candidates)
    best = np.full(places, -math.inf)
    best[0] = 0.0
    came = np.full(places, -1)
    for k in sorted(range(len(candidates)), key=lambda k: candidates[k].stop):
        start, stop = candidates[k].start, candidates[k].stop
        if best[start] + scores[k] > best[stop]:
            best[stop] = best[start] + scores[k]
            came[stop] = k
    path: list[int] = []
    at = places - 1
    while at > 0:
        path.append(int(came[at]))
        at = candidates[path[-1]].start
    return path[::-1]
