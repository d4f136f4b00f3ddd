"""Your digits: the drawings that were kept, how every run does on them, and one of them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.drawings.store import delete_drawing, list_drawings, load_drawing, relabel_drawing
from core.errors import CoreError
from dashboard import drawing_scores, loaders, state
from dashboard.drawing_exchange import render_export, render_import, render_import_report
from dashboard.gallery import Caption, render_sheet
from dashboard.judges import NOTHING, build_table
from dashboard.judges import STYLE as JUDGES_STYLE
from dashboard.layout import escape, escape_error, render_header, side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.drawings.store import Drawing
    from core.runs.store import RunEntry
    from dashboard.drawing_scores import Score

# In the address: the drawing that is open.
OPEN = "drawing"
SHEET = "drawings_sheet"
_PROBLEM = "drawings_problem"


def list_whole(drawings: Sequence[Drawing]) -> list[Drawing]:
    """Return those that can be read, after saying which cannot."""
    whole = []
    for drawing in drawings:
        try:
            loaders.load_thumbnail(drawing)
            whole.append(drawing)
        except CoreError as error:
            st.caption(escape_error(error))
    return whole


def choose_score(entry: RunEntry | None, drawings: Sequence[Drawing]) -> Score | None:
    """Return what the chosen run makes of them; None, after saying why, if it cannot be asked."""
    if entry is None:
        st.caption("No run has a network yet, so nothing reads your drawings; they wait for the first.")
        return None
    try:
        with st.spinner("The network reads your drawings …"):
            return drawing_scores.score(entry, drawings)
    except CoreError as error:
        st.error(escape_error(error))
        return None


def render_drawings(drawings: Sequence[Drawing], score: Score | None) -> None:
    """Draw the sheet, misread ones first where a run is asked, and follow a click into the address."""
    order = list(range(len(drawings)))
    if score is not None:
        st.markdown(f"This run reads **{drawing_scores.describe_score(score)}** right.")
        order.sort(key=lambda place: score.right[place])
        wrong = len(drawings) - sum(score.right)
        if wrong and st.toggle(f"Only the {wrong} misread", key="only_misread"):
            order = order[:wrong]
    clicked = (st.session_state.get(SHEET) or {}).get("clicked")
    if clicked in order:
        st.query_params[OPEN] = drawings[clicked].id
    opened = next((n for n, drawing in enumerate(drawings) if drawing.id == st.query_params.get(OPEN)), None)
    images = np.stack([loaders.load_thumbnail(drawings[place]) for place in order])
    render_sheet(
        images,
        [build_caption(place, drawings[place], score) for place in order],
        key=SHEET,
        selected=opened,
        label="Your drawings",
    )


def build_caption(place: int, drawing: Drawing, score: Score | None) -> Caption:
    """Return what is written beneath a drawing."""
    if score is None:
        return Caption(place, drawing.label)
    reading = score.readings[place]
    return Caption(place, drawing.label, reading.text or NOTHING, reading.shown_sureness or None)


def render_open(drawing: Drawing, entries: Sequence[RunEntry]) -> None:
    """Draw one drawing whole: its label to change, what every run reads in it, and the way to delete it."""
    try:
        picture = load_drawing(drawing)
    except CoreError as error:
        st.error(escape_error(error))
        return
    st.image(picture, width=200, output_format="PNG", alt=f"Your drawing of {drawing.label}")
    with st.form("relabel", border=False), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        label = st.text_input("Its right label", drawing.label, key=f"label_{drawing.id}_{drawing.label}", width=130)
        if st.form_submit_button("Change", key="relabel_drawing") and label != drawing.label:
            change(drawing, label)
    readings = [(entry, loaders.read_kept_drawing(entry.run, drawing)) for entry in drawing_scores.list_asked(entries)]
    if readings:
        st.html(JUDGES_STYLE + build_table(readings, drawing.label))
    with st.popover("Delete it", key="delete_drawing"):
        st.markdown("This cannot be undone.")
        st.button("Yes, delete this drawing", key="confirm_delete", type="primary", on_click=delete, args=(drawing,))


def change(drawing: Drawing, label: str) -> None:
    """Store another label and draw the page again."""
    try:
        relabel_drawing(drawing, label)
    except CoreError as error:
        st.error(escape_error(error))
    else:
        st.rerun()


def delete(drawing: Drawing) -> None:
    """Delete a drawing; a button's callback."""
    try:
        delete_drawing(drawing)
        st.query_params.pop(OPEN, None)
    except CoreError as error:
        st.session_state[_PROBLEM] = str(error)


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Your digits", "Drawings that you kept with their right label: a test set of your own for every run.")
entries = state.list_runs()
with choice:
    entry = state.render_run_picker(
        accepts=state.has_model, prefers=state.prefer_for_drawings(entries), entries=entries
    )
if problem := st.session_state.pop(_PROBLEM, None):
    st.error(escape(problem))
render_import_report()
try:
    drawings = list_whole(list_drawings())
except CoreError as error:
    st.error(escape_error(error))
    st.stop()
if not drawings:
    st.info("You have kept no drawing yet. Draw a digit, say what it really is, and keep it; or import a zip of them.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("views/draw.py", label="Draw one")
        render_import()
    st.stop()
with side_by_side("drawings") as (main, companion):
    with main:
        score = choose_score(entry, drawings)
        render_drawings(drawings, score)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            render_export(drawings)
            render_import()
            st.page_link("views/draw.py", label="Draw another")
    opened = next((drawing for drawing in drawings if drawing.id == st.query_params.get(OPEN)), None)
    with companion:
        if opened is None:
            st.caption("Choose a drawing to see it whole, change its label or delete it.")
        else:
            with st.container(key="open-digit"):
                render_open(opened, entries)
st.subheader("Every run on your digits", anchor=False)
drawing_scores.render_scores(entries, drawings)
