"""The button that hands out the report of a run as one HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from core.runs import store
from dashboard import loaders
from dashboard.layout import escape, escape_error

if TYPE_CHECKING:
    from core.runs.store import Run, RunEntry


def render_report_download(entry: RunEntry) -> None:
    """Draw the button; the report is built when it is clicked, and the button turns a wheel meanwhile.

    A run that has no report to give says why instead: what goes wrong after the click could not be put into words here.

    Args:
        entry: of any run.
    """
    if entry.record is None:
        st.caption(escape(entry.problem))
        return
    try:
        loaders.load_report(entry.run)
        loaders.load_predictions(entry.run)
        if not entry.record.members:
            store.read_config(entry.run)
    except CoreError as error:
        st.caption(f"There is no report to download: {escape_error(error)}")
        return
    st.download_button(
        "Report (HTML)",
        lambda: build_report_bytes(entry.run),
        file_name=f"{entry.run.id}.html",
        mime="text/html",
        on_click="ignore",
        key="report_download",
        help="One file of about 5 MB with all figures, charts, settings and the hardest digits. It needs no network.",
    )


def build_report_bytes(run: Run) -> bytes:
    """Return the report of a run as the bytes of its file. Raises CoreError as `build_report_page` does."""
    # Here and not above: it draws charts, and Plotly takes a while to import.
    from core.report_page.build import build_report_page

    return build_report_page(run).encode()
