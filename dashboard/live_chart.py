"""A line chart that grows while a run trains: it keeps its place, its zoom and its hidden lines from tick to tick."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.errors import ShapeError

MAX_POINTS = 2000

_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.live_chart",
    html='<div class="live-chart"></div>',
    css="".join((_FRONT_END / name).read_text("utf-8") for name in ("palette.css", "live_chart.css")),
    # One module in three files: none imports another, so that there is nothing to build or to serve.
    js="".join(
        (_FRONT_END / name).read_text("utf-8") for name in ("chart_scales.js", "chart_drawing.js", "live_chart.js")
    ),
)


@dataclass(frozen=True)
class Series:
    """One line.

    Attributes:
        name: what the legend calls it.
        x: steps or epochs, ascending.
        y: as many values; None and values that are not finite leave a gap.
        color: 'blue', 'orange', 'green', 'violet' or 'gray' of the page's theme, or any CSS colour; None takes the
            next of the theme.
        dashed: draw dashes, not a solid line.
        markers: draw a dot at each point. Such points are single measurements, and never smoothed.
    """

    name: str
    x: Sequence[float] = field(repr=False)
    y: Sequence[float | None] = field(repr=False)
    color: str | None = None
    dashed: bool = False
    markers: bool = False


def render_live_chart(
    series: Sequence[Series],
    *,
    key: str,
    alt: str,
    height: int = 280,
    x_title: str = "",
    y_title: str = "",
    y_format: Literal["number", "percent"] = "number",
    log_y: bool = False,
    smoothing: float = 0.0,
    baseline: tuple[float, str] | None = None,
    empty: str = "Waiting for the first numbers.",
    max_points: int = MAX_POINTS,
) -> None:
    """Draw the lines; called again with more points and the same key, the same canvas goes on growing.

    A drag zooms on x, a drag with Shift pans, a double click or the button resets; + − ← → and Escape do so from the
    keyboard. The zoom lives in the browser: it is there as long as the chart stays on the page.

    Args:
        series: the lines, in the order of the legend.
        key: the chart's key on its page; it must not change between ticks.
        alt: the chart in words, for those who listen.
        height: of the drawing, in pixels.
        x_title: what x is, with its unit.
        y_title: what y is, with its unit.
        y_format: 'percent' writes a share of 1 as per cent.
        log_y: a logarithmic y axis; values of 0 and below leave a gap.
        smoothing: weight of the past in a moving average, 0 (none) to below 1; the raw line stays, faint, beneath it.
        baseline: a value to compare with and what it is; drawn as a level line.
        empty: the sentence shown while there is no point.
        max_points: drawn of each line, 4 or more; its spikes stay.

    Raises:
        ShapeError: if a series has not as many x as y.
    """
    _mount(
        key=key,
        data={
            "series": [_pack(line, smoothing, max_points) for line in series],
            "points": sum(len(line.x) for line in series),
            "alt": alt,
            "height": height,
            "xTitle": x_title,
            "yTitle": y_title,
            "yFormat": y_format,
            "logY": log_y,
            "baseline": None if baseline is None else {"value": baseline[0], "label": baseline[1]},
            "empty": empty,
        },
    )


def compute_smoothed(y: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Exponential moving average that starts without bias: the first value is the first y.

    Args:
        y: (n,) float64; nan is skipped and stays nan.
        smoothing: weight of the past, 0 to below 1.

    Returns:
        (n,) float64.

    Source: Kingma & Ba 2015 (arXiv 1412.6980), section 3, the correction by 1 - smoothing ** t.
    """
    mean = pd.Series(y).ewm(alpha=1.0 - smoothing, adjust=True, ignore_na=True).mean().to_numpy(copy=True)
    mean[np.isnan(y)] = np.nan
    return mean


def compute_thinned(y: NDArray[np.float64], limit: int = MAX_POINTS) -> NDArray[np.int64]:
    """Which points to draw: the lowest and the highest of each stretch, so that spikes stay, and both ends.

    Args:
        y: (n,) float64, may hold nan.
        limit: at most so many points, 4 or more.

    Returns:
        Ascending places in y; all of them if there are no more than `limit`.
    """
    n = len(y)
    if n <= limit:
        return np.arange(n)
    width = -(-n // (limit // 2 - 1))
    padded = np.full(-(-n // width) * width, np.nan)
    padded[:n] = y
    stretches = padded.reshape(-1, width)
    starts = np.arange(0, n, width)
    low = starts + np.where(np.isnan(stretches), np.inf, stretches).argmin(axis=1)
    high = starts + np.where(np.isnan(stretches), -np.inf, stretches).argmax(axis=1)
    return np.unique(np.concatenate([[0], low, high, [n - 1]]))


def _pack(line: Series, smoothing: float, max_points: int) -> dict[str, Any]:
    if len(line.x) != len(line.y):
        raise ShapeError(f"The line '{line.name}' has {len(line.x)} x and {len(line.y)} y; it needs as many of each.")
    y = np.array(line.y, dtype=np.float64)  # None becomes nan
    y[~np.isfinite(y)] = np.nan
    kept = compute_thinned(y, max_points)
    smooth = compute_smoothed(y, smoothing)[kept] if smoothing > 0 and not line.markers else None
    return {
        "name": line.name,
        "color": line.color,
        "dashed": line.dashed,
        "markers": line.markers,
        "x": np.asarray(line.x, dtype=np.float64)[kept].tolist(),
        "y": _list_finite(y[kept]),
        "smooth": None if smooth is None else _list_finite(smooth),
    }


def _list_finite(values: NDArray[np.float64]) -> list[float | None]:
    """JSON knows no nan; six digits are more than a screen shows."""
    return [None if math.isnan(value) else float(f"{value:.6g}") for value in values]
