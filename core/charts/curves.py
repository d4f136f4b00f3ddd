"""Lines over a common axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.charts.look import HUES, SYMBOLS, build_empty, finish, require_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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
        require_shape(y, x.shape, f"the values of {curve.name}")
        hue = curve.hue % len(HUES)
        figure.add_scatter(
            name=curve.name,
            x=x,
            y=y,
            mode="lines+markers" if len(x) <= _MOST_MARKS else "lines",
            line={"color": HUES[hue], "width": 1 if curve.faint else 2, "dash": "dash" if curve.dashed else "solid"},
            marker={"symbol": SYMBOLS[hue], "size": 4 if curve.faint else 6},
            opacity=0.6 if curve.faint else 1.0,
            hovertemplate=f"%{{fullData.name}}: %{{y:{y_format}}} at %{{x}}<extra></extra>",
        )
        seen = y[np.isfinite(y)]
        if seen.size:
            parts.append(f"{curve.name} from {seen[0]:{y_format}} to {seen[-1]:{y_format}}")
    subject = f"Line chart of {y_title} over {x_title}"
    if not parts:
        return build_empty(subject, 340)
    # With a tilde, d3 leaves out trailing zeros: the axis says 99.5%, not 99.50%.
    ticks = f"{y_format[:-1]}~{y_format[-1]}"
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title, type="log" if log_y else "linear", tickformat=ticks)
    return finish(figure, f"{subject}: {'; '.join(parts)}.", 340, showlegend=len(curves) > 1)
