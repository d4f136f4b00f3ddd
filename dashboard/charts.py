"""Arrays in, Plotly figure out. Nothing here draws on a page.

Every figure carries its description for people who cannot see it in `figure.layout.meta["alt"]`; pages draw it with
`dashboard.figure.render_figure`. Fonts, axes and hover boxes are left to Streamlit's theme; the colours of the data are
the same in the light and the dark one and are legible on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# No buttons over a chart: pages give a table of the same numbers, which says and exports more.
CHART_CONFIG = {"displayModeBar": False}

BLUE, ORANGE, GRAY = "#2f6fb3", "#d9730d", "#80807b"
# At least 3 to 1 against both themes' paper. Hue 0 is the accent.
HUES = (BLUE, ORANGE, "#4d8a57", "#8c68b8", GRAY, "#1b8588")
# Colour and pattern of the first, second and third split, which are told apart without colour too.
SPLIT_LOOKS = ((BLUE, ""), (GRAY, "/"), ("#6c6c68", "x"))
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross")
_TRANSPARENT = "rgba(0,0,0,0)"
_PLURALS = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")
# Longer curves are drawn without a mark at each point, which would hide the line.
_MOST_MARKS = 60


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: what the legend calls it.
        x, y: (n,) numbers; what is not finite leaves a gap.
        hue: index of its colour, taken modulo six; curves of the same run share one.
        dashed: whether to break the line.
        faint: whether to draw it thin and pale, as for noisy values behind their mean.
    """

    name: str
    x: Sequence[float] | NDArray[np.floating]
    y: Sequence[float] | NDArray[np.floating]
    hue: int = 0
    dashed: bool = False
    faint: bool = False


def plot_class_balance(counts: Mapping[str, NDArray[np.integer]]) -> go.Figure:
    """Bars of how many digits of each class every split holds.

    Args:
        counts: (10,) counts by the split's name, in the order of the legend.

    Raises:
        ShapeError: if a split has not ten counts.
    """
    if not counts:
        return _empty("Bar chart of digits per class", 300)
    figure = go.Figure()
    for index, (split, values) in enumerate(counts.items()):
        _require_shape(values, (10,), f"the counts of {split}")
        color, pattern = SPLIT_LOOKS[index % len(SPLIT_LOOKS)]
        figure.add_bar(
            name=split,
            x=[str(digit) for digit in range(10)],
            y=values,
            customdata=values / max(1, values.sum()),
            marker={"color": color, "pattern": _hatch(pattern)},
            hovertemplate="%{y:,} of the digit %{x}<br>%{customdata:.2%} of %{fullData.name}<extra></extra>",
        )
    ranges = [
        f"{split} from {values.min():,} {_PLURALS[values.argmin()]} to {values.max():,} {_PLURALS[values.argmax()]}"
        for split, values in counts.items()
    ]
    figure.update_xaxes(title="Digit", type="category")
    figure.update_yaxes(title="Digits in the split", tickformat=",")
    alt = f"Bar chart of digits per class: {'; '.join(ranges)}."
    return _finish(figure, alt, 300, showlegend=len(counts) > 1, bargap=0.2)


def plot_ink_histogram(
    ink: NDArray[np.floating], labels: NDArray[np.integer] | None = None, n_bins: int = 40
) -> go.Figure:
    """Histogram of how much ink digits have; with labels, one row for each class and a mark at its median.

    Args:
        ink: (n,) mean of each digit's pixels, as a fraction of full ink in [0, 1].
        labels: (n,) integers in 0..9, or None to take all digits together.
        n_bins: bins between no ink and the most ink of any digit.

    Raises:
        ShapeError: if the lengths differ.
    """
    if not ink.size:
        return _empty("Histogram of the mean ink of digits", 260)
    edges = np.linspace(0.0, float(ink.max()) or 1.0, n_bins + 1)
    centers = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    figure.update_xaxes(title="Mean ink", tickformat=".0%", range=[0, edges[-1]])
    alt = f"Histogram of the mean ink of {len(ink):,} digits, median {_percent(np.median(ink))}"
    if labels is None:
        figure.add_bar(
            x=centers,
            y=np.histogram(ink, edges)[0],
            width=edges[1],
            customdata=np.column_stack([edges[:-1], edges[1:]]),
            marker_color=BLUE,
            hovertemplate="%{y:,} digits with %{customdata[0]:.1%} to %{customdata[1]:.1%} ink<extra></extra>",
        )
        figure.update_yaxes(title="Digits", tickformat=",")
        return _finish(figure, f"{alt}, from {_percent(ink.min())} to {_percent(ink.max())}.", 260, bargap=0)

    _require_shape(labels, ink.shape, "the labels")
    classes = np.unique(labels)
    names = [str(digit) for digit in classes]
    medians = np.array([np.median(ink[labels == digit]) for digit in classes])
    rows = np.stack([np.histogram(ink[labels == digit], edges)[0] for digit in classes])
    figure.add_heatmap(
        x=centers,
        y=names,
        z=rows / rows.sum(axis=1, keepdims=True),
        colorscale=_fade_in(GRAY),
        showscale=False,
        hovertemplate="%{z:.1%} of the digit %{y} have about %{x:.1%} ink<extra></extra>",
    )
    figure.add_scatter(
        x=medians,
        y=names,
        mode="markers",
        marker={"symbol": "line-ns", "size": 12, "line": {"color": BLUE, "width": 3}},
        hovertemplate="the digit %{y}: median %{x:.2%} ink<extra></extra>",
    )
    figure.update_yaxes(title="Digit", type="category", autorange="reversed", showgrid=False)
    least, most = medians.argmin(), medians.argmax()
    alt += f"; by class the median runs from {_percent(medians[least])} for the {_PLURALS[classes[least]]}"
    return _finish(figure, f"{alt} to {_percent(medians[most])} for the {_PLURALS[classes[most]]}.", 340)


