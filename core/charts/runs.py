"""Several runs in one chart: their mean with its spread, accuracy over training digits, and settings beside results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from core.charts.look import BLUE, GRAY, HUES, ORANGE, SYMBOLS, build_empty, finish, require_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_HEIGHT = 340
_MOST_MARKS = 60
# Ticks stand to the left of their axis, so the first axis needs room for its own.
_TICK_WIDTH_PX, _NARROWEST_PX = 7, 56


@dataclass(frozen=True)
class Spread:
    """Several runs as one line: the mean at each point, and how far the runs lie from it.

    Attributes:
        name: what the legend calls it.
        x: (n,) ascending numbers: epochs, steps, sizes.
        mean: (n,) over the runs.
        sd: (n,) sample standard deviation; 0 where there is one run.
        n: (n,) runs behind each point.
        hue: index of its colour, taken modulo six.
        dashed: whether to break the line.
    """

    name: str
    x: Sequence[float] | NDArray[np.floating]
    mean: Sequence[float] | NDArray[np.floating]
    sd: Sequence[float] | NDArray[np.floating]
    n: Sequence[int] | NDArray[np.integer]
    hue: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class ParallelAxis:
    """One upright axis of parallel coordinates.

    Attributes:
        label: above the axis.
        values: one for each run. Numbers are drawn to scale; if any is a word, a truth value or None, each distinct
            value becomes a tick, in the order of `choices` where it is among them.
        choices: all values in their order; may be empty.
        tick_format: of numbers, in the syntax that Python and d3 share: ",d", ".2%".
    """

    label: str
    values: Sequence[object]
    choices: Sequence[object] = ()
    tick_format: str = ""


def compute_spread(
    curves: Sequence[tuple[Sequence[float], Sequence[float | None]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and sample standard deviation of several curves at every x that all of them have.

    Args:
        curves: x and y of each; y may hold None or nan, which count as missing.

    Returns:
        x ascending, mean and standard deviation (0 for a single curve), each (n,) float64.

    Raises:
        ShapeError: if the x and y of a curve differ in length.
    """
    tables = []
    for xs, ys in curves:
        x, y = np.asarray(xs, dtype=np.float64), np.array(ys, dtype=np.float64)
        require_shape(y, x.shape, "the values of a curve")
        tables.append(dict(zip(x[np.isfinite(y)].tolist(), y[np.isfinite(y)].tolist(), strict=True)))
    shared = sorted(set.intersection(*(set(table) for table in tables))) if tables else []
    if not shared:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    values = np.array([[table[x] for x in shared] for table in tables])
    mean: NDArray[np.float64] = values.mean(axis=0)
    sd: NDArray[np.float64] = values.std(axis=0, ddof=1) if len(tables) > 1 else np.zeros(len(shared))
    return np.array(shared), mean, sd


