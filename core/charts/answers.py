"""Charts of what a network answers: the ten probabilities of one digit, and how sure it was of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.look import BLUE, GRAY, ORANGE, build_empty, finish, hatch, require_shape
from core.charts.nines import build_axis, find_top, format_nines
from core.charts.words import format_percent

if TYPE_CHECKING:
    from numpy.typing import NDArray


def plot_probabilities(probabilities: NDArray[np.floating], true_label: int | None = None) -> go.Figure:
    """Bars of a digit's ten probabilities, the predicted class accented and, where it is known, the true one named.

    Args:
        probabilities: (10,) fractions that sum to 1, or (0,) if there is no digit yet.
        true_label: 0..9, or None if nobody knows.

    Raises:
        ShapeError: if there are not ten.
    """
    if not probabilities.size:
        return build_empty("Bar chart of the ten probabilities", 300)
    require_shape(probabilities, (10,), "the probabilities")
    predicted, second = (int(digit) for digit in np.argsort(-probabilities, kind="stable")[:2])
    roles = [
        [role for role, digit_of_role in (("predicted", predicted), ("true", true_label)) if digit == digit_of_role]
        for digit in range(10)
    ]
    accent = BLUE if true_label in (None, predicted) else ORANGE
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        x=probabilities,
        y=[str(digit) for digit in range(10)],
        text=[" · ".join([format_percent(p), *role]) for p, role in zip(probabilities, roles, strict=True)],
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [accent if digit == predicted else GRAY for digit in range(10)],
            "line": {"color": BLUE, "width": [2 if digit == true_label else 0 for digit in range(10)]},
        },
        hovertemplate="the digit %{y}: %{x:.4%}<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.8], visible=False)  # the room beyond 1 is for the text beside a full bar
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    alt = f"Bar chart of the ten probabilities: {predicted} with {format_percent(probabilities[predicted])}"
    alt += f", then {second} with {format_percent(probabilities[second])}"
    if true_label == predicted:
        alt += "; the prediction is right"
    elif true_label is not None:
        sure = format_percent(probabilities[true_label])
        alt += f"; the prediction is wrong, the true digit is {true_label} with {sure}"
    return finish(figure, f"{alt}.", 300, bargap=0.25)


def plot_confidence_histogram(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], n_bins: int = 20, *, stretched: bool = False
) -> go.Figure:
    """Histograms of the confidence of right and of wrong predictions, one above the other, each on its own scale.

    The bars' customdata are their number, the smallest and the largest confidence counted in them, and whether the
    predictions are right.

    Args:
        confidence: (n,) probability of the predicted class, fractions in [0, 1].
        correct: (n,) bool, whether the prediction was right.
        n_bins: bins over [0, 1].
        stretched: whether each further nine takes equal room, in two bins, which shows what lies near 100 %.

    Raises:
        ShapeError: if the lengths differ.
    """
    require_shape(correct, confidence.shape, "what was correct")
    if not confidence.size:
        return build_empty("Two histograms of the confidence of predictions", 340)
    exact = confidence.astype(np.float64)
    top = find_top(exact)
    places = np.linspace(0, top, 2 * top + 1) if stretched else np.linspace(0.0, 1.0, n_bins + 1)
    edges = np.append(1 - 10.0 ** -places[:-1], 1.0) if stretched else places
    groups = (("right", exact[correct], BLUE, ""), ("wrong", exact[~correct], ORANGE, "/"))
    figure = make_subplots(
        2,
        1,
        shared_xaxes=True,
        vertical_spacing=0.16,
        subplot_titles=[f"{len(v):,} {name}" for name, v, _, _ in groups],
    )
    parts = []
    for row, (name, values, color, pattern) in enumerate(groups, start=1):
        counts, low, high = _count_by_bin(values, edges)
        full = np.flatnonzero(counts)
        first_number = (row - 1) * len(counts)
        figure.add_bar(
            name=name,
            x=((places[:-1] + places[1:]) / 2)[full],
            y=counts[full],
            width=0.97 * (places[1] - places[0]),
            customdata=[
                [first_number + spot, low[spot], high[spot], name == "right", _describe_bin(*edges[spot : spot + 2])]
                for spot in full.tolist()
            ],
            marker={"color": color, "pattern": hatch(pattern)},
            hovertemplate=f"%{{y:,}} {name} with %{{customdata[4]}}<extra></extra>",
            row=row,
            col=1,
        )
        parts.append(
            f"{len(values):,} {name}" + (f" (median {format_percent(np.median(values))})" if values.size else "")
        )
    axis = build_axis(top) if stretched else {"range": [0, 1], "tickformat": ".0%", "dtick": 0.25}
    figure.update_xaxes(**axis, unifiedhovertitle={"text": " "})
    figure.update_xaxes(title="Confidence, %" if stretched else "Confidence", row=2)
    figure.update_yaxes(title="Digits", tickformat=",", rangemode="tozero", nticks=4)
    alt = f"Two histograms of the confidence of {len(confidence):,} predictions: {parts[0]} and {parts[1]}."
    # A bar of one digit beside one of thousands is too flat to point at; so the whole column answers.
    return finish(figure, alt, 340, left=82, bottom=68, hovermode="x unified")


def _count_by_bin(
    values: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the count, the smallest and the largest value of each bin; the last bin holds its upper edge."""
    ordered = np.sort(values)
    ends = np.append(np.searchsorted(ordered, edges[1:-1]), len(ordered))
    starts = np.append(0, ends[:-1])
    low, high = (np.zeros(len(ends)), np.zeros(len(ends)))
    full = ends > starts
    low[full], high[full] = ordered[starts[full]], ordered[ends[full] - 1]
    return ends - starts, low, high


def _describe_bin(low: float, high: float) -> str:
    return f"{format_nines(low)} to {format_nines(high)}"
