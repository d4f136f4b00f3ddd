"""Keeping a drawing under its right label, from where it was drawn or uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.drawings.store import LONGEST_LABEL, compute_fingerprint, delete_drawing, list_drawings, save_drawing
from core.errors import CoreError
from dashboard.layout import escape, escape_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.drawings.store import Drawing


def render_keep(picture: NDArray[np.uint8], *, key: str) -> None:
    """Draw the form that keeps a picture for the person's own test set, or say what it is kept as.

    Args:
        picture: (h, w) uint8 grey.
        key: unique on the page.
    """
    try:
        drawings = list_drawings()
    except CoreError as error:
        st.caption(escape_error(error))
        return
    if kept := find_kept(picture, drawings):
        _render_kept(kept, len(drawings), key)
    else:
        _render_form(picture, key)
    if problem := st.session_state.pop(f"{key}_problem", None):
        st.error(escape(problem))


def _render_form(picture: NDArray[np.uint8], key: str) -> None:
    # No label is filled in: the network's own answer would be taken for right without a look.
    with st.form(f"{key}_form", border=False):
        row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
        row.text_input(
            "What it really is", key=f"{key}_label", max_chars=LONGEST_LABEL, placeholder="for example 7", width=150
        )
        row.form_submit_button("Keep for my test set", key=f"{key}_save", on_click=_save, args=(picture, key))


def _save(picture: NDArray[np.uint8], key: str) -> None:
    """Keep the picture under the label that was typed; a button's callback, so that the page shows it as kept."""
    try:
        save_drawing(picture, st.session_state[f"{key}_label"])
    except CoreError as error:
        st.session_state[f"{key}_problem"] = str(error)


def find_kept(picture: NDArray[np.uint8], drawings: list[Drawing]) -> Drawing | None:
    """Return the kept drawing that has exactly these pixels."""
    fingerprint = compute_fingerprint(picture)
    return next((drawing for drawing in drawings if drawing.fingerprint == fingerprint), None)


def _render_kept(kept: Drawing, total: int, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"Kept as **{kept.label}**.", width="content")
        # The picture is still on the page, so that nothing is lost but the label.
        st.button("Take it out again", key=f"{key}_remove", type="tertiary", on_click=_remove, args=(kept, key))
        words = "Your digits" if total == 1 else f"Your {total:,} digits"
        st.page_link("views/drawings.py", label=words, query_params={"drawing": kept.id})


def _remove(kept: Drawing, key: str) -> None:
    try:
        delete_drawing(kept)
    except CoreError as error:
        st.session_state[f"{key}_problem"] = str(error)
