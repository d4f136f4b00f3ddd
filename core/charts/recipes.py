"""Recipes beside one another: what is claimed and what was measured, and what accuracy costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from core.charts.look import BLUE, GRAY, ORANGE, build_empty, finish
from core.charts.nines import stretch
from core.charts.words import format_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

# So far to the right that a mean of 100 % still has a place.
_MOST_NINES = 5
_TICKS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0)
# Of an axis on which a factor of ten has the length 1.
_NARROWEST = 1.0
_ROW_PX, _AXIS_PX = 26, 60
# Pixels that names stand above their marks, in turn from the right, where the highest mark is; and the share of the
# chart's width that lies between two of them at least.
_NAME_HEIGHTS = (18, 32)
_NAME_ROOM = 0.04
_FRONTIER_HEIGHT = 360


@dataclass(frozen=True)
class RecipePoint:
    """A recipe as a mark.

    Attributes:
        number: of the recipe; the first entry of the mark's customdata.
        name: of the recipe.
        claimed: what its source reports, a fraction; None if nothing.
        accuracies: test accuracy of each seed, fractions; none if it was not measured.
        is_improved: whether it is this project's attempt to beat a published one.
        cost: place on the x axis of the frontier, above 0.
    """

    number: int
    name: str
    claimed: float | None
    accuracies: tuple[float, ...]
    is_improved: bool = False
    cost: float = 1.0

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.accuracies))

    @property
    def sd(self) -> float:
        """Sample standard deviation over the seeds; 0 for a single one."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else 0.0

    @property
    def words(self) -> str:
        """What was measured, as in '99.43 % ± 0.04, n = 5'."""
        spread = f" ± {100 * self.sd:.2f}" if len(self.accuracies) > 1 else ""
        return f"{format_percent(self.mean)}{spread}, n = {len(self.accuracies)}"


def plot_claims(points: Sequence[RecipePoint]) -> go.Figure:
    """A row for each recipe: its claim as a hollow diamond, its seeds as ticks, their mean with its spread as a dot.

    Args:
        points: from top to bottom; those with neither claim nor measurement are left out.
    """
    subject = "Dot plot of claimed and measured test accuracy"
    shown = [point for point in points if point.claimed is not None or point.accuracies]
    if not shown:
        return build_empty(subject, 200)
    figure = go.Figure()
    measured = [point for point in shown if point.accuracies]
    claimed = [point for point in shown if point.claimed is not None]
    if measured:
        seeds = [(point.name, one) for point in measured for one in point.accuracies]
        figure.add_scatter(
            name="each seed",
            x=_place([one for _, one in seeds]),
            y=[name for name, _ in seeds],
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 12, "color": GRAY, "line": {"width": 1.2}},
            hoverinfo="skip",
        )
        figure.add_scatter(
            name="measured: mean ± sd",
            x=_place([point.mean for point in measured]),
            y=[point.name for point in measured],
            mode="markers",
            marker={"symbol": "circle", "size": 10, "color": BLUE},
            error_x=_build_spread(measured),
            customdata=[[point.number, point.words] for point in measured],
            hovertemplate="%{y}: measured %{customdata[1]}<extra></extra>",
        )
    if claimed:
        shares = [point.claimed or 0.0 for point in claimed]
        figure.add_scatter(
            name="claimed",
            x=_place(shares),
            y=[point.name for point in claimed],
            mode="markers",
            marker={"symbol": "diamond-open", "size": 11, "color": ORANGE, "line": {"width": 2}},
            customdata=[[point.number, format_percent(share)] for point, share in zip(claimed, shares, strict=True)],
            hovertemplate="%{y}: claimed %{customdata[1]}<extra></extra>",
        )
    names = [point.name for point in shown]
    shares = [one for point in shown for one in (*point.accuracies, *([point.claimed] if point.claimed else []))]
    figure.update_xaxes(title="Test accuracy, %", **_build_axis(shares))
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], range=[-0.7, len(names) - 0.3])
    alt = f"{subject}: {'; '.join(_describe(point) for point in shown)}."
    return finish(figure, alt, _AXIS_PX + 40 + _ROW_PX * len(shown), showlegend=True)


