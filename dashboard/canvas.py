"""The sheet to draw on, and the drawing itself, which outlives a change of page, of run and of theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

# As wide as a phone of 360 leaves, and a size the canvas shows without scrolling.
SIDE_PX = 320
# A brush that leaves strokes as thick as MNIST's on a digit which fills the sheet.
BRUSH_PX = 22
PAPER_AND_INK = {"light": ("#ffffff", "#23262b"), "dark": ("#101215", "#e9e5db")}

# The canvas forgets what is on it when it leaves the screen, so the drawing has a key that is not the widget's.
_DRAWING = "drawing"
_GIVEN = "drawing_given_to_canvas"
_BRUSH = "drawing_brush"
CANVAS = "canvas"

# Its own toolbar is drawn above it, only under a mouse, and says again what our two buttons say on every device.
# A person who comes to it by keyboard still sees it.
_STYLE = """
<style>
.st-key-sheet-of-paper:not(:focus-within) { overflow: clip; }
.st-key-drawing-tools { width: 320px; max-width: 100%; }
</style>
"""


@dataclass(frozen=True)
class Drawing:
    """What is on the sheet.

    Attributes:
        strokes: as the canvas describes them, oldest first.
        picture: (SIDE_PX, SIDE_PX) uint8 grey; ink is dark in the light theme and light in the dark one.
    """

    strokes: list[dict[str, Any]]
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class _Given:
    """What the canvas was last told to show; it starts again from there whenever this changes, and only then.

    Attributes:
        number: counts the changes, so that the same strokes can be given twice.
        theme: whose colours they have.
        strokes: to start from.
    """

    number: int
    theme: str
    strokes: list[dict[str, Any]]


def render_canvas() -> NDArray[np.uint8] | None:
    """Draw the canvas with its brush, Undo and Clear.

    A test without a browser draws by state: `at.session_state[CANVAS] = {"drawing": {"raw": {"objects": [...]}, "data":
    "data:image/png;base64,..."}}`.

    Returns:
        The drawing as a picture (SIDE_PX, SIDE_PX) uint8 grey; None while the sheet is empty.
    """
    # Imported here because it registers its front end, which only works inside a running app.
    from streamlit_drawable_canvas import st_canvas

    given = _choose_given()
    paper, ink = PAPER_AND_INK[given.theme]
    st.html(_STYLE)
    with st.container(key="sheet-of-paper", width="content"):
        result = st_canvas(
            key=CANVAS,
            width=SIDE_PX,
            height=SIDE_PX,
            stroke_width=st.session_state.get(_BRUSH, BRUSH_PX),
            stroke_color=ink,
            background_color=paper,
            initial_drawing={"objects": given.strokes, "number": given.number},
            return_image_data=True,
        )
    # None until the first stroke after the canvas came to the screen; what was drawn before is then still right.
    if (pixels := result.image_data) is not None:
        grey = np.asarray(Image.fromarray(pixels).convert("L"))
        st.session_state[_DRAWING] = Drawing(result.json_data["objects"], grey)
    drawing: Drawing | None = st.session_state.get(_DRAWING)
    strokes = drawing.strokes if drawing else []
    _render_tools(strokes)
    return drawing.picture if drawing and strokes else None


def _choose_given() -> _Given:
    """Return what the canvas starts from: the drawing itself when the page was just opened or the theme has changed."""
    given: _Given | None = st.session_state.get(_GIVEN)
    just_opened = _BRUSH not in st.session_state
    if given is None or just_opened or given.theme != _read_theme():
        given = _give(_find_strokes())
    return given


def _read_theme() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def _find_strokes() -> list[dict[str, Any]]:
    """Return the newest strokes: what the canvas has just sent, or what it held when it was last on the screen."""
    sent = (st.session_state.get(CANVAS) or {}).get("drawing")
    if sent:
        strokes: list[dict[str, Any]] = sent["raw"]["objects"]
        return strokes
    drawing: Drawing | None = st.session_state.get(_DRAWING)
    return drawing.strokes if drawing else []


def _give(strokes: list[dict[str, Any]]) -> _Given:
    """Have the canvas start again from these strokes, in the theme's ink; it answers with the new picture."""
    last: _Given | None = st.session_state.get(_GIVEN)
    # Read here: a button can be the first to bring a new theme, and would else be taken back when that is seen.
    theme = _read_theme()
    ink = PAPER_AND_INK[theme][1]
    given = _Given(last.number + 1 if last else 0, theme, [{**stroke, "stroke": ink} for stroke in strokes])
    st.session_state[_GIVEN] = given
    return given


def _render_tools(strokes: list[dict[str, Any]]) -> None:
    with st.container(key="drawing-tools", horizontal=True, vertical_alignment="bottom", gap="small"):
        st.slider("Brush width", 8, 40, BRUSH_PX, step=2, key=_BRUSH, format="%d px", width=124)
        st.button("Undo stroke", key="undo_stroke", disabled=not strokes, on_click=_give, args=(strokes[:-1],))
        st.button("Clear", key="clear_drawing", disabled=not strokes, on_click=_give, args=([],))
