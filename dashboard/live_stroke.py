"""The drawing while a stroke is still being drawn, and as soon as it ends: before the canvas sends it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.data.picture import read_picture
from core.errors import ImageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIVE = "live_stroke"
_mount = st.components.v2.component(
    "digits.live_stroke",
    html='<div class="live"></div>',
    js=(Path(__file__).parent / "components" / "live_stroke.js").read_text("utf-8"),
)


def find_live_picture() -> NDArray[np.uint8] | None:
    """Return the sheet under the moving pen, (h, w) uint8 grey, in the one run that it starts; else None.

    A test without a browser draws by state: `at.session_state[LIVE] = {"sheet": {"name": ..., "picture":
    "data:image/png;base64,..."}}`.
    """
    sheet = _find_sheet()
    try:
        return read_picture(base64.b64decode(str(sheet.get("picture")).partition(",")[2], validate=True))
    except (binascii.Error, ImageError):
        return None


def render_live_stroke() -> None:
    """Watch the pen; to be drawn in the fragment that answers, after the answer, and in no other.

    The browser sends the next picture when it hears that the last one is answered.
    """
    _mount(key=LIVE, data={"answered": _find_sheet().get("name")}, on_sheet_change=lambda: None)


def _find_sheet() -> dict[str, object]:
    # It comes from the browser, which may send anything.
    sheet = (st.session_state.get(LIVE) or {}).get("sheet")
    return sheet if isinstance(sheet, dict) else {}
