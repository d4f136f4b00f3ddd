"""The one way to draw a chart: with its description, its numbers as a table, and marks that can be clicked."""

from __future__ import annotations

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


@dataclass
class _Drawn:
    """What the browser was given of a chart, and which marks stand out in it since."""

    figure: int
    given: set[Mark]
    shown: set[Mark] | None
    times: int = 0


def render_figure(
    figure: go.Figure,
    table: pd.DataFrame | None = None,
    *,
    key: str,
    on_click: Callable[[list[list[Any]]], None] | None = None,
    chosen: Collection[int] | None = None,
) -> None:
    """Draw a chart with its description and, folded away beneath it, the numbers it is made of.

    Args:
        figure: from core.charts, with its description in `layout.meta["alt"]`. Bars and points that can be clicked
            carry rows of `customdata` that begin with the mark's number; marks that mean the same share one.
        table: the same numbers in rows; None draws no table.
        key: unique on the page.
        on_click: called with the customdata of the mark that was clicked, in a list; with an empty one when the chosen
            mark was clicked again. It runs before the page does, like every callback.
        chosen: numbers of the marks that are to look chosen, whoever chose them; None leaves that to the clicks alone.
    """
    alt = figure.layout.meta["alt"]
    if on_click is None:
        st.plotly_chart(figure, theme="streamlit", config=CHART_CONFIG, alt=alt, key=key)
    else:
        if chosen is not None:
            _mark_chosen(figure, key, chosen)
        st.plotly_chart(
            figure,
            theme="streamlit",
            config=CHART_CONFIG,
            alt=alt,
            key=key,
            on_select=lambda: _follow_click(figure, key, on_click, chosen),
            selection_mode="points",
        )
    if table is not None:
        with st.expander("Show as table", type="compact", key=f"{key}-table"):
            st.dataframe(table, hide_index=True, alt=alt)


def _mark_chosen(figure: go.Figure, key: str, chosen: Collection[int]) -> None:
    """Let the marks with these numbers stand out.

    What was found out about clicks: the browser dims all marks but the clicked one by itself, and lights all up again
    when that is clicked once more, as long as the figure stays the same to the byte. Any change to the figure mounts
    the chart anew, which shows as one blank frame or two and forgets the click. So the figure stays as it was given
    while the browser shows what is wanted, and is given anew only if the choice was made or removed elsewhere, or
    stands in several traces or panels, of which a click changes one. A choice is given as opacity and not as
    `selectedpoints`, because a click that takes those away is not reported.
    """
    marks = {
        (curve, point): _read_row(figure, curve, point)[0]
        for curve, trace in enumerate(figure.data)
        if trace.customdata is not None
        for point in range(len(trace.customdata))
    }
    wanted = {mark for mark, number in marks.items() if number in chosen}
    fingerprint = hash(figure.to_json())
    drawn = st.session_state.get(_name_drawn(key))
    was_away = key not in st.session_state
    if drawn is None or was_away or drawn.figure != fingerprint or drawn.shown != wanted:
        drawn = _Drawn(fingerprint, wanted, wanted, drawn.times + 1 if drawn else 0)
        st.session_state[_name_drawn(key)] = drawn
    for curve in {curve for curve, _ in marks}:
        trace = figure.data[curve]
        if drawn.given:
            points = range(len(trace.customdata))
            trace.marker.opacity = [1 if (curve, point) in drawn.given else _DIM for point in points]
        trace.update(selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": _DIM}})
    # Without it, a figure given again would be the one that the browser has, clicked mark and all.
    figure.layout.meta = {**figure.layout.meta, "times": drawn.times}


def _follow_click(
    figure: go.Figure, key: str, on_click: Callable[[list[list[Any]]], None], chosen: Collection[int] | None
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
    is_again = chosen is not None and {row[0] for row in rows} == set(chosen)
    if not is_of_no_mark:
        on_click([] if is_again else rows)


def _read_row(figure: go.Figure, curve: int, point: int) -> list[Any]:
    row = figure.data[curve].customdata[point]
    return row.tolist() if hasattr(row, "tolist") else list(row)


def _name_drawn(key: str) -> str:
    return f"{key}-drawn"
