"""A picture from the clipboard: pasted anywhere on the page, it is taken as if it had been chosen as a file."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import streamlit as st

PASTE = "paste"
_mount = st.components.v2.component(
    "digits.paste",
    html='<div class="paste"></div>',
    js=(Path(__file__).parent / "components" / "paste.js").read_text("utf-8"),
)


def render_paste() -> bytes | None:
    """Listen for pictures that are pasted, and return the file of one that just was.

    One that is too large is refused in a sentence.

    A test without a browser pastes by state: `at.session_state[PASTE] = {"pasted": ...}`, a file in base64.
    """
    _mount(key=PASTE, on_pasted_change=lambda: None, on_refused_change=lambda: None)
    told = st.session_state.get(PASTE) or {}
    pasted, refused = told.get("pasted"), told.get("refused")
    if isinstance(refused, int):
        st.error(
            f"The pasted picture has {refused / 1e6:.1f} MB, and no more than 10 MB can be pasted; save it as a file "
            "and choose that, or make it smaller."
        )
    # It comes from the browser, which may hold anything.
    if not isinstance(pasted, str):
        return None
    try:
        return base64.b64decode(pasted, validate=True)
    except binascii.Error:
        return None
