"""Charts of a dataset: digits per class, how much ink they have, and what they look like on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.charts.look import BLUE, GRAY, build_empty, fade_in, finish, hatch, require_shape
from core.charts.words import PLURALS, format_percent
from core.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Colour and pattern of the first, second and third split, which are told apart without colour too.
SPLIT_LOOKS = ((BLUE, ""), (GRAY, "/"), ("#6c6c68", "x"))


def plot_class_balance(counts: Mapping[str, NDArray[np.integer]]) -> go.Figure:
    """Bars of how many digits of each class every split holds.

    Args:
        counts: (10,) counts by the split's name, in the order of the legend.

    Raises:
        ShapeError: if a split has not ten counts.
    """
    if not counts:
        return build_empty("Bar chart of digits per class", 300)
    figure = go.Figure()
    for index, (split, values) in enumerate(counts.items()):
        require_shape(values, (10,), f"the counts of {split}")
        color, pattern = SPLIT_LOOKS[index % len(SPLIT_LOOKS)]
        figure.add_bar(
            name=split,
            x=[str(digit) for digit in range(10)],
            y=values,
            customdata=values / max(1, values.sum()),
            marker={"color": color, "pattern": hatch(pattern)},
            hovertemplate="%{y:,} of the digit %{x}<br>%{customdata:.2%} of %{fullData.name}<extra></extra>",
        )
    ranges = [
        f"{split} from {values.min():,} {PLURALS[values.argmin()]} to {values.max():,} {PLURALS[values.argmax()]}"
        for split, values in counts.items()
    ]
    figure.update_xaxes(title="Digit", type="category")
    figure.update_yaxes(title="Digits in the split", tickformat=",")
    alt = f"Bar chart of digits per class: {'; '.join(ranges)}."
    return finish(figure, alt, 300, showlegend=len(counts) > 1, bargap=0.2)


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
        return build_empty("Histogram of the mean ink of digits", 260)
    edges = np.linspace(0.0, float(ink.max()) or 1.0, n_bins + 1)
    centers = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    figure.update_xaxes(title="Mean ink", tickformat=".0%", range=[0, edges[-1]])
    alt = f"Histogram of the mean ink of {len(ink):,} digits, median {format_percent(np.median(ink))}"
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
        return finish(figure, f"{alt}, from {format_percent(ink.min())} to {format_percent(ink.max())}.", 260, bargap=0)

    require_shape(labels, ink.shape, "the labels")
    classes = np.unique(labels)
    names = [str(digit) for digit in classes]
    medians = np.array([np.median(ink[labels == digit]) for digit in classes])
    rows = np.stack([np.histogram(ink[labels == digit], edges)[0] for digit in classes])
    figure.add_heatmap(
        x=centers,
        y=names,
        z=rows / rows.sum(axis=1, keepdims=True),
        colorscale=fade_in(GRAY),
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
    alt += f"; by class the median runs from {format_percent(medians[least])} for the {PLURALS[classes[least]]}"
    return finish(figure, f"{alt} to {format_percent(medians[most])} for the {PLURALS[classes[most]]}.", 340)


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
        return build_empty(f"{title} image of each class", 320)
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
        f"on average most in the {PLURALS[most]} ({ink[most]:.3f}) and least in the {PLURALS[least]} "
        f"({ink[least]:.3f})."
    )
    scale = {"colorscale": fade_in("#e9e5db" if dark else "#23262b"), "showscale": False, "cmin": 0.0}
    return finish(figure, alt, 160 * rows, coloraxis=scale)
