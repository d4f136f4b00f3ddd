"""Pictures that were chosen, dragged or pasted: they stay until they are taken away, whatever page is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        content: of the file.
    """

    number: int
    name: str
    content: bytes


def list_taken() -> list[TakenPicture]:
    """Return the pictures that are there, the last to come first; those that came together in their order."""
    taken: list[TakenPicture] = st.session_state.setdefault(_TAKEN, [])
    return taken


def take(pictures: Iterable[tuple[str, bytes]]) -> None:
    """Take pictures in, each a name and a file's content; one that is there already is not taken twice.

    Those for which there is no room are left out, and `pop_left_out` says how many they were.
    """
    taken = list_taken()
    known = {picture.content for picture in taken}
    new: list[TakenPicture] = []
    for name, content in pictures:
        if content in known:
            continue
        if len(taken) + len(new) >= MOST_PICTURES:
            st.session_state[_LEFT_OUT] = st.session_state.get(_LEFT_OUT, 0) + 1
            continue
        number = st.session_state.get(_COUNT, 0)
        st.session_state[_COUNT] = number + 1
        known.add(content)
        new.append(TakenPicture(number, name, content))
    taken[:0] = new


def pop_left_out() -> int:
    """Return how many pictures were left out since it was last asked."""
    left_out: int = st.session_state.pop(_LEFT_OUT, 0)
    return left_out


def forget(*numbers: int) -> None:
    """Take pictures away, by their numbers; a button's callback."""
    st.session_state[_TAKEN] = [picture for picture in list_taken() if picture.number not in numbers]
