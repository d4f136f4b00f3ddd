"""Charts of one digit against all others: ROC and precision-recall curves, drawn so that a good classifier's show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.charts.look import BLUE, GRAY, build_empty, finish, mark_threshold
from core.charts.nines import format_nines
from core.charts.words import PLURALS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.evaluation.ranking import Ranking

_HEIGHT = 300
# For the labels of the axes, in pixels.
_ROOM = {"left": 82, "bottom": 64}


def plot_roc(ranking: Ranking, digit: int, threshold: float | None = None) -> go.Figure:
    """Share of the digit that is accepted over the share of the others that is, which is drawn logarithmically.

    Args:
        ranking: of the digit; the number of a threshold in it and itself begin the points' customdata.
        digit: 0..9.
        threshold: of the point to mark, if any.
    """
    subject = f"ROC curve of the {PLURALS[digit]} against the rest"
    if not (ranking.positives and ranking.negatives):
        return build_empty(subject, _HEIGHT)
    # None at all has no logarithm: it stands half a decade before one of them.
    zero = -np.log10(ranking.negatives) - 0.5
    x = np.log10(np.maximum(ranking.false_positives, 10**-0.5) / ranking.negatives)
    y = ranking.true_positive_rate
    figure = _draw(ranking, x, y, threshold)
    decades = range(int(np.ceil(-np.log10(ranking.negatives))), 1)
    figure.update_xaxes(
        title="False alarms, % of the others",
        range=[zero - 0.15, 0.15],
        tickvals=[zero, *decades],
        ticktext=["0", *(f"{100 * 10.0**n:g}" for n in decades)],
        zeroline=False,
        tickangle=0,
    )
    without_alarm = float(y[ranking.false_positives == 0].max())
    low = _zoom(without_alarm)
    if low == 0:
        # Chance is the diagonal, which a logarithmic axis bends.
        chance = np.linspace(zero, 0, 80)
        line = {"color": GRAY, "dash": "dot", "width": 1.5}
        figure.add_scatter(x=chance, y=10**chance, mode="lines", line=line, hoverinfo="skip")
    figure.update_yaxes(title="Found, %", range=[low, 1 + 0.04 * (1 - low)], tickformat=".3~%", nticks=6)
    alt = f"{subject}: {format_nines(without_alarm)} found without a false alarm"
    return finish(figure, f"{alt}, area {_format_area(ranking.roc_area)}.", _HEIGHT, **_ROOM)


def plot_precision_recall(ranking: Ranking, digit: int, threshold: float | None = None) -> go.Figure:
    """Share of the accepted that is the digit over the share of the digit that is accepted, near the corner.

    Args:
        ranking: as for `plot_roc`.
        digit: 0..9.
        threshold: of the point to mark, if any.
    """
    subject = f"Precision-recall curve of the {PLURALS[digit]}"
    if not ranking.positives:
        return build_empty(subject, _HEIGHT)
    precision, recall = ranking.precision, ranking.true_positive_rate
    figure = _draw(ranking, recall, precision, threshold)
    even = float(np.minimum(precision, recall).max())
    low = _zoom(even, 4)
    span = [low, 1 + 0.04 * (1 - low)]
    figure.update_xaxes(title="Recall: found, %", range=span, tickformat=".3~%", nticks=5, tickangle=0, zeroline=False)
    figure.update_yaxes(title="Precision: rightly accepted, %", range=span, tickformat=".3~%", nticks=6)
    alt = f"{subject}: both at least {format_nines(even)} at one threshold"
    return finish(figure, f"{alt}, average precision {_format_area(ranking.average_precision)}.", _HEIGHT, **_ROOM)


def find_point(ranking: Ranking, threshold: float) -> int:
    """Return the number of the point that accepts what lies at or above a threshold."""
    return max(0, int(np.searchsorted(-ranking.threshold, -threshold, side="right")) - 1)


def _draw(ranking: Ranking, x: NDArray[np.float64], y: NDArray[np.float64], threshold: float | None) -> go.Figure:
    """Draw a line through the corners of a curve, and mark the point of a threshold."""
    corners = ranking.thin()
    numbers = np.searchsorted(-ranking.threshold, -corners.threshold)
    figure = go.Figure()
    figure.add_scatter(x=x[numbers], y=y[numbers], mode="lines", line={"color": BLUE, "width": 1.5}, hoverinfo="skip")
    # The first accepts nothing, so it has no digits to show.
    numbers = numbers[np.isfinite(ranking.threshold[numbers])]
    rows = [
        [
            number,
            float(ranking.threshold[number]),
            format_nines(float(ranking.threshold[number])),
            f"{ranking.true_positives[number]:,} of {ranking.positives:,}",
            f"{ranking.false_positives[number]:,} of {ranking.negatives:,}",
        ]
        for number in numbers.tolist()
    ]
    figure.add_scatter(
        x=x[numbers],
        y=y[numbers],
        mode="markers",
        marker={"color": BLUE, "size": 6},
        customdata=rows,
        hovertemplate="from %{customdata[2]} on: %{customdata[3]} found,<br>"
        "%{customdata[4]} others accepted<extra></extra>",
    )
    if threshold is not None:
        at = find_point(ranking, threshold)
        mark_threshold(figure, x[at], y[at])
    return figure


def _zoom(level: float, room: float = 2.0) -> float:
    """Return where an axis up to 1 begins so that a curve that reaches this level fills it; 0 for a poor one."""
    low = 1 - room * max(1 - level, 0.0025)
    return low if low > 0.25 else 0.0


def _format_area(area: float | None) -> str:
    return "unknown" if area is None else f"{area:.5f}"
