"""The sheet to draw on, and the drawing itself, which outlives a change of page, of run and of theme, and a reload."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from PIL import Image

from dashboard.drawing_history import History
from dashboard.drawing_memory import read_restored, render_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# As wide as a phone of 360 leaves, and a size the canvas shows without scrolling.
SIDE_PX = 320
# A brush that leaves strokes as thick as MNIST's on a digit which fills the sheet.
BRUSH_PX = 22
PAPER_AND_INK = {"light": ("#ffffff", "#23262b"), "dark": ("#101215", "#e9e5db")}

# The canvas forgets what is on it when it leaves the screen, so the drawing has a key that is not the widget's.
_HISTORY = "drawing_history"
_GIVEN = "drawing_given_to_canvas"
_BRUSH = "drawing_brush"
CANVAS = "canvas"

# Its own toolbar, drawn above it under a mouse, is not to be seen in the moment before live_stroke.js takes it away.
_STYLE = """
<style>
.st-key-sheet-of-paper { overflow: clip; }
.st-key-drawing-tools { width: 320px; max-width: 100%; }
.st-key-drawing-tools button { padding-left: .6rem; padding-right: .6rem; }
.st-key-drawing_memory { position: absolute; }
/* Who draws with a finger has no such keys. */
@media (pointer: coarse) { .st-key-drawing-tools kbd { display: none; } }
</style>
"""


@dataclass(frozen=True)
class _Given:
    """What the canvas was last told to show; it starts again from there whenever this changes, and only then.

    Attributes:
        number: counts the changes, so that the same strokes can be given twice.
        theme: whose colours they have.
        strokes: to start from.
        outdated: what the canvas had sent by then, which counts for nothing until it sends something else.
        is_answered: whether the canvas has sent something else.
        follows_unanswered: whether it came before the canvas had answered to the one before, which it may still do.
    """

    number: int
    theme: str
    strokes: list[dict[str, Any]]
    outdated: list[dict[str, Any]] | None
    is_answered: bool = False
    follows_unanswered: bool = False


def render_canvas(*, on_stroke: Callable[[], None], on_change: Callable[[], None]) -> None:
    """Draw the canvas with its brush, Undo, Redo and Clear.

    A test without a browser draws by state: `at.session_state[CANVAS] = {"drawing": {"raw": {"objects": [...]}, "data":
    "data:image/png;base64,..."}}`.

    Args:
        on_stroke: called, in a callback, when the canvas has sent what was drawn on it.
        on_change: called, in a callback, when something else has changed the drawing, which the canvas is to show.
    """
    # Imported here because it registers its front end, which only works inside a running app.
    from streamlit_drawable_canvas import st_canvas

    history = get_history()
    _take_what_was_sent(history)
    given = _choose_given(history)
    paper, ink = PAPER_AND_INK[given.theme]
    st.html(_STYLE)
    with st.container(key="sheet-of-paper", width="content"):
        st_canvas(
            key=CANVAS,
            width=SIDE_PX,
            height=SIDE_PX,
            stroke_width=st.session_state.get(_BRUSH, BRUSH_PX),
            stroke_color=ink,
            background_color=paper,
            initial_drawing={"objects": given.strokes, "number": given.number},
            return_image_data=True,
            on_change=lambda: _change(_take_what_was_sent, on_stroke),
        )
    _render_tools(history, on_change)
    render_memory(
        history.now.strokes,
        find_picture(),
        is_fresh=history.is_fresh,
        on_change=lambda: _change(_take_what_was_sent, on_change),
    )


def find_picture() -> NDArray[np.uint8] | None:
    """Return the drawing as a picture (SIDE_PX, SIDE_PX) uint8 grey; None while the sheet is empty."""
    now = get_history().now
    return now.picture if now.strokes else None


def get_history() -> History:
    """Return what was drawn in this session."""
    history: History = st.session_state.setdefault(_HISTORY, History())
    return history


def _take_what_was_sent(history: History) -> None:
    """Bring the history up to what the canvas shows, or to what the browser kept of it."""
    sent = (st.session_state.get(CANVAS) or {}).get("drawing")
    given: _Given | None = st.session_state.get(_GIVEN)
    # No picture comes until the first stroke after the canvas came to the screen; what was known before is still right.
    if sent and sent.get("data") and not (given and given.outdated == sent["raw"]["objects"]):
        strokes, picture = sent["raw"]["objects"], _decode(sent["data"])
        may_be_late = given and given.follows_unanswered and not given.is_answered
        if may_be_late and history.record_late(strokes, picture):
            # Two steps in quick succession: it still answers to the first.
            st.session_state[_GIVEN] = replace(given, outdated=strokes)
        else:
            history.record(strokes, picture)
            if given:
                # The same strokes, drawn once more, are new ones.
                st.session_state[_GIVEN] = replace(given, outdated=None, is_answered=True)
    if history.is_fresh and (restored := read_restored()):
        history.record(*restored)
        _give(history)


# A stroke is looked at in its callback and once more when the sheet is drawn again.
@lru_cache(maxsize=8)
def _decode(data_url: str) -> NDArray[np.uint8]:
    content = base64.b64decode(data_url.split(";base64,", 1)[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


def _choose_given(history: History) -> _Given:
    """Return what the canvas starts from: the drawing itself when the page was just opened or the theme has changed."""
    given: _Given | None = st.session_state.get(_GIVEN)
    just_opened = _BRUSH not in st.session_state
    if given is None or just_opened or given.theme != _read_theme():
        given = _give(history)
    return given


def _read_theme() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def _give(history: History) -> _Given:
    """Have the canvas start again from what the history shows, in the theme's ink; it answers with the new picture."""
    last: _Given | None = st.session_state.get(_GIVEN)
    sent = (st.session_state.get(CANVAS) or {}).get("drawing")
    # Read here: a button can be the first to bring a new theme, and would else be taken back when that is seen.
    theme = _read_theme()
    strokes = [{**stroke, "stroke": PAPER_AND_INK[theme][1]} for stroke in history.now.strokes]
    given = _Given(
        last.number + 1 if last else 0,
        theme,
        strokes,
        sent["raw"]["objects"] if sent else None,
        follows_unanswered=bool(last and not last.is_answered),
    )
    st.session_state[_GIVEN] = given
    return given


def _change(act: Callable[[History], None], on_change: Callable[[], None]) -> None:
    """Change the drawing in a callback."""
    act(get_history())
    on_change()


def _go(history: History, by: int) -> None:
    """Undo or redo; a button can be the first to see a stroke that was drawn just before the click."""
    _take_what_was_sent(history)
    history.step(by)
    _give(history)


def _clear(history: History) -> None:
    """Empty the sheet."""
    _take_what_was_sent(history)
    history.clear()
    _give(history)


def _render_tools(history: History, on_change: Callable[[], None]) -> None:
    with st.container(key="drawing-tools", horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Undo",
            key="undo_stroke",
            disabled=history.position == 0,
            on_click=_change,
            args=(lambda history: _go(history, -1), on_change),
            shortcut="Ctrl+Z",
        )
        st.button(
            "Redo",
            key="redo_stroke",
            disabled=history.position == len(history.steps) - 1,
            on_click=_change,
            args=(lambda history: _go(history, 1), on_change),
            shortcut="Ctrl+Y",
        )
        st.button(
            "Clear",
            key="clear_drawing",
            disabled=not history.now.strokes,
            on_click=_change,
            args=(_clear, on_change),
        )
        st.slider("Brush width", 8, 40, BRUSH_PX, step=2, key=_BRUSH, format="%d px", width=320)
