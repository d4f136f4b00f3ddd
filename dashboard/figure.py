"""The one way to draw a chart: with its description, its numbers as a table, and marks that can be clicked."""

from __future__ import annotations

import zlib
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pandas as pd
    import plotly.graph_objects as go

    # A mark of a chart: the number of its trace, and its own number in there.
    Mark = tuple[int, int]


# No buttons over a chart: pages give a table of the same numbers, which says and exports more.
CHART_CONFIG = {"displayModeBar": False}


# How faint the marks are that are not chosen while another one is.
_DIM = 0.25
# As many charts as a dozen runs have in all their views.
_MOST_CHARTS = 256


@dataclass
class _Drawn:
    """What the browser was given of a chart, and which marks stand out in it since."""

    figure: int
    given: frozenset[Mark]
    shown: frozenset[Mark] | None
    times: int = 0


def load_figure(plot: Callable[..., go.Figure], *parts: object, **options: object) -> go.Figure:
    """Return the chart of these parts, which is built once: Plotly takes longer over it than over all the counting.

    Args:
        plot: of core.charts; a function of the module, not one made on the way.
        parts: its arguments; arrays and dataclasses of arrays are told apart by what they hold.
        options: its arguments by name.

    Returns:
        The chart, which is shared: draw it, and change nothing in it.
    """
    return _load_figure(plot, f"{plot.__module__}.{plot.__qualname__}", parts, options)


@st.cache_resource(max_entries=_MOST_CHARTS, show_spinner=False)
def _load_figure(
    _plot: Callable[..., go.Figure],
    name: str,  # noqa: ARG001  (a key)
    parts: tuple[object, ...],
    options: dict[str, object],
) -> go.Figure:
    return _stamp(_plot(*parts, **options))


def _stamp(figure: go.Figure) -> go.Figure:
    """Write into a chart, beside its description, what tells it from any other."""
    return figure.update_layout(meta={**figure.layout.meta, "print": zlib.crc32(figure.to_json().encode())})


def render_figure(
    figure: go.Figure,
    table: pd.DataFrame | None = None,
    *,
    key: str,
    on_click: Callable[[list[list[Any]]], None] | None = None,
    chosen: Collection[int] = (),
) -> None:
    """Draw a chart with its description and, folded away beneath it, the numbers it is made of.

    Args:
        figure: from `load_figure` or core.charts, with its description in `layout.meta["alt"]`. Bars and points that
            can be clicked carry rows of `customdata` that begin with the mark's number; marks that mean the same share
            one.
        table: the same numbers in rows; None draws no table.
        key: unique on the page.
        on_click: called with the customdata of the mark that was clicked, in a list; with an empty one when the chosen
            mark was clicked again. It runs before the page does, like every callback.
        chosen: numbers of the marks that are to look chosen, whoever chose them.
    """
    alt = figure.layout.meta["alt"]
    if on_click is None:
        st.plotly_chart(figure, theme="streamlit", config=CHART_CONFIG, alt=alt, key=key)
    else:
        if "print" not in figure.layout.meta:
            _stamp(figure)
        drawn = _choose_marks(figure, key, chosen)
        st.plotly_chart(
            _load_clickable(figure, drawn.figure, tuple(sorted(drawn.given))),
            theme="streamlit",
            # Without the number, a chart given again would be the one that the browser has, clicked mark and all.
            config={**CHART_CONFIG, "times": drawn.times},
            alt=alt,
            key=key,
            on_select=lambda: _follow_click(figure, key, on_click, chosen),
            selection_mode="points",
        )
    if table is not None:
        st.fragment(_render_table)(table, f"{key}-table", alt)


def _render_table(table: pd.DataFrame, key: str, alt: str) -> None:
    """Draw the numbers of a chart once they are unfolded; a folded table would cost as much as a chart to draw."""
    fold = st.expander("Show as table", type="compact", key=key, on_change="rerun")
    if fold.open:
        with fold:
            st.dataframe(table, hide_index=True, alt=alt)


def _choose_marks(figure: go.Figure, key: str, chosen: Collection[int]) -> _Drawn:
    """Return which marks the browser is to be given as chosen ones.

    What was found out about clicks: the browser dims all marks but the clicked one by itself, and lights all up again
    when that is clicked once more, as long as the figure stays the same to the byte. Any change to the figure mounts
    the chart anew, which shows as one blank frame or two and forgets the click. So the figure stays as it was given
    while the browser shows what is wanted, and is given anew only if the choice was made or removed elsewhere, or
    stands in several traces or panels, of which a click changes one.
    """
    wanted = frozenset(
        (curve, point)
        for curve, trace in enumerate(figure.data)
        if trace.customdata is not None
        for point, row in enumerate(trace.customdata)
        if row[0] in chosen
    )
    drawn = st.session_state.get(_name_drawn(key))
    was_away = key not in st.session_state
    fingerprint = figure.layout.meta["print"]
    if drawn is None or was_away or drawn.figure != fingerprint or drawn.shown != wanted:
        drawn = _Drawn(fingerprint, wanted, wanted, drawn.times + 1 if drawn else 0)
        st.session_state[_name_drawn(key)] = drawn
    return drawn


@st.cache_resource(max_entries=_MOST_CHARTS, show_spinner=False)
def _load_clickable(_figure: go.Figure, fingerprint: int, given: tuple[Mark, ...]) -> go.Figure:  # noqa: ARG001  (a key)
    """Return a copy of a chart whose marks can be clicked, with these standing out among them.

    A choice is given as opacity and not as `selectedpoints`, because a click that takes those away is not reported.
    """
    figure = copy(_figure)
    for curve, trace in enumerate(figure.data):
        if trace.customdata is None:
            continue
        if given:
            points = range(len(trace.customdata))
            trace.marker.opacity = [1 if (curve, point) in given else _DIM for point in points]
        trace.update(selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": _DIM}})
    return figure


def _follow_click(
    figure: go.Figure, key: str, on_click: Callable[[list[list[Any]]], None], chosen: Collection[int]
) -> None:
    points = {(point["curve_number"], point["point_index"]) for point in st.session_state[key]["selection"]["points"]}
    drawn = st.session_state.get(_name_drawn(key))
    before = (drawn.shown if drawn else None) or set()
    if drawn is not None:
        # A click leaves the marks of other panels as they were, and does not report them.
        panels = {(trace.xaxis, trace.yaxis) for trace in figure.data if trace.customdata is not None}
        drawn.shown = None if len(panels) > 1 else points or drawn.given
    # With the shift key a click adds to what was chosen; one mark at a time is meant.
    marks = sorted(points - before or points)
    # Read from the figure, because the browser sends rows of an array as a dictionary.
    rows = [_read_row(figure, *mark) for mark in marks if figure.data[mark[0]].customdata is not None]
    is_of_no_mark = bool(marks) and not rows
    is_again = {row[0] for row in rows} == set(chosen)
    if not is_of_no_mark:
        on_click([] if is_again else rows)


def _read_row(figure: go.Figure, curve: int, point: int) -> list[Any]:
    row = figure.data[curve].customdata[point]
    return row.tolist() if hasattr(row, "tolist") else list(row)


def _name_drawn(key: str) -> str:
    return f"{key}-drawn"
