"""Pictures from files: each is read, or refused in one sentence that hides no other's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.errors import CoreError
from dashboard.drawing_answer import render_reasons
from dashboard.judges import render_judges
from dashboard.keep_drawing import render_keep
from dashboard.layout import escape, escape_error
from dashboard.paste import render_paste
from dashboard.read_once import read_once
from dashboard.reading import build_answer, build_boxed_picture, build_steps
from dashboard.taken_pictures import MOST_PICTURES, forget, list_taken, pop_left_out, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier
    from core.runs.store import RunEntry
    from dashboard.taken_pictures import TakenPicture

PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"]
UPLOADER = "picture_of_digits"
PASTED = "From the clipboard"
# Counts the uploaders: each gives its files away and is replaced by an empty one.
_ROUND = "picture_uploader_round"


@st.fragment
def render_upload(classifier: Classifier, entries: Sequence[RunEntry]) -> None:
    """Draw the uploader and, for each picture that was taken in, what the network reads in it.

    Args:
        classifier: of the chosen run.
        entries: all runs, newest first.
    """
    key = f"{UPLOADER}_{st.session_state.get(_ROUND, 0)}"
    st.file_uploader(
        "Photos or scans of one digit or several",
        PICTURE_TYPES,
        key=key,
        accept_multiple_files=True,
        on_change=_take_files,
        args=(key,),
    )
    pasted = render_paste()
    if pasted is not None:
        earlier = sum(picture.name.startswith(PASTED) for picture in list_taken())
        take([(f"{PASTED}, {earlier + 1}" if earlier else PASTED, pasted)])
    left_out = pop_left_out()
    if left_out:
        st.warning(
            f"{MOST_PICTURES} pictures are as many as are read at once; {left_out} more "
            f"{'was' if left_out == 1 else 'were'} left out. Take some away, and choose them again."
        )
    pictures = list_taken()
    if not pictures:
        st.caption(
            "Choose several at once, drag them here, or paste one with Ctrl+V. Dark ink on light paper or the other "
            "way round; they stay on this machine."
        )
    if len(pictures) > 1:
        _render_overview(classifier, pictures)
    for picture in pictures:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{escape(picture.name)}**", width="content")
            st.button(
                "Take it away", key=f"forget_{picture.number}", type="tertiary", on_click=forget, args=(picture.number,)
            )
        _render_picture(classifier, entries, picture)


def _take_files(key: str) -> None:
    """Take the files of an uploader in, and have an empty one drawn; its callback."""
    take((file.name, file.getvalue()) for file in st.session_state.get(key) or [])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _render_overview(classifier: Classifier, pictures: Sequence[TakenPicture]) -> None:
    """Draw a table of what was read in each picture."""
    from core.evaluation.judge import summarize_reading

    rows = []
    for picture in pictures:
        try:
            numbers = read_once(classifier, _load_picture(picture.content))
        except CoreError:
            rows.append((picture.name, "no picture that can be read", None))
            continue
        read = " / ".join(number.text for number in numbers)
        rows.append((picture.name, read or "no ink", summarize_reading(numbers).shown_sureness if numbers else None))
    st.dataframe(
        pd.DataFrame(rows, columns=["Picture", "Read", "Sureness"]),
        hide_index=True,
        placeholder="",
        alt="What was read in each picture, and how sure that is",
        column_config={"Sureness": st.column_config.NumberColumn(format="percent")},
    )
    st.button(
        "Take all away",
        key="forget_pictures",
        type="tertiary",
        on_click=forget,
        args=tuple(picture.number for picture in pictures),
    )


@st.cache_data(max_entries=MOST_PICTURES, show_spinner=False, scope="session")
def _load_picture(content: bytes) -> NDArray[np.uint8]:
    from core.data.picture import read_picture

    return read_picture(content)


def _render_picture(classifier: Classifier, entries: Sequence[RunEntry], taken: TakenPicture) -> None:
    from core.drawings.store import is_prepared
    from core.evaluation.read import list_digits

    try:
        picture = _load_picture(taken.content)
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
        render_keep(picture, key=f"keep_upload_{taken.number}")
    if not is_prepared(picture):
        st.html(build_steps(picture, digits))
    render_judges(picture, entries, key=f"upload_{taken.number}")
    render_reasons(classifier, digits, key=f"upload_{taken.number}")
