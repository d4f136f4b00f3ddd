"""The one way to draw a chart: the figure, its description for those who cannot see it, and its numbers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


# No buttons over a chart: pages give a table of the same numbers, which says and exports more.
CHART_CONFIG = {"displayModeBar": False}


def render_figure(figure: go.Figure, table: pd.DataFrame | None = None, *, key: str) -> None:
    """Draw a chart with its description and, folded away beneath it, the numbers it is made of.

    Args:
        figure: from core.charts, with its description in `layout.meta["alt"]`.
        table: the same numbers in rows; None draws no table.
        key: unique on the page.
    """
    alt = figure.layout.meta["alt"]
    st.plotly_chart(figure, theme="streamlit", config=CHART_CONFIG, alt=alt, key=key)
    if table is not None:
        with st.expander("Show as table", type="compact", key=f"{key}-table"):
            st.dataframe(table, hide_index=True, alt=alt)
