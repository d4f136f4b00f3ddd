"""Charts of how far a network's confidence can be trusted: reliability, and what rejecting unsure answers gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.look import BLUE, GRAY, ORANGE, build_empty, finish, mark_threshold
from core.charts.nines import build_axis, find_top, format_nines, stretch
from core.charts.words import format_percent
from core.evaluation.metrics import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.evaluation.calibration import Rejection, Reliability

Verdict = Literal["as sure as right", "too sure", "not sure enough"]
# Colour and mark of each, so that nothing is told by colour alone.
VERDICT_LOOKS: dict[Verdict, tuple[str, str]] = {
    "as sure as right": (BLUE, "circle"),
    "too sure": (ORANGE, "triangle-down"),
    "not sure enough": ("#8c68b8", "triangle-up"),
}
VERDICT_SIGNS: dict[Verdict, str] = {"as sure as right": "●", "too sure": "▼", "not sure enough": "▲"}
# As a share of the axis: a bin of a single digit has no width of its own.
_NARROWEST = 0.012
_RELIABILITY_HEIGHT, _REJECTION_HEIGHT = 380, 260
_PLAIN_AXIS = {
    "range": [-0.02, 1.03],
    "tickvals": [0, 0.25, 0.5, 0.75, 1],
    "ticktext": ["0", "25", "50", "75", "100"],
    "zeroline": False,
}
_BIN_WORDS = (
    "%{customdata[1]} digits read with %{customdata[2]}<br>%{customdata[3]} right (%{customdata[4]}), "
    "mean confidence %{customdata[5]}<br>%{customdata[6]}<extra></extra>"
)


def compute_intervals(reliability: Reliability) -> NDArray[np.float64]:
    """Return the 95 % Wilson interval of each bin's accuracy, (b, 2) fractions."""
    counts = zip(reliability.right.tolist(), reliability.count.tolist(), strict=True)
    return np.array([wilson_interval(right, count) for right, count in counts]).reshape(-1, 2)


def judge_bins(reliability: Reliability) -> list[Verdict]:
    """Say of each bin whether its confidence lies above, in or below the interval of its accuracy."""
    verdicts: list[Verdict] = []
    for confidence, (low, high) in zip(reliability.confidence, compute_intervals(reliability), strict=True):
        # The mean of equal float32 numbers can be off by a last digit.
        is_above, is_below = confidence > high + 1e-9, confidence < low - 1e-9
        verdicts.append("too sure" if is_above else "not sure enough" if is_below else "as sure as right")
    return verdicts


def plot_reliability(reliability: Reliability, *, stretched: bool = True) -> go.Figure:
    """Accuracy over confidence, bin by bin, with its interval and the diagonal; beneath, the digits in each bin.

    Args:
        reliability: the bins; their number is the first entry of the marks' customdata.
        stretched: whether each further nine takes equal room, which shows bins near 100 %; else a plain axis.
    """
    subject = "Reliability diagram"
    if not reliability.count.size:
        return build_empty(subject, _RELIABILITY_HEIGHT)
    top = find_top(np.concatenate([reliability.high, reliability.confidence])) if stretched else 1

    def place(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        return stretch(shares, top) if stretched else shares

    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.04, row_heights=[0.78, 0.22])
    line = {"color": GRAY, "dash": "dot", "width": 1.5}
    figure.add_scatter(x=[0, top], y=[0, top], mode="lines", line=line, hoverinfo="skip", row=1, col=1)
    verdicts, intervals, heights = judge_bins(reliability), compute_intervals(reliability), place(reliability.accuracy)
    common = {"customdata": _describe_bins(reliability, verdicts), "hovertemplate": _BIN_WORDS}
    figure.add_scatter(
        x=place(reliability.confidence),
        y=heights,
        mode="markers",
        marker={
            "color": [VERDICT_LOOKS[verdict][0] for verdict in verdicts],
            "symbol": [VERDICT_LOOKS[verdict][1] for verdict in verdicts],
            "size": 11,
        },
        error_y={
            "array": place(intervals[:, 1]) - heights,
            "arrayminus": heights - place(intervals[:, 0]),
            "color": GRAY,
            "thickness": 1.2,
            "width": 3,
        },
        **common,
        row=1,
        col=1,
    )
    left, right = place(reliability.low), place(reliability.high)
    figure.add_bar(
        x=(left + right) / 2,
        y=reliability.count,
        width=np.maximum(right - left, _NARROWEST * top),
        marker={"color": GRAY, "line": {"width": 0}},
        **common,
        row=2,
        col=1,
    )
    axis = build_axis(top) if stretched else _PLAIN_AXIS
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, title="Right, %", row=1)
    figure.update_xaxes(title="Mean confidence, %", row=2)
    figure.update_yaxes(title="Digits", row=2, tickformat=",", **_scale_counts(reliability.count))
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICT_LOOKS if verdict in verdicts)
    alt = f"{subject} of {reliability.count.sum():,} answers in {len(verdicts)} bins of confidence: {counts}"
    alt += f"; mean distance from the diagonal {format_percent(reliability.error)}."
    return finish(figure, alt, _RELIABILITY_HEIGHT, left=90, bottom=64)


