"""One digit against all others: how well its probability ranks the digits that are it before those that are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Ranking:
    """What each threshold accepts: the examples whose score is at least as high.

    Attributes:
        threshold: (m,) float64, descending; the first is infinite and accepts nothing, the last accepts everything.
        true_positives: (m,) int64, accepted examples of the class.
        false_positives: (m,) int64, accepted examples of other classes.
        positives, negatives: all examples of the class, and of the others.
    """

    threshold: NDArray[np.float64]
    true_positives: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    positives: int
    negatives: int

    @property
    def true_positive_rate(self) -> NDArray[np.float64]:
        """Recall: share of the class that is accepted, (m,); 0 if there is none of it."""
        rate: NDArray[np.float64] = self.true_positives / max(1, self.positives)
        return rate

    @property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """Share of the others that is accepted, (m,); 0 if there are none."""
        rate: NDArray[np.float64] = self.false_positives / max(1, self.negatives)
        return rate

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the accepted that is of the class, (m,); 1 where nothing is accepted."""
        accepted = self.true_positives + self.false_positives
        share: NDArray[np.float64] = np.ones(len(accepted))
        np.divide(self.true_positives, accepted, out=share, where=accepted > 0)
        return share

    @property
    def roc_area(self) -> float | None:
        """Area under true over false positive rate, a fraction; None without examples on both sides.

        Source: Hanley and McNeil 1982, The meaning and use of the area under a ROC curve.
        """
        if not (self.positives and self.negatives):
            return None
        return float(np.trapezoid(self.true_positive_rate, self.false_positive_rate))

    @property
    def average_precision(self) -> float | None:
        """Precision averaged over the steps of recall, a fraction; None without examples of the class.

        Source: Manning, Raghavan and Schuetze 2008, Introduction to information retrieval, section 8.4, without
        interpolation.
        """
        if not self.positives:
            return None
        return float(np.sum(np.diff(self.true_positive_rate) * self.precision[1:]))

    def thin(self, most: int = 300) -> Ranking:
        """Return fewer points that draw the same curves: the corners, and of those at most about `most`.

        Args:
            most: points to keep, at least 3.
        """
        steps = np.stack([np.diff(self.true_positives), np.diff(self.false_positives)])
        # A point between two steps in the same direction lies on the line that they draw in ROC space.
        turns = steps[0, 1:] * steps[1, :-1] != steps[0, :-1] * steps[1, 1:]
        corners = np.flatnonzero(np.concatenate([[True], turns, [True]]))
        if len(corners) > most:
            corners = corners[np.unique(np.linspace(0, len(corners) - 1, most).round().astype(np.int64))]
        return Ranking(
            self.threshold[corners],
            self.true_positives[corners],
            self.false_positives[corners],
            self.positives,
            self.negatives,
        )


def compute_ranking(scores: NDArray[np.floating[Any]], is_class: NDArray[np.bool_]) -> Ranking:
    """Count, for every distinct score taken as threshold, which examples it accepts.

    Args:
        scores: (n,) numbers, higher for what is more likely of the class.
        is_class: (n,) bool.

    Raises:
        ShapeError: if the lengths differ.
    """
    if scores.shape != is_class.shape or scores.ndim != 1:
        raise ShapeError(f"{scores.shape} scores and {is_class.shape} truths do not belong together; give one of each.")
    exact = scores.astype(np.float64)
    order = np.argsort(-exact, kind="stable")
    ordered = exact[order]
    # The last example of each distinct score: equal scores are accepted together.
    last = np.flatnonzero(np.append(ordered[:-1] != ordered[1:], True)) if len(ordered) else np.zeros(0, np.int64)
    found = np.cumsum(is_class[order], dtype=np.int64)[last]
    return Ranking(
        threshold=np.concatenate([[np.inf], ordered[last]]),
        true_positives=np.concatenate([[0], found]),
        false_positives=np.concatenate([[0], last + 1 - found]),
        positives=int(is_class.sum()),
        negatives=int(len(is_class) - is_class.sum()),
    )