def plot_probabilities(probabilities: NDArray[np.floating], true_label: int | None = None) -> go.Figure:
    """Bars of a digit's ten probabilities, the predicted class accented and, where it is known, the true one named.

    Args:
        probabilities: (10,) fractions that sum to 1, or (0,) if there is no digit yet.
        true_label: 0..9, or None if nobody knows.

    Raises:
        ShapeError: if there are not ten.
    """
    if not probabilities.size:
        return _empty("Bar chart of the ten probabilities", 300)
    _require_shape(probabilities, (10,), "the probabilities")
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
        text=[" · ".join([_percent(p), *role]) for p, role in zip(probabilities, roles, strict=True)],
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
    alt = f"Bar chart of the ten probabilities: {predicted} with {_percent(probabilities[predicted])}"
    alt += f", then {second} with {_percent(probabilities[second])}"
    if true_label == predicted:
        alt += "; the prediction is right"
    elif true_label is not None:
        alt += f"; the prediction is wrong, the true digit is {true_label} with {_percent(probabilities[true_label])}"
    return _finish(figure, f"{alt}.", 300, bargap=0.25)


def plot_curves(
    curves: Sequence[Curve], x_title: str, y_title: str, y_format: str = ".4f", log_y: bool = False
) -> go.Figure:
    """Lines over a common axis, for a finished run or several; live curves are drawn by a component of their own.

    Args:
        curves: in the order of the legend.
        x_title: with the unit, for example "Epoch".
        y_title: with the unit, for example "Loss".
        y_format: how values are written, in the syntax that Python and d3 share: ".4f", ".2%", ".3g".
        log_y: logarithmic y axis; values of 0 and below leave gaps.

    Raises:
        ShapeError: if the x and y of a curve differ in length.
    """
    figure = go.Figure()
    parts = []
    for curve in curves:
        x, y = np.asarray(curve.x, dtype=np.float64), np.asarray(curve.y, dtype=np.float64)
        _require_shape(y, x.shape, f"the values of {curve.name}")
        hue = curve.hue % len(HUES)
        figure.add_scatter(
            name=curve.name,
            x=x,
            y=y,
            mode="lines+markers" if len(x) <= _MOST_MARKS else "lines",
            line={"color": HUES[hue], "width": 1 if curve.faint else 2, "dash": "dash" if curve.dashed else "solid"},
            marker={"symbol": _SYMBOLS[hue], "size": 4 if curve.faint else 6},
            opacity=0.6 if curve.faint else 1.0,
            hovertemplate=f"%{{fullData.name}}: %{{y:{y_format}}} at %{{x}}<extra></extra>",
        )
        seen = y[np.isfinite(y)]
        if seen.size:
            parts.append(f"{curve.name} from {seen[0]:{y_format}} to {seen[-1]:{y_format}}")
    subject = f"Line chart of {y_title} over {x_title}"
    if not parts:
        return _empty(subject, 340)
    # With a tilde, d3 leaves out trailing zeros: the axis says 99.5%, not 99.50%.
    ticks = f"{y_format[:-1]}~{y_format[-1]}"
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title, type="log" if log_y else "linear", tickformat=ticks)
    return _finish(figure, f"{subject}: {'; '.join(parts)}.", 340, showlegend=len(curves) > 1)


