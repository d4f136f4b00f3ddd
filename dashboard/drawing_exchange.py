"""Taking one's drawings elsewhere, and bringing others in: one zip of pictures with a table of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.drawings.archive import MOST_BYTES, TABLE, export_zip, import_zip
from core.drawings.store import MOST_DRAWINGS
from core.errors import CoreError
from dashboard.layout import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.drawings.archive import Imported
    from core.drawings.store import Drawing

UPLOADER = "drawings_zip"
_POPOVER, _IS_DONE, _DONE = "import_drawings", "import_is_done", "imports_done"
# What became of the last import, said where the page is drawn next.
_REPORT = "drawings_imported"
_MOST_SENTENCES = 10


def render_export(drawings: Sequence[Drawing]) -> None:
    """Draw the button that downloads all drawings."""
    st.download_button(
        "Export all",
        lambda: export_zip(list(drawings)),
        file_name="your-digits.zip",
        mime="application/zip",
        key="export_drawings",
        on_click="ignore",
        help=f"One zip: a PNG for each drawing, and {TABLE} with their labels.",
    )


@st.fragment
def render_import() -> None:
    """Draw the form that takes a zip: a fragment, so that what was said of the last one stays while it is open."""
    done = st.session_state.get(_DONE, 0)
    # What became of an import is said where the open popover would hide it.
    if st.session_state.pop(_IS_DONE, False):
        st.session_state[_POPOVER] = False
    with st.popover("Import", key=_POPOVER, on_change="rerun"):
        # Another one after each import: it would keep its file.
        file = st.file_uploader(
            f"A zip of pictures, with {TABLE}",
            ["zip"],
            key=f"{UPLOADER}_{done}",
            help=f"At most {MOST_DRAWINGS:,} pictures and {MOST_BYTES // 1_000_000} MB. {TABLE} has the columns file "
            "and label; an export is such a zip.",
        )
        if st.button("Take them in", key="take_drawings", disabled=file is None) and file is not None:
            _import(file.getvalue())
            st.session_state[_IS_DONE], st.session_state[_DONE] = True, done + 1
            st.rerun()


def _import(content: bytes) -> None:
    try:
        with st.spinner("Looking at every picture …"):
            st.session_state[_REPORT] = import_zip(content)
    except CoreError as error:
        st.session_state[_REPORT] = str(error)


def render_import_report() -> None:
    """Say once what became of the last import."""
    report: Imported | str | None = st.session_state.pop(_REPORT, None)
    if isinstance(report, str):
        st.error(escape(report))
    elif report is not None:
        st.success(describe_import(report))
        for problem in report.problems[:_MOST_SENTENCES]:
            st.caption(escape(problem))
        if len(report.problems) > _MOST_SENTENCES:
            st.caption(f"… and {len(report.problems) - _MOST_SENTENCES:,} more that were left out.")


def describe_import(report: Imported) -> str:
    """Say how many drawings came in, were known, and were left out."""
    parts = [f"{len(report.saved):,} new"]
    if report.known:
        parts.append(f"{report.known:,} that you had already")
    if report.problems:
        parts.append(f"{len(report.problems):,} left out")
    return f"From the zip: {', '.join(parts)}."
