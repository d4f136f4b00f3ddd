"""What the network reads in a drawing: the answer, which follows every stroke, and what takes longer beneath it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.judges import render_judges
from dashboard.keep_drawing import render_keep
from dashboard.live_stroke import find_live_picture, render_live_stroke
from dashboard.read_once import read_once
from dashboard.reading import build_answer, build_steps
from dashboard.why import render_why_panel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier
    from core.evaluation.read import ReadDigit, ReadNumber
    from core.runs.store import RunEntry

    FindPicture = Callable[[], NDArray[np.uint8] | None]

# Fragments side by side. One within another is told to draw itself in places that the other has just given up.
ANSWER, DETAILS = "drawing_answer", "drawing_details"


@st.fragment(key=ANSWER)
def render_answer(classifier: Classifier, find_picture: FindPicture) -> None:
    """Draw what was read.

    Args:
        classifier: of the chosen run.
        find_picture: returns the drawing as it is then, (h, w) uint8 grey, or None.
    """
    live = find_live_picture()
    numbers = _read(classifier, find_picture() if live is None else live)
    if numbers:
        st.html(build_answer(numbers))
    else:
        st.html('<div class="reading"><h2 class="nothing">Draw a digit: your answer appears here</h2></div>')
        st.caption("Draw with a mouse, a pen or a finger. Several digits side by side are read one by one.")
    render_live_stroke()


@st.fragment(key=DETAILS)
def render_details(classifier: Classifier, find_picture: FindPicture, entries: Sequence[RunEntry], *, key: str) -> None:
    """Draw the steps to what the network sees, and what can be done with the drawing; nothing on an empty sheet.

    Args:
        classifier: of the chosen run.
        find_picture: returns the drawing as it is then, (h, w) uint8 grey, or None.
        entries: all runs, newest first.
        key: unique on the page.
    """
    from core.drawings.store import is_prepared
    from core.evaluation.read import list_digits

    picture = find_picture()
    numbers = _read(classifier, picture)
    if picture is None or not numbers:
        return
    digits = list_digits(numbers)
    if not is_prepared(picture):
        st.html(build_steps(picture, digits))
    render_keep(picture, key=f"keep_{key}")
    render_judges(picture, entries, key=key)
    render_reasons(classifier, digits, key=key)


def _read(classifier: Classifier, picture: NDArray[np.uint8] | None) -> list[ReadNumber]:
    return [] if picture is None else read_once(classifier, picture)


def render_reasons(classifier: Classifier, digits: list[ReadDigit], *, key: str) -> None:
    """Draw the folded panel on why a digit is read so; of several, the one that is chosen.

    Args:
        classifier: of the chosen run.
        digits: all that was read, at least one.
        key: unique on the page.
    """
    which = 0
    if len(digits) > 1:
        chosen = st.segmented_control(
            "Explain digit",
            range(len(digits)),
            format_func=lambda place: f"{_name_place(place)}: {digits[place].text}",
            default=0,
            required=True,
            key=f"explain_{key}_{len(digits)}",
        )
        which = chosen or 0
    digit = digits[which]
    render_why_panel(classifier.run, digit.preparation.image, key=f"why_{key}", is_digit=digit.is_digit)


def _name_place(place: int) -> str:
    """Return 1st, 2nd, … for a place from 0."""
    number = place + 1
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"
