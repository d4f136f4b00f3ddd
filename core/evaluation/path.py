"""Which of the digits that a line could hold it does hold: the best way from its left end to its right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.reading.candidates import Candidate

# No network's say is taken for more certain than this.
_LEAST = 1e-6
# What one digit more costs, a log-probability: each is one more chance to find a digit in a piece of one. Of -1, -0.5,
# 0, 0.25, 0.5, 0.75, 1 and 1.5 this reads most numbers of touching validation digits, as they are and deformed, by
# hardly more than chance; at -1 a whole point fewer.
DIGIT_COST = 0.25


def compute_scores(digit_scores: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Score every candidate as one digit of its line.

    Args:
        digit_scores: (n,) float32, probability that each is a digit.
        probabilities: (n, 10) float32, of the labels if it is one.

    Returns:
        (n,) float64, log-probability that each is a digit and has the most probable label, less what a digit costs.
    """
    is_digit = np.log(digit_scores.astype(np.float64).clip(_LEAST))
    label = np.log(probabilities.max(axis=1).astype(np.float64).clip(_LEAST))
    scores: np.ndarray = is_digit + label - DIGIT_COST
    return scores


def compute_cut_costs(candidates: list[Candidate], is_cut: np.ndarray, digit_scores: np.ndarray) -> np.ndarray:
    """Compute what it costs to cut touching ink: it is one digit or holds several, and cannot be both.

    Without it a 9 whose pieces are a fine 0 and a fine 1 is read as 01, however much the whole looks like a digit.

    Args:
        candidates: all of a line's.
        is_cut: (n,) bool, whether other ink touches each.
        digit_scores: (n,), probability that each is a digit.

    Returns:
        (n,) float64, at most 0: for the first piece of what was cut, the log-probability that the whole is no digit.
    """
    wholes: dict[int, tuple[int, float]] = {}  # the shortest uncut candidate from each place: (stop, score)
    for candidate, cut, score in zip(candidates, is_cut, digit_scores, strict=True):
        if not cut:
            stop, best = wholes.get(candidate.start, (candidate.stop, 0.0))
            if candidate.stop <= stop:
                wholes[candidate.start] = candidate.stop, max(float(score), best if candidate.stop == stop else 0.0)
    costs = np.zeros(len(candidates))
    for k, candidate in enumerate(candidates):
        stop, score = wholes.get(candidate.start, (0, 0.0))
        if is_cut[k] and candidate.stop < stop:
            costs[k] = math.log(max(1 - score, _LEAST))
    return costs


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
