"""The drawing in the browser's own memory, so that a reload brings it back; and word of a change of theme."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.picture import read_picture
from core.drawings.store import encode_drawing
from core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

MEMORY = "drawing_memory"
# More than a sheet can hold; what is longer is not a drawing of this page.
_MOST_STROKES = 500
_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.drawing_memory",
    html='<div class="memory"></div>',
    css=(_FRONT_END / "drawing_memory.css").read_text("utf-8"),
    js=(_FRONT_END / "drawing_memory.js").read_text("utf-8"),
)


def read_restored() -> tuple[list[dict[str, Any]], NDArray[np.uint8]] | None:
    """Return the strokes and the picture that the browser has just brought back after a reload; mostly None.

    A test without a browser brings them by state: `at.session_state[MEMORY] = {"restored": {"strokes": [...],
    "picture": ...}}`, the picture as a PNG in base64.
    """
    restored = (st.session_state.get(MEMORY) or {}).get("restored")
    # It comes from the browser, which may hold anything.
    if not isinstance(restored, dict) or not isinstance(restored.get("strokes"), list):
        return None
    strokes = restored["strokes"][:_MOST_STROKES]
    if not strokes or not all(isinstance(one, dict) and isinstance(one.get("path"), list) for one in strokes):
        return None
    try:
        return strokes, read_picture(base64.b64decode(str(restored.get("picture")), validate=True))
    except (binascii.Error, ImageError):
        return None


def render_memory(
    strokes: list[dict[str, Any]],
    picture: NDArray[np.uint8] | None,
    *,
    is_fresh: bool,
    on_change: Callable[[], None],
) -> None:
    """Have the browser keep the drawing for as long as its tab is open, or bring back what it kept.

    Args:
        strokes: on the sheet, as the canvas describes them.
        picture: of them, (h, w) uint8 grey; None if there are none.
        is_fresh: whether nothing was drawn in this session yet; what the browser keeps then comes back.
        on_change: called, as a callback, when it has brought a drawing back or the theme has changed.
    """
    encoded = "" if picture is None else base64.b64encode(encode_drawing(picture)).decode("ascii")
    _mount(
        key=MEMORY,
        data={"drawing": {"strokes": strokes, "picture": encoded}, "fresh": is_fresh},
        on_restored_change=on_change,
        on_theme_change=on_change,
    )
