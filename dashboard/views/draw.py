"""Draw: have a network read a digit drawn here, or pictures of digits; see how, and what every other run says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from dashboard import canvas, loaders, pixel_page, state
from dashboard.drawing_answer import ANSWER, DETAILS, render_answer, render_details
from dashboard.layout import escape_error, render_header
from dashboard.notice import render_dataset_notice
from dashboard.quick_start import render_sprint_button
from dashboard.reading import STYLE
from dashboard.upload import render_upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.evaluation.predict import Classifier
    from core.runs.store import RunEntry
    from dashboard.drawing_answer import FindPicture

WAYS = DRAW, PIXELS, UPLOAD = "Draw", "Pixel by pixel", "Upload pictures"
# Fragments: a stroke has the answer drawn again, then its own sheet, then the details, and nothing else.
SHEET, SQUARES = "drawing_sheet", "drawing_squares"


@st.fragment(key=SHEET)
def render_sheet() -> None:
    """Draw the sheet of paper."""
    canvas.render_canvas(
        on_stroke=lambda: st.rerun([ANSWER, SHEET, DETAILS]),
        on_change=lambda: st.rerun([SHEET, ANSWER, DETAILS]),
    )


@st.fragment(key=SQUARES)
def render_squares() -> None:
    """Draw the pixel editor."""
    # It comes first: what it starts from is settled where it is drawn.
    pixel_page.render_pixels(lambda: st.rerun([SQUARES, ANSWER, DETAILS]))


def render_drawing(classifier: Classifier, entries: list[RunEntry]) -> None:
    """Draw the sheet of paper and, beside it, what the network reads on it."""
    with render_row(classifier, entries, canvas.find_picture, key="sheet"):
        render_sheet()


def render_pixels(classifier: Classifier, entries: list[RunEntry]) -> None:
    """Draw the pixel editor and, beside it, what the network says of exactly these pixels."""
    with render_row(classifier, entries, pixel_page.find_picture, key="pixels"):
        render_squares()


@contextmanager
def render_row(
    classifier: Classifier, entries: list[RunEntry], find_picture: FindPicture, *, key: str
) -> Iterator[None]:
    """Have something to draw on drawn, then beside it the answer, and beneath that what takes longer."""
    # Not columns, which would squeeze the sheet on a tablet before they stack.
    row = st.container(horizontal=True, gap="medium")
    with row.container(width=canvas.SIDE_PX):
        yield
    with row.container(key="answer"):
        render_answer(classifier, find_picture)
        render_details(classifier, find_picture, entries, key=key)


def render_no_model(entries: list[RunEntry]) -> None:
    """Say that there is no network to draw for, and start one, or wait for the one that trains."""
    under_way = [entry for entry in entries if entry.state in ("queued", "running")]
    if under_way:
        st.info("A network is being trained. As soon as it has its first weights you can draw here.")
        st.page_link("views/train.py", label="Watch it on Train", query_params={"run": under_way[0].run.id})
        st.fragment(wait_for_model, run_every=2.0)()
        return
    st.info(
        "There is no trained network yet, so nothing could read your drawing. The quickest takes less than a minute."
    )
    if render_sprint_button("Train sprint"):
        st.rerun()


def wait_for_model() -> None:
    """Draw the page again once a run has weights, or none is under way any more."""
    entries = state.list_runs()
    if any(map(state.has_model, entries)) or not any(entry.state in ("queued", "running") for entry in entries):
        st.rerun()


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Draw", "Draw a digit and see what a trained network makes of it.")
entries = state.list_runs()
with choice:
    entry = state.render_run_picker(
        accepts=state.has_model, prefers=state.prefer_for_drawings(entries), entries=entries
    )
render_dataset_notice()
if entry is None:
    render_no_model(entries)
    st.stop()
try:
    classifier = loaders.load_classifier(entry.run)
except CoreError as error:
    st.error(escape_error(error))
    st.stop()
if not state.is_completed(entry):
    record = entry.record
    st.caption(f"This run is not complete: its network has taken {record.step:,} of {record.total_steps:,} steps.")
st.html(STYLE)
tabs = st.tabs(
    WAYS,
    default=PIXELS if pixel_page.is_asked_for() else DRAW,
    key="way",
    bind="query-params",
)
for tab, render in zip(tabs, (render_drawing, render_pixels, render_upload), strict=True):
    # Two ways to draw on a page would both be kept up; chosen files, though, would be forgotten.
    if tab.open or render is render_upload:
        with tab:
            render(classifier, entries)
