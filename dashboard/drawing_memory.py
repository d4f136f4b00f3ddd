"""The drawing in the browser's own memory, so that a reload brings it back; and word of a change of theme."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

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


def read_restored() -> list[dict[str, Any]]:
    """Return the strokes that the browser has just brought back after a reload, oldest first; mostly none.

    A test without a browser brings them by state: `at.session_state[MEMORY] = {"restored": [...]}`.
    """
    restored = (st.session_state.get(MEMORY) or {}).get("restored")
    if not isinstance(restored, list) or len(restored) > _MOST_STROKES:
        return []
    return [stroke for stroke in restored if isinstance(stroke, dict) and isinstance(stroke.get("path"), list)]


def render_memory(strokes: list[dict[str, Any]], *, is_fresh: bool) -> None:
    """Have the browser keep these strokes for as long as its tab is open, or bring back what it kept.

    Args:
        strokes: on the sheet, as the canvas describes them.
        is_fresh: whether nothing was drawn in this session yet; what the browser keeps then comes back.
    """
    _mount(
        key=MEMORY,
        data={"strokes": strokes, "fresh": is_fresh},
        on_restored_change=lambda: None,
        on_theme_change=lambda: None,
    )