def compute_stretch_means(
    x: Sequence[float], y: Sequence[float | None], width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average a curve over equal stretches of x, so that curves sampled at different places can be averaged.

    Args:
        x: (n,) above 0.
        y: (n,) values; None and nan are left out.
        width: of a stretch; the first is 0 (excluded) to `width` (included).

    Returns:
        The upper end of each stretch that holds a value, ascending, and the mean there.
    """
    places, values = np.asarray(x, dtype=np.float64), np.array(y, dtype=np.float64)
    kept = np.isfinite(values)
    stretch = np.ceil(places[kept] / width - 1e-9).astype(np.int64)
    ends, inverse, counts = np.unique(stretch, return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = np.bincount(inverse, weights=values[kept]) / counts
    return ends.astype(np.float64) * width, means


def plot_band(
    bands: Sequence[Spread], x_title: str, y_title: str, y_format: str = ".4f", log_y: bool = False
) -> go.Figure:
    """Mean lines, each in a band of one standard deviation to either side.

    Args:
        bands: in the order of the legend; those without points are left out.
        x_title: with the unit, for example "Epoch".
        y_title: with the unit, for example "Loss".
        y_format: how values are written, in the syntax that Python and d3 share: ".4f", ".2%".
        log_y: logarithmic y axis; a band that would reach 0 ends at half the lowest mean.

    Raises:
        ShapeError: if the parts of a band differ in length.
    """
    figure, parts = go.Figure(), []
    for band, x, mean, sd, n in _read_with_points(bands):
        color = HUES[band.hue % len(HUES)]
        if x.size > 1 and np.any(sd > 0):
            low = np.maximum(mean - sd, mean[mean > 0].min(initial=1.0) / 2) if log_y else mean - sd
            figure.add_scatter(
                x=np.concatenate([x, x[::-1]]),
                y=np.concatenate([mean + sd, low[::-1]]),
                mode="lines",
                line={"width": 0, "color": color},
                fill="toself",
                fillcolor=_fade(color),
                hoverinfo="skip",
                showlegend=False,
                legendgroup=band.name,
            )
        figure.add_scatter(**_build_mean(band, x, mean, sd, n, y_format, with_bars=x.size == 1))
        parts.append(
            f"{band.name} ({n.max()} {'run' if n.max() == 1 else 'runs'}) from {mean[0]:{y_format}} "
            f"to {mean[-1]:{y_format}} ± {sd[-1]:{y_format}}"
        )
    subject = f"Line chart of {y_title} over {x_title}, mean and standard deviation"
    if not parts:
        return build_empty(subject, _HEIGHT)
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title, type="log" if log_y else "linear", tickformat=_shorten(y_format))
    return finish(figure, f"{subject}: {'; '.join(parts)}.", _fit_height(parts), showlegend=len(parts) > 1)


def plot_learning_curves(curves: Sequence[Spread], y_title: str = "Test accuracy") -> go.Figure:
    """Accuracy over the number of training digits, with a bar of one standard deviation to either side of each mean.

    Args:
        curves: x is digits trained on, the mean a fraction.
        y_title: of the accuracy.

    Raises:
        ShapeError: if the parts of a curve differ in length.
    """
    figure, parts = go.Figure(), []
    for curve, x, mean, sd, n in _read_with_points(curves):
        figure.add_scatter(**_build_mean(curve, x, mean, sd, n, ".2%", with_bars=True))
        parts.append(f"{curve.name} from {mean[0]:.2%} with {x[0]:,.0f} digits to {mean[-1]:.2%} with {x[-1]:,.0f}")
    subject = f"Line chart of {y_title} over digits trained on"
    if not parts:
        return build_empty(subject, _HEIGHT)
    sizes = sorted({float(x) for curve in curves for x in curve.x})
    figure.update_xaxes(title="Digits trained on", type="log", tickvals=sizes, ticktext=[f"{x:,.0f}" for x in sizes])
    figure.update_yaxes(title=y_title, tickformat=_shorten(".2%"))
    return finish(figure, f"{subject}: {'; '.join(parts)}.", _fit_height(parts), showlegend=len(parts) > 1)


def plot_parallel(axes: Sequence[ParallelAxis], color: Sequence[float], color_title: str) -> go.Figure:
    """One line for each run across upright axes, coloured by its result.

    Args:
        axes: from left to right; the last is the result.
        color: (n,) the result as a number, from orange (low) to blue (high).
        color_title: what the result is.

    Raises:
        ShapeError: if an axis has not one value for each run.
    """
    result = np.asarray(color, dtype=np.float64)
    subject = f"Parallel coordinates of {len(result)} runs, coloured by {color_title}"
    if not axes or not result.size:
        return build_empty(subject, _HEIGHT)
    for axis in axes:
        require_shape(np.arange(len(axis.values)), result.shape, f"the axis {axis.label}")
    dimensions = [_build_dimension(axis) for axis in axes]
    lines = go.Parcoords(
        dimensions=dimensions,
        line={"color": result, "colorscale": [(0.0, ORANGE), (1.0, BLUE)]},
        labelfont={"color": GRAY, "size": 12},
        tickfont={"color": GRAY, "size": 11},
        rangefont={"color": "rgba(0,0,0,0)", "size": 1},
    )
    names = ", ".join(axis.label for axis in axes)
    figure = finish(go.Figure(lines), f"{subject}. Axes: {names}.", _HEIGHT)
    longest = max((len(text) for text in dimensions[0].get("ticktext", ())), default=0)
    left = max(_NARROWEST_PX, _TICK_WIDTH_PX * longest + 16)
    return figure.update_layout(margin={"l": left, "r": _NARROWEST_PX, "t": 56, "b": 24})


def _read_with_points(
    lines: Sequence[Spread],
) -> Iterator[tuple[Spread, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]]:
    """Yield each line that has points with its x, means, standard deviations and numbers of runs."""
    for line in lines:
        x, mean, sd = (np.asarray(values, dtype=np.float64) for values in (line.x, line.mean, line.sd))
        n = np.asarray(line.n, dtype=np.int64)
        for values in (mean, sd, n):
            require_shape(values, x.shape, f"the values of {line.name}")
        if x.size:
            yield line, x, mean, sd, n


def _build_mean(
    line: Spread,
    x: NDArray[np.float64],
    mean: NDArray[np.float64],
    sd: NDArray[np.float64],
    n: NDArray[np.int64],
    y_format: str,
    *,
    with_bars: bool,
) -> dict[str, object]:
    """Describe the line of the means for `add_scatter`; hovering says mean, spread and number of runs."""
    hue = line.hue % len(HUES)
    trace: dict[str, object] = {
        "name": line.name,
        "legendgroup": line.name,
        "x": x,
        "y": mean,
        "mode": "lines+markers" if len(x) <= _MOST_MARKS else "lines",
        "line": {"color": HUES[hue], "width": 2, "dash": "dash" if line.dashed else "solid"},
        "marker": {"symbol": SYMBOLS[hue], "size": 7},
        "customdata": np.stack([sd, n], axis=1),
        "hovertemplate": (
            f"%{{fullData.name}}: %{{y:{y_format}}} ± %{{customdata[0]:{y_format}}} at %{{x:,}}, "
            "n = %{customdata[1]}<extra></extra>"
        ),
    }
    if with_bars:
        trace["error_y"] = {"type": "data", "array": np.where(n > 1, sd, np.nan), "color": HUES[hue], "thickness": 1.5}
    return trace


def _build_dimension(axis: ParallelAxis) -> dict[str, Any]:
    numbers = [value for value in axis.values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(axis.values) and len(set(numbers)) > 1:
        return {"label": axis.label, "values": numbers, "tickformat": axis.tick_format or None}
    known = list(axis.choices)
    order = [value for value in known if value in axis.values]
    rest = {value for value in axis.values if value not in order}
    ticks = order + sorted(rest, key=lambda value: (not isinstance(value, int | float), _sort_key(value)))
    return {
        "label": axis.label,
        "values": [ticks.index(value) for value in axis.values],
        "tickvals": list(range(len(ticks))),
        "ticktext": [_write_tick(value, axis.tick_format) for value in ticks],
        # A single tick in the middle of its axis, and no range of zero width.
        "range": [-0.5, len(ticks) - 0.5],
    }


def _sort_key(value: object) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value))


def _write_tick(value: object, tick_format: str) -> str:
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:{tick_format}}" if tick_format and isinstance(value, int | float) else str(value)


def _fade(color: str) -> str:
    """Return the colour as a wash for a band."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def _fit_height(lines: Sequence[object]) -> int:
    """Return a height that leaves the chart its room beneath a legend of long names, one to a line."""
    return _HEIGHT + (22 * len(lines) if len(lines) > 1 else 0)


def _shorten(y_format: str) -> str:
    """With a tilde, d3 leaves out trailing zeros: the axis says 99.5%, not 99.50%."""
    return f"{y_format[:-1]}~{y_format[-1]}"
