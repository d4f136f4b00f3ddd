"""Pictures from files: each is read, or refused in one sentence that hides no other's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from dashboard.drawing_answer import render_reasons
from dashboard.judges import render_judges
from dashboard.keep_drawing import render_keep
from dashboard.layout import escape, escape_error
from dashboard.paste import forget_pasted, render_paste
from dashboard.read_once import read_once
from dashboard.reading import build_answer, build_boxed_picture, build_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier
    from core.runs.store import RunEntry

PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"]
UPLOADER = "picture_of_digits"
# Read in one go; more would keep the page busy.
MOST_FILES = 20


@st.fragment
def render_upload(classifier: Classifier, entries: Sequence[RunEntry]) -> None:
    """Draw the uploader and, for each picture, what the network reads in it.

    Args:
        classifier: of the chosen run.
        entries: all runs, newest first.
    """
    files = st.file_uploader(
        "Photos or scans of one digit or several", PICTURE_TYPES, key=UPLOADER, accept_multiple_files=True
    )
    pasted = render_paste()
    if not files and pasted is None:
        st.caption(
            "Choose several at once, drag them here, or paste one with Ctrl+V. Dark ink on light paper or the other "
            "way round; they stay on this machine."
        )
        return
    if pasted is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**From the clipboard**", width="content")
            st.button("Take it away", key="forget_pasted", type="tertiary", on_click=forget_pasted)
        _render_file(classifier, entries, pasted, MOST_FILES)
    if len(files) > MOST_FILES:
        st.warning(f"{len(files)} pictures are a lot to look at; the first {MOST_FILES} are read.")
    for number, file in enumerate(files[:MOST_FILES]):
        st.markdown(f"**{escape(file.name)}**")
        _render_file(classifier, entries, file.getvalue(), number)


@st.cache_data(max_entries=MOST_FILES + 1, show_spinner=False, scope="session")
def _load_picture(content: bytes) -> NDArray[np.uint8]:
    from core.data.picture import read_picture

    return read_picture(content)


def _render_file(classifier: Classifier, entries: Sequence[RunEntry], content: bytes, number: int) -> None:
    from core.drawings.store import is_prepared
    from core.evaluation.read import list_digits

    try:
        picture = _load_picture(content)
        numbers = read_once(classifier, picture)
    except CoreError as error:
        st.error(escape_error(error))
        return
    if not numbers:
        st.warning("No digit was found: the picture shows no ink that stands out from its paper.")
        return
    digits = list_digits(numbers)
    left, right = st.columns([2, 3], gap="medium")
    left.html(build_boxed_picture(picture, digits))
    right.html(build_answer(numbers))
    with right:
        render_keep(picture, key=f"keep_upload_{number}")
    if not is_prepared(picture):
        st.html(build_steps(picture, digits))
    render_judges(picture, entries, key=f"upload_{number}")
    render_reasons(classifier, digits, key=f"upload_{number}")
