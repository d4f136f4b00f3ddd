"""Draw: have a network read a digit drawn here, or pictures of digits; see how, and what every other run says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from dashboard import loaders, pixel_page, state
from dashboard.canvas import SIDE_PX, render_canvas, render_drawing_memory
from dashboard.judges import render_judges
from dashboard.keep_drawing import render_keep
from dashboard.layout import render_header
from dashboard.notice import render_dataset_notice
from dashboard.quick_start import render_sprint_button
from dashboard.reading import STYLE, build_answer, build_steps
from dashboard.upload import render_upload
from dashboard.why import render_why_of_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier
    from core.evaluation.read import ReadDigit
    from core.runs.store import RunEntry

# A network trained for drawings, where there is one, reads them better than one that only knows MNIST.
MADE_FOR_DRAWINGS = "drawing"
SHEET, PIXELS, UPLOAD = "Draw", "Pixel by pixel", "Upload pictures"


# A stroke reruns this much and no more.
@st.fragment
def render_drawing(classifier: Classifier, entries: list[RunEntry]) -> None:
    """Draw the sheet of paper and, beside it, what the network reads on it."""
    # Not columns, which would squeeze the sheet on a tablet before they stack.
    row = st.container(horizontal=True, gap="medium")
    with row.container(width=SIDE_PX):
        picture = render_canvas()
        # A place of its own: after the answer, whose parts come and go, the browser at times lost count of them.
        memory = st.container()
    with row.container(key="answer"):
        render_answer(classifier, picture, entries, key="sheet")
    with memory:
        render_drawing_memory()


@st.fragment
def render_pixels(classifier: Classifier, entries: list[RunEntry]) -> None:
    """Draw the pixel editor and, beside it, what the network says of exactly these pixels."""
    row = st.container(horizontal=True, gap="medium")
    with row.container(width=SIDE_PX):
        image = pixel_page.render_pixels()
    with row.container(key="answer"):
        render_answer(classifier, image, entries, key="pixels")


def render_answer(
    classifier: Classifier, picture: NDArray[np.uint8] | None, entries: list[RunEntry], *, key: str
) -> None:
    """Draw what was read; first the answer, then what takes longer."""
    from core.drawings.store import is_prepared
    from core.evaluation.judge import list_digits, read_drawing

    numbers = [] if picture is None else read_drawing(classifier, picture)
    if picture is None or not numbers:
        st.html('<div class="reading"><h2 class="nothing">Draw a digit: your answer appears here</h2></div>')
        st.caption("Draw with a mouse, a pen or a finger. Several digits side by side are read one by one.")
        return
    st.html(build_answer(numbers))
    digits = list_digits(numbers)
    if not is_prepared(picture):
        st.html(build_steps(picture, digits))
    render_keep(picture, key=f"keep_{key}")
    render_judges(picture, entries, key=key)
    render_reasons(classifier, digits, key=key)


def render_reasons(classifier: Classifier, digits: list[ReadDigit], *, key: str) -> None:
    """Draw the folded panel on why a digit is read so; of several, the one that is chosen."""
    which = 0
    if len(digits) > 1:
        chosen = st.segmented_control(
            "Explain digit",
            range(len(digits)),
            format_func=lambda place: f"{digits[place].label}, number {place + 1}",
            default=0,
            required=True,
            key=f"explain_{key}_{len(digits)}",
        )
        which = chosen or 0
    render_why_of_run(classifier.run, digits[which].preparation.image, key=f"why_{key}")


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


def is_preferred(entry: RunEntry) -> bool:
    """Whether to draw for this run where none was chosen: the one made for drawings, else any that is complete."""
    return state.is_completed(entry) and (entry.run.id == MADE_FOR_DRAWINGS or not has_made_for_drawings)


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Draw", "Draw a digit and see what a trained network makes of it.")
entries = state.list_runs()
has_made_for_drawings = any(entry.run.id == MADE_FOR_DRAWINGS and state.is_completed(entry) for entry in entries)
with choice:
    entry = state.render_run_picker(accepts=state.has_model, prefers=is_preferred, entries=entries)
render_dataset_notice()
if entry is None:
    render_no_model(entries)
    st.stop()
try:
    classifier = loaders.load_classifier(entry.run)
except CoreError as error:
    st.error(str(error))
    st.stop()
if not state.is_completed(entry):
    record = entry.record
    st.caption(f"This run is not complete: its network has taken {record.step:,} of {record.total_steps:,} steps.")
st.html(STYLE)
tabs = st.tabs(
    [SHEET, PIXELS, UPLOAD],
    default=PIXELS if pixel_page.is_asked_for() else SHEET,
    key="ways_to_draw",
    on_change="rerun",
)
for tab, render in zip(tabs, (render_drawing, render_pixels, render_upload), strict=True):
    # Two ways to draw on a page would both be kept up; chosen files, though, would be forgotten.
    if tab.open or render is render_upload:
        with tab:
            render(classifier, entries)
