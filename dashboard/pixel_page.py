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
from dashboard.pixel_editor import render_pixel_editor

if TYPE_CHECKING:
    from numpy.typing import NDArray

# In the address: the digit to start from, as 'test-123', and its dataset where it is not the one that pages show.
FROM, DATASET = "from", "dataset"
EMPTY = "empty"
_NUMBER = "pixel_editor_number"


def is_asked_for() -> bool:
    """Whether the address asks to redraw a digit."""
    return FROM in st.query_params


def render_pixels() -> NDArray[np.uint8] | None:
    """Draw the editor and what it can start from.

    Returns:
        What is on it, (28, 28) uint8, white ink on black; None while it is empty.
    """
    name, image = EMPTY, np.zeros((SIDE, SIDE), np.uint8)
    if is_asked_for():
        try:
            name, image = load_start(st.query_params[FROM], st.query_params.get(DATASET, ""))
        except CoreError as error:
            st.error(str(error))
        else:
            st.caption(f"It started as {name}. Change it until the answer changes.")
    pixels = render_pixel_editor(name, image)
    with st.container(horizontal=True, gap="small"):
        with st.popover("Start from a digit", key="start_from"):
            st.number_input("Test digit", 0, None, None, key=_NUMBER, placeholder="its number", width=170)
            st.button("Take it", key="take_digit", on_click=_take, disabled=st.session_state.get(_NUMBER) is None)
        if name != EMPTY:
            st.button("Start empty", key="start_empty", on_click=_leave)
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


def _take() -> None:
    """Start from the digit whose number was typed; a button's callback."""
    if (number := st.session_state.get(_NUMBER)) is not None:
        st.query_params[FROM] = f"test-{number}"
        st.query_params.pop(DATASET, None)


def _leave() -> None:
    st.query_params.pop(FROM, None)
    st.query_params.pop(DATASET, None)