def plot_frontier(points: Sequence[RecipePoint], cost_title: str, cost_format: str = ",.4~g") -> go.Figure:
    """Measured accuracy over what it costs; a dotted line joins the recipes that no other beats at their cost.

    Of these as many are named in the picture as there is room for; a pointer names the others.

    Args:
        points: those that were not measured are left out.
        cost_title: what the cost is, with its unit.
        cost_format: how it is written, in the syntax of d3.
    """
    subject = f"Measured test accuracy over {cost_title.lower()}"
    shown = [point for point in points if point.accuracies]
    if not shown:
        return build_empty(subject, _FRONTIER_HEIGHT)
    best = compute_frontier([point.cost for point in shown], [point.mean for point in shown])
    leaders = [shown[place] for place in best]
    figure = go.Figure()
    figure.add_scatter(
        x=[point.cost for point in leaders],
        y=_place([point.mean for point in leaders]),
        mode="lines",
        line={"color": GRAY, "dash": "dot", "width": 1.5, "shape": "hv"},
        hoverinfo="skip",
        showlegend=False,
    )
    for is_improved, name, color, symbol in (
        (False, "recipe", BLUE, "circle"),
        (True, "improved settings", ORANGE, "diamond"),
    ):
        group = [point for point in shown if point.is_improved == is_improved]
        if group:
            figure.add_scatter(
                name=name,
                x=[point.cost for point in group],
                y=_place([point.mean for point in group]),
                mode="markers",
                marker={"color": color, "symbol": symbol, "size": 11},
                error_y=_build_spread(group),
                customdata=[[point.number, point.words, point.name] for point in group],
                hovertemplate="%{customdata[2]}: %{customdata[1]}<br>"
                f"{cost_title}: %{{x:{cost_format}}}<extra></extra>",
                cliponaxis=False,
            )
    costs = [point.cost for point in shown]
    for place, point in enumerate(_choose_named(leaders, costs)):
        figure.add_annotation(
            x=np.log10(point.cost),
            y=float(_place([point.mean])[0]),
            text=point.name,
            font={"size": 11},
            xanchor="left" if point.cost == min(costs) else "right",
            ax=0,
            ay=-_NAME_HEIGHTS[place % len(_NAME_HEIGHTS)],
            arrowcolor=GRAY,
            arrowhead=0,
            arrowwidth=1,
            standoff=6,
        )
    figure.update_xaxes(title=cost_title, type="log", dtick="D2", range=_frame(np.log10(costs), 0.12))
    figure.update_yaxes(title="Test accuracy, %", **_build_axis([one for point in shown for one in point.accuracies]))
    names = ", ".join(point.name for point in leaders)
    alt = f"{subject}: {'; '.join(_describe(point) for point in shown)}. Beaten by none at their cost: {names}."
    return finish(figure, alt, _FRONTIER_HEIGHT, showlegend=len({point.is_improved for point in shown}) > 1)


def compute_frontier(costs: Sequence[float], accuracies: Sequence[float]) -> list[int]:
    """Return the places of those that no other beats in accuracy at the same cost or less, by rising cost.

    Args:
        costs: (n,).
        accuracies: (n,) fractions.
    """
    order = sorted(range(len(costs)), key=lambda place: (costs[place], -accuracies[place]))
    found: list[int] = []
    for place in order:
        if not found or accuracies[place] > accuracies[found[-1]]:
            found.append(place)
    return found


def _place(shares: ArrayLike) -> NDArray[np.float64]:
    return stretch(np.array(shares, dtype=np.float64), _MOST_NINES)


def _build_spread(points: Sequence[RecipePoint]) -> dict[str, object]:
    """Return the bars of one standard deviation to either side, on the stretched axis; none for a single seed."""
    means, sds = np.array([point.mean for point in points]), np.array([point.sd for point in points])
    middle = _place(means)
    return {
        "type": "data",
        "array": np.where(sds > 0, _place(np.minimum(means + sds, 1)) - middle, np.nan),
        "arrayminus": np.where(sds > 0, middle - _place(np.maximum(means - sds, 0)), np.nan),
        "thickness": 2,
        "width": 0,
    }


def _build_axis(shares: Sequence[float]) -> dict[str, object]:
    """Return the settings of an axis over these accuracies, on which each further nine takes equal room."""
    places = _place(shares)
    low, high = _frame(places, 0.08)
    ticks = [share for share in _TICKS if low <= float(_place([share])[0]) <= high]
    return {
        "range": [low, high],
        "tickvals": _place(ticks),
        "ticktext": [f"{100 * share:.4g}" for share in ticks],
        "zeroline": False,
    }


def _frame(places: NDArray[np.float64], share: float) -> list[float]:
    """Return a range around places: with a margin that is a share of it, and wide enough for some ticks."""
    low, high = float(np.min(places)), float(np.max(places))
    margin = max(share * (high - low), (_NARROWEST - (high - low)) / 2)
    return [low - margin, high + margin]


def _choose_named(leaders: Sequence[RecipePoint], costs: Sequence[float]) -> list[RecipePoint]:
    """Return those whose names have room, from the dearest to the cheapest."""
    width = float(np.log10(max(costs) / min(costs)))
    named: list[RecipePoint] = []
    for point in reversed(leaders):
        if not named or np.log10(named[-1].cost / point.cost) >= _NAME_ROOM * width:
            named.append(point)
    return named


def _describe(point: RecipePoint) -> str:
    parts = [f"claimed {format_percent(point.claimed)}"] if point.claimed is not None else []
    parts += [f"measured {point.words}"] if point.accuracies else []
    return f"{point.name} {', '.join(parts)}"