def _describe_bins(reliability: Reliability, verdicts: list[Verdict]) -> list[list[object]]:
    """Return a row for each bin: its number, and what is said of it under the mouse."""
    columns = (reliability.count, reliability.right, reliability.confidence, reliability.low, reliability.high)
    bins = zip(*(column.tolist() for column in columns), strict=True)
    return [
        [
            number,
            f"{count:,}",
            f"{low} to {high}" if (low := format_nines(least)) != (high := format_nines(most)) else low,
            f"{right:,}",
            format_percent(right / count),
            format_nines(confidence),
            verdicts[number],
        ]
        for number, (count, right, confidence, least, most) in enumerate(bins)
    ]


def _scale_counts(count: NDArray[np.int64]) -> dict[str, object]:
    """Return the settings of an axis on which the smallest of these counts can still be seen."""
    if count.max() <= 20 * count.min():
        return {"rangemode": "tozero", "nticks": 3}
    return {"type": "log", "range": [-0.3, np.log10(count.max()) + 0.1], "dtick": 2}


def plot_rejection(rejection: Rejection, threshold: float | None = None) -> go.Figure:
    """Accuracy of the answers that are kept over the share that is rejected, as far as it still rises.

    Args:
        rejection: by threshold; the number of a threshold and itself are the points' customdata.
        threshold: the one to mark, of those in `rejection`.
    """
    subject = "Line chart of the accuracy of kept answers over the share rejected"
    if not rejection.threshold.size:
        return build_empty(subject, _REJECTION_HEIGHT)
    total = int(rejection.kept[0] + rejection.rejected[0])
    share, accuracy = rejection.rejected / total, rejection.accuracy
    columns = (rejection.threshold, rejection.rejected, rejection.right, rejection.kept)
    rows = [
        [number, limit, format_nines(limit), f"{rejected:,}", f"{right:,} of {kept:,}"]
        for number, (limit, rejected, right, kept) in enumerate(zip(*(c.tolist() for c in columns), strict=True))
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=share,
        y=accuracy,
        mode="lines+markers",
        line={"color": BLUE, "width": 1.5},
        marker={"color": BLUE, "size": 5},
        customdata=rows,
        hovertemplate="below %{customdata[2]}: %{customdata[3]} rejected (%{x:.2%})<br>"
        "kept: %{customdata[4]} right (%{y:.3%})<extra></extra>",
    )
    alt = f"{subject}: {format_percent(accuracy[0])} with none rejected"
    if threshold is not None:
        at = int(np.abs(rejection.threshold - threshold).argmin())
        mark_threshold(figure, share[at], accuracy[at])
        alt += f", {format_percent(accuracy[at])} with {format_percent(share[at])} rejected"
    figure.update_xaxes(title="Rejected", tickformat=".3~%", range=_find_rise(share, accuracy), zeroline=False)
    margin = 0.06 * (accuracy.max() - accuracy.min()) or 0.005
    span = [accuracy.min() - margin, accuracy.max() + margin]
    figure.update_yaxes(title="Right among the kept", tickformat=".3~%", range=span, nticks=6)
    return finish(figure, f"{alt}.", _REJECTION_HEIGHT, left=83, bottom=64)


def _find_rise(share: NDArray[np.float64], accuracy: NDArray[np.float64]) -> list[float]:
    """Return the range of shares up to a little beyond the first one at which the accuracy is at its best."""
    best = share[int(accuracy.argmax())]
    end = min(1.0, 1.15 * best) if best > 0 else 1.0
    return [-0.02 * end, end]
