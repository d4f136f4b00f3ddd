"""What all charts share: colours, the empty figure and the common finish."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from core.errors import ShapeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLUE, ORANGE, GRAY = "#2f6fb3", "#d9730d", "#80807b"
# At least 3 to 1 against both themes' paper. Hue 0 is the accent.
HUES = (BLUE, ORANGE, "#4d8a57", "#8c68b8", GRAY, "#1b8588")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross")
_TRANSPARENT = "rgba(0,0,0,0)"


def build_empty(subject: str, height: int) -> go.Figure:
    """Figure that says there is no data, at the height it will have with some."""
    figure = go.Figure()
    figure.add_annotation(text="Nothing to show yet", x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return finish(figure, f"{subject}: nothing to show yet.", height)


def finish(figure: go.Figure, alt: str, height: int, *, left: int = 8, bottom: int = 8, **layout: object) -> go.Figure:
    """Give a figure the common look and its description.

    Args:
        figure: with its traces and axes.
        alt: the description.
        height: in pixels.
        left: room for the labels of the y axis, in pixels. Plotly widens what is too little, but only by drawing
            everything a second time.
        bottom: the same for the x axis.
        layout: more of Plotly's layout.
    """
    # Plotly takes some tags for markup, and what a person called a run for tags.
    figure.for_each_trace(lambda trace: trace.update(name=trace.name and html.escape(trace.name, quote=False)))
    top = 28 if figure.layout.annotations or layout.get("showlegend") else 8
    figure.update_annotations(font_size=13)
    return figure.update_layout(
        meta={"alt": alt},
        height=height,
        margin={"l": left, "r": 16, "t": top, "b": bottom},
        paper_bgcolor=_TRANSPARENT,
        plot_bgcolor=_TRANSPARENT,
        dragmode=False,  # a finger that scrolls past a chart must not zoom it
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        **{"showlegend": False, **layout},
    )


def hatch(shape: str) -> dict[str, object]:
    """White pattern over the colour of a bar; "" for none."""
    return {"shape": shape, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.6, "size": 6}


def mark_threshold(figure: go.Figure, x: float, y: float) -> None:
    """Ring the point of a curve at which a threshold stands."""
    ring = {"symbol": "diamond-open", "size": 14, "color": ORANGE, "line": {"width": 2.5}}
    figure.add_scatter(x=[x], y=[y], mode="markers", marker=ring, hoverinfo="skip")


def fade_in(color: str) -> list[tuple[float, str]]:
    """Colour scale from bare paper, whatever its colour, to full ink."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return [(0.0, f"rgba({red},{green},{blue},0)"), (1.0, f"rgba({red},{green},{blue},1)")]


def require_shape(values: NDArray[np.generic], shape: tuple[int, ...], what: str) -> None:
    """Raise ShapeError, naming `what`, unless the values have this shape."""
    if values.shape != shape:
        raise ShapeError(
            f"The shape of {what} is {values.shape}, not {shape}; give one value for each item of the chart."
        )
