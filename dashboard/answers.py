"""What a run says of digits: their captions and sheet, the one that is open, and the way to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.gallery import Caption, render_sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.data.datasets import DigitData
    from core.evaluation.predictions import Predictions

# In the address, so that a link opens the same digit.
CHOSEN_DIGIT = "digit"


def build_captions(answers: Predictions, indices: NDArray[np.int64]) -> list[Caption]:
    """Return what is written beneath each of these digits: true, predicted, and how probable the answer is."""
    predictions = answers.predictions
    return [
        Caption(i, int(answers.labels[i]), int(predictions[i]), float(answers.probabilities[i, predictions[i]]))
        for i in indices.tolist()
    ]


def render_answers(
    data: DigitData | None,
    answers: Predictions,
    indices: NDArray[np.int64],
    *,
    key: str,
    label: str,
    empty: str,
) -> None:
    """Draw the sheet of these digits, the chosen one outlined; a click is in the session state, by the key.

    Args:
        data: the digits; None draws a table in place of the pictures.
        answers: of the run.
        indices: into the test part, in the order to draw.
        key: unique on the page.
        label: what the sheet is, for those who listen.
        empty: the sentence shown when there are none.
    """
    captions = build_captions(answers, indices)
    if data is not None:
        selected = read_chosen_digit(len(answers.labels))
        images = data.test.images[indices]
        render_sheet(images, captions, key=key, selected=selected, label=label, empty=empty)
        return
    if not captions:
        st.caption(empty)
        return
    table = pd.DataFrame(
        {
            "Number": [caption.index for caption in captions],
            "True": [caption.label for caption in captions],
            "Read as": [caption.predicted for caption in captions],
            "Probability": [caption.probability for caption in captions],
        }
    )
    percent = {"Probability": st.column_config.NumberColumn(format="percent")}
    st.dataframe(table, hide_index=True, column_config=percent, alt=label)


def read_chosen_digit(total: int) -> int | None:
    """Return the index in `?digit=`; None if there is none below `total`."""
    text = st.query_params.get(CHOSEN_DIGIT, "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number and int(text) < total else None


def choose_digit(index: int | None) -> None:
    """Put a digit into the address, or take it out."""
    if index is None:
        st.query_params.pop(CHOSEN_DIGIT, None)
    else:
        st.query_params[CHOSEN_DIGIT] = str(index)


def render_steps(indices: NDArray[np.int64], chosen: int, choose: Callable[[int | None], None]) -> None:
    """Draw the buttons that go to the digit before and after the chosen one, and the one that closes it.

    Args:
        indices: the list to walk through.
        chosen: index of the digit that is open, in the list or not.
        choose: called with the digit to open, or None to close.
    """
    found = np.flatnonzero(indices == chosen)
    place = int(found[0]) if found.size else None
    before = None if not place else int(indices[place - 1])
    after = None if place is None or place + 1 == len(indices) else int(indices[place + 1])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Previous", key="previous_digit", disabled=before is None, on_click=choose, args=(before,))
        st.button("Next", key="next_digit", disabled=after is None, on_click=choose, args=(after,))
        st.button("Close", key="close_digit", type="tertiary", on_click=choose, args=(None,))
        st.caption("not in this list" if place is None else f"{place + 1:,} of {len(indices):,}")
