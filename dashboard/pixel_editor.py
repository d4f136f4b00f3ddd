"""The pixel editor: 28×28 squares, drawn on with the arrow keys, a mouse or a finger, and read as they are."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.datasets import SIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

EDITOR = "pixel_editor"
# Widgets forget their state when they leave the screen; this outlives a change of page.
_PIXELS = "pixel_editor_pixels"
_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.pixel_editor",
    html='<div class="editor"></div>',
    css=(_FRONT_END / "palette.css").read_text("utf-8") + (_FRONT_END / "pixel_editor.css").read_text("utf-8"),
    js=(_FRONT_END / "pixel_history.js").read_text("utf-8") + (_FRONT_END / "pixel_editor.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class _Edited:
    """What is on the squares.

    Attributes:
        start: name of what they started from.
        image: (28, 28) uint8.
    """

    start: str
    image: NDArray[np.uint8]


def render_pixel_editor(start: str, image: NDArray[np.uint8], on_change: Callable[[], None]) -> None:
    """Draw the editor.

    A test without a browser draws by state: `at.session_state[EDITOR] = {"edited": {"start": ..., "pixels": ...}}` with
    784 bytes in base64.

    Args:
        start: name of the picture to start from; another one takes the place of what was drawn.
        image: that picture, (28, 28) uint8, white ink on black.
        on_change: called, as a callback, after each change.
    """
    kept: _Edited | None = st.session_state.get(_PIXELS)
    if kept is None or kept.start != start:
        st.session_state[_PIXELS] = _Edited(start, image)
    _mount(
        key=EDITOR,
        data={"start": start, "first": _encode(image), "pixels": _encode(find_pixels())},
        on_edited_change=on_change,
    )


def find_pixels() -> NDArray[np.uint8]:
    """Return what is on the squares, (28, 28) uint8, white ink on black; all black before the editor was ever drawn."""
    kept: _Edited = st.session_state.get(_PIXELS) or _Edited("", np.zeros((SIDE, SIDE), np.uint8))
    now = parse_edited((st.session_state.get(EDITOR) or {}).get("edited"), kept.start)
    if now is not None:
        kept = st.session_state[_PIXELS] = _Edited(kept.start, now)
    return kept.image


def parse_edited(edited: object, start: str) -> NDArray[np.uint8] | None:
    """Return the picture that the editor has sent, (28, 28) uint8; None if it sent none that began with this start."""
    if not isinstance(edited, dict) or edited.get("start") != start or not isinstance(edited.get("pixels"), str):
        return None
    try:
        content = base64.b64decode(edited["pixels"], validate=True)
    except binascii.Error:
        return None
    if len(content) != SIDE * SIDE:
        return None
    return np.frombuffer(content, np.uint8).reshape(SIDE, SIDE).copy()


def _encode(image: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(image).tobytes()).decode("ascii")
