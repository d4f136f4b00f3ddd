"""Drawing pixel by pixel: from nothing, or from a digit of the dataset, which is named in the address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.catalog import DATASETS
from core.data.datasets import SIDE
from core.errors import CoreError
from dashboard import loaders
from dashboard.layout import escape_error
from dashboard.pixel_editor import find_pixels, render_pixel_editor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# In the address: the digit to start from, as 'test-123', and its dataset where it is not the one that pages show.
FROM, DATASET = "from", "dataset"
EMPTY = "empty"
_NUMBER = "pixel_editor_number"


def is_asked_for() -> bool:
    """Whether the address asks to redraw a digit."""
    return FROM in st.query_params


def render_pixels(on_change: Callable[[], None]) -> None:
    """Draw the editor and what it can start from.

    Args:
        on_change: called, as a callback, after each change of the pixels.
    """
    name, image = EMPTY, np.zeros((SIDE, SIDE), np.uint8)
    if is_asked_for():
        try:
            name, image = load_start(st.query_params[FROM], st.query_params.get(DATASET, ""))
        except CoreError as error:
            st.error(escape_error(error))
        else:
            st.caption(f"It started as {name}. Change it until the answer changes.")
    render_pixel_editor(name, image, on_change)
    with st.container(horizontal=True, gap="small"):
        with st.popover("Start from a digit", key="start_from"):
            st.number_input("Test digit", 0, None, None, key=_NUMBER, placeholder="its number", width=170)
            st.button(
                "Take it",
                key="take_digit",
                on_click=_take,
                args=(on_change,),
                disabled=st.session_state.get(_NUMBER) is None,
            )
        if name != EMPTY:
            st.button("Leave this digit", key="start_empty", on_click=_leave, args=(on_change,))


def find_picture() -> NDArray[np.uint8] | None:
    """Return what is on the editor, (28, 28) uint8, white ink on black; None while it is empty."""
    pixels = find_pixels()
    return pixels if pixels.any() else None


def load_start(reference: str, dataset: str) -> tuple[str, NDArray[np.uint8]]:
    """Return name and picture (28, 28) uint8 of the digit that an address names.

    Args:
        reference: 'test-123' or 'train-123'.
        dataset: its name in the catalogue; "" for the one that pages show.

    Raises:
        CoreError: if there is no such digit.
    """
    match = re.fullmatch(r"(test|train)-([0-9]{1,6})", reference, re.ASCII)
    known = dataset if dataset in {spec.name for spec in DATASETS} else loaders.choose_dataset()
    data = loaders.load_dataset(known)
    part = getattr(data, match[1]) if match else None
    if match is None or int(match[2]) >= len(part.images):
        raise CoreError(f"'{reference[:40]}' in the address is no digit of {data.title}; write for example test-123.")
    kind = "test" if match[1] == "test" else "training"
    index = int(match[2])
    return f"{data.title} {kind} digit {index:,}, a {part.labels[index]}", part.images[index]


def _take(on_change: Callable[[], None]) -> None:
    """Start from the digit whose number was typed; a button's callback."""
    if (number := st.session_state.get(_NUMBER)) is not None:
        st.query_params[FROM] = f"test-{number}"
        st.query_params.pop(DATASET, None)
    on_change()


def _leave(on_change: Callable[[], None]) -> None:
    st.query_params.pop(FROM, None)
    st.query_params.pop(DATASET, None)
    on_change()
