"""Pictures that were chosen, dragged or pasted: they stay until they are taken away, whatever page is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.data.picture import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection

# Shown and read in one go; more would keep the page busy.
MOST_PICTURES = 20
# The file uploader forgets its files when another page is shown, so that they are kept here.
_TAKEN, _COUNT, _LEFT_OUT = "pictures_taken", "pictures_taken_so_far", "pictures_left_out"


@dataclass(frozen=True)
class TakenPicture:
    """A picture as it came.

    Attributes:
        number: from 0, in the order in which pictures came; no other of the session has it.
        name: of the file, or what stands for one.
        content: of the file; of one that is too large to be read, no more than shows that.
    """

    number: int
    name: str
    content: bytes


def list_taken() -> list[TakenPicture]:
    """Return the pictures that are there, the last to come first; those that came together in their order."""
    taken: list[TakenPicture] = st.session_state.setdefault(_TAKEN, [])
    return taken


def list_left_out() -> list[str]:
    """Return the names of those for which there was no room when pictures last came."""
    left_out: list[str] = st.session_state.get(_LEFT_OUT, [])
    return left_out


def take(pictures: Collection[tuple[str, bytes]]) -> list[int]:
    """Take pictures in, each a name and a file's content, as long as there is room for them.

    Returns:
        The numbers of those that were taken, which are the first of them.
    """
    taken = list_taken()
    first = st.session_state.get(_COUNT, 0)
    room = MOST_PICTURES - len(taken)
    new = [
        TakenPicture(first + place, name, content[: MAX_BYTES + 1])
        for place, (name, content) in enumerate(pictures)
        if place < room
    ]
    st.session_state[_COUNT] = first + len(new)
    st.session_state[_LEFT_OUT] = [name for place, (name, _) in enumerate(pictures) if place >= room]
    taken[:0] = new
    return [picture.number for picture in new]


def forget(numbers: Collection[int]) -> None:
    """Take pictures away, by their numbers."""
    st.session_state[_TAKEN] = [picture for picture in list_taken() if picture.number not in numbers]