def plot_heatmap_image(images: NDArray[np.floating], title: str = "Mean", dark: bool = False) -> go.Figure:
    """Pictures of the classes, five to a row, all on one scale of ink.

    Args:
        images: (c, h, w) numbers of at least 0, one picture for each class, normally (10, 28, 28).
        title: what a pixel shows: "Mean" or "Variance".
        dark: light ink for the dark theme instead of dark ink.

    Raises:
        ShapeError: if there are not three axes.
    """
    if images.ndim != 3:
        raise ShapeError(f"Pictures of the classes have the shape {images.shape}; give one picture for each class.")
    if not images.size:
        return _empty(f"{title} image of each class", 320)
    rows = -(-len(images) // 5)
    figure = make_subplots(
        rows,
        5,
        subplot_titles=[str(digit) for digit in range(len(images))],
        horizontal_spacing=0.02,
        vertical_spacing=0.12,
    )
    for digit, image in enumerate(images):
        figure.add_heatmap(
            z=image.astype(np.float32),  # half the bytes of float64, and more than a colour can show
            coloraxis="coloraxis",
            hovertemplate=f"{title} of the digit {digit}<br>row %{{y}}, column %{{x}}: %{{z:.3f}}<extra></extra>",
            row=digit // 5 + 1,
            col=digit % 5 + 1,
        )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, constrain="domain", autorange="reversed")
    for digit in range(len(images)):
        figure.update_yaxes(scaleanchor=f"x{digit + 1}", row=digit // 5 + 1, col=digit % 5 + 1)
    ink = images.reshape(len(images), -1).mean(axis=1)
    most, least = int(ink.argmax()), int(ink.argmin())
    alt = (
        f"{title} image of each of {len(images)} classes: pixels from {images.min():.2f} to {images.max():.2f}, "
        f"on average most in the {_PLURALS[most]} ({ink[most]:.3f}) and least in the {_PLURALS[least]} "
        f"({ink[least]:.3f})."
    )
    scale = {"colorscale": _fade_in("#e9e5db" if dark else "#23262b"), "showscale": False, "cmin": 0.0}
    return _finish(figure, alt, 160 * rows, coloraxis=scale)


def plot_confidence_histogram(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], n_bins: int = 20
) -> go.Figure:
    """Histograms of the confidence of right and of wrong predictions, one above the other, each on its own scale.

    Args:
        confidence: (n,) probability of the predicted class, fractions in [0, 1].
        correct: (n,) bool, whether the prediction was right.
        n_bins: bins over [0, 1].

    Raises:
        ShapeError: if the lengths differ.
    """
    _require_shape(correct, confidence.shape, "what was correct")
    if not confidence.size:
        return _empty("Two histograms of the confidence of predictions", 340)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    groups = (("right", confidence[correct], BLUE, ""), ("wrong", confidence[~correct], ORANGE, "/"))
    figure = make_subplots(
        2,
        1,
        shared_xaxes=True,
        vertical_spacing=0.16,
        subplot_titles=[f"{len(v):,} {name}" for name, v, _, _ in groups],
    )
    parts = []
    for row, (name, values, color, pattern) in enumerate(groups, start=1):
        figure.add_bar(
            name=name,
            x=(edges[:-1] + edges[1:]) / 2,
            y=np.histogram(values, edges)[0],
            width=1 / n_bins,
            customdata=np.column_stack([edges[:-1], edges[1:]]),
            marker={"color": color, "pattern": _hatch(pattern)},
            hovertemplate=f"%{{y:,}} {name} with %{{customdata[0]:.0%}} to %{{customdata[1]:.0%}}<extra></extra>",
            row=row,
            col=1,
        )
        parts.append(f"{len(values):,} {name}" + (f" (median {_percent(np.median(values))})" if values.size else ""))
    figure.update_xaxes(range=[0, 1], tickformat=".0%", dtick=0.25)
    figure.update_xaxes(title="Confidence", row=2)
    figure.update_yaxes(title="Digits", tickformat=",", rangemode="tozero", nticks=4)
    alt = f"Two histograms of the confidence of {len(confidence):,} predictions: {parts[0]} and {parts[1]}."
    return _finish(figure, alt, 340, bargap=0)


def _empty(subject: str, height: int) -> go.Figure:
    """Figure that says there is no data, at the height it will have with some."""
    figure = go.Figure()
    figure.add_annotation(text="Nothing to show yet", x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return _finish(figure, f"{subject}: nothing to show yet.", height)


def _finish(figure: go.Figure, alt: str, height: int, **layout: object) -> go.Figure:
    """Give a figure the common look and its description."""
    top = 28 if figure.layout.annotations or layout.get("showlegend") else 8
    figure.update_annotations(font_size=13)
    return figure.update_layout(
        meta={"alt": alt},
        height=height,
        margin={"l": 8, "r": 16, "t": top, "b": 8},
        paper_bgcolor=_TRANSPARENT,
        plot_bgcolor=_TRANSPARENT,
        dragmode=False,  # a finger that scrolls past a chart must not zoom it
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        **{"showlegend": False, **layout},
    )


def _hatch(shape: str) -> dict[str, object]:
    """White pattern over the colour of a bar; "" for none."""
    return {"shape": shape, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.6, "size": 6}


def _fade_in(color: str) -> list[tuple[float, str]]:
    """Colour scale from bare paper, whatever its colour, to full ink."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return [(0.0, f"rgba({red},{green},{blue},0)"), (1.0, f"rgba({red},{green},{blue},1)")]


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _require_shape(values: NDArray[np.generic], shape: tuple[int, ...], what: str) -> None:
    if values.shape != shape:
        raise ShapeError(
            f"The shape of {what} is {values.shape}, not {shape}; give one value for each item of the chart."
        )
