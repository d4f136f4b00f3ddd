"""Pictures from files: each is read, or refused in one sentence that hides no other's answer."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.errors import CoreError
from dashboard.drawing_answer import render_reasons
from dashboard.gallery import format_probability
from dashboard.judges import render_judges
from dashboard.keep_drawing import render_keep
from dashboard.layout import escape, escape_error
from dashboard.paste import render_paste
from dashboard.read_once import read_once
from dashboard.reading import build_answer, build_boxed_picture, build_steps
from dashboard.taken_pictures import MOST_PICTURES, forget, list_left_out, list_taken, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier
    from core.runs.store import RunEntry
    from dashboard.taken_pictures import TakenPicture

UPLOADER = "picture_of_digits"
PASTED = "From the clipboard"
# Beyond so many each is folded: the table tells what was read, and the page stays short.
MOST_UNFOLDED = 8
# Counts the uploaders: where a picture is taken away, one with nothing in it is drawn.
_ROUND = "picture_uploader_round"
# Which picture each file in the uploader became: its number by the file's id.
_NUMBERS = "picture_uploader_numbers"


@st.fragment
def render_upload(classifier: Classifier, entries: Sequence[RunEntry]) -> None:
    """Draw the uploader and, for each picture that was taken in, what the network reads in it.

    Args:
        classifier: of the chosen run.
        entries: all runs, newest first.
    """
    key = f"{UPLOADER}_{st.session_state.get(_ROUND, 0)}"
    if key not in st.session_state:
        # It is new, or forgot its files while another page was shown.
        st.session_state[_NUMBERS] = {}
    # Of any type: what is no picture is then refused in a sentence that stays, not in a hint to hover over.
    st.file_uploader(
        "Photos or scans of one digit or several: PNG, JPEG, WebP, BMP, GIF or TIFF, up to 20 MB each",
        key=key,
        accept_multiple_files=True,
        on_change=_follow_uploader,
        args=(key,),
    )
    pasted = render_paste()
    if pasted is not None:
        earlier = sum(picture.name.startswith(PASTED) for picture in list_taken())
        take([(f"{PASTED}, {earlier + 1}" if earlier else PASTED, pasted)])
    if left_out := list_left_out():
        names = ", ".join(map(escape, left_out))
        st.warning(
            f"{MOST_PICTURES} pictures are as many as are read at once. Left out: {names}. Take some of the others "
            "away, then choose these again."
        )
    pictures = list_taken()
    if not pictures:
        st.caption(
            "Choose several at once, drag them here, or paste one with Ctrl+V. Dark ink on light paper or the other "
            "way round; they stay on this machine."
        )
    if len(pictures) > 1:
        _render_overview(classifier, pictures)
    for place, picture in enumerate(pictures):
        if len(pictures) <= MOST_UNFOLDED:
            _render_picture(classifier, entries, picture)
            continue
        fold = st.expander(
            escape(picture.name), expanded=place == 0, key=f"picture_{picture.number}", on_change="rerun"
        )
        if fold.open:
            with fold:
                _render_picture(classifier, entries, picture)


def _follow_uploader(key: str) -> None:
    """Take in what is new in an uploader, and away what was taken out of it; its callback."""
    files = {file.file_id: file for file in st.session_state.get(key) or []}
    numbers: dict[str, int] = st.session_state[_NUMBERS]
    forget([number for file_id, number in numbers.items() if file_id not in files])
    kept = {file_id: number for file_id, number in numbers.items() if file_id in files}
    new = [file for file_id, file in files.items() if file_id not in kept]
    taken = take([(file.name, file.getvalue()) for file in new]) if new else []
    kept |= {file.file_id: number for file, number in zip(new, taken, strict=False)}
    st.session_state[_NUMBERS] = kept


def _take_away(*numbers: int) -> None:
    """Take pictures away; a button's callback. The uploader shows them no more."""
    forget(numbers)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _render_overview(classifier: Classifier, pictures: Sequence[TakenPicture]) -> None:
    """Draw a table of what was read in each picture."""
    from core.evaluation.judge import summarize_reading

    rows = []
    for picture in pictures:
        try:
            numbers = read_once(classifier, _load_picture(picture.content))
        except CoreError:
            rows.append(("refused", "", picture.name))
            continue
        read = " / ".join(number.text for number in numbers)
        sure = format_probability(summarize_reading(numbers).shown_sureness) if numbers else ""
        rows.append((read or "no ink", sure, picture.name))
    st.dataframe(
        pd.DataFrame(rows, columns=["Read", "Sureness", "Picture"]),
        hide_index=True,
        alt="What was read in each picture, and how sure that is",
    )
    st.button(
        "Take all away",
        key="forget_pictures",
        on_click=_take_away,
        args=tuple(picture.number for picture in pictures),
    )


@st.cache_data(max_entries=MOST_PICTURES, show_spinner=False, scope="session")
def _load_picture(content: bytes) -> NDArray[np.uint8]:
    from core.data.picture import read_picture

    return read_picture(content)


def _render_picture(classifier: Classifier, entries: Sequence[RunEntry], taken: TakenPicture) -> None:
    from core.drawings.store import is_prepared
    from core.evaluation.read import list_digits

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        # Not Markdown, which makes pictures of some words between colons.
        st.html(f"<strong>{html.escape(taken.name)}</strong>", width="content")
        st.button("Take it away", key=f"forget_{taken.number}", on_click=_take_away, args=(taken.number,))
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
