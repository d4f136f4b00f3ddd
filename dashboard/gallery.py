"""The clickable contact sheet: digits as tiles of ink on paper, each with its caption, sent as one picture."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import ShapeError
from dashboard.tiles import make_sheet

_COLUMNS = 20
_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.sheet",
    html='<div class="sheet"></div>',
    css=(_FRONT_END / "palette.css").read_text("utf-8") + (_FRONT_END / "sheet.css").read_text("utf-8"),
    js=(_FRONT_END / "ink.js").read_text("utf-8") + (_FRONT_END / "sheet.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class Caption:
    """What is written beneath a digit.

    Attributes:
        index: the digit's place in its dataset, 0 or more.
        label: the true digit; of a person's own drawings also a number, digit by digit.
        predicted: what the model takes it for; None where no model is asked.
        probability: of the predicted digit, 0 to 1; None where it is not shown.
    """

    index: int
    label: int | str
    predicted: int | str | None = None
    probability: float | None = None

    @property
    def verdict(self) -> str:
        """One of 'right', 'wrong' or, without a prediction, 'plain'."""
        if self.predicted is None:
            return "plain"
        return "right" if self.predicted == self.label else "wrong"

    @property
    def text(self) -> str:
        """'4', or '4 ✓' where the model is right and '4 → 9' where it is wrong."""
        return {"plain": f"{self.label}", "right": f"{self.label} ✓", "wrong": f"{self.label} → {self.predicted}"}[
            self.verdict
        ]

    @property
    def description(self) -> str:
        """The caption in words, for those who listen: 'digit 4 number 1234, predicted 9 with 98.2 %'."""
        words = f"digit {self.label} number {self.index}"
        if self.predicted is not None:
            words += f", predicted {self.predicted}"
        if self.probability is not None:
            words += f" with {format_probability(self.probability)}"
        return words


def format_probability(probability: float) -> str:
    """A network's probability as a percentage with one decimal, never rounded to all or nothing.

    No softmax is quite certain: where it says 1, single precision has rounded.

    Args:
        probability: 0 to 1.

    Returns:
        '98.2 %', with a space that does not break; '> 99.9 %' or '< 0.1 %' near the ends.
    """
    if probability >= 0.9995:
        return ">\u00a099.9\u00a0%"
    if probability < 0.0005:
        return "<\u00a00.1\u00a0%"
    return f"{100 * probability:.1f}\u00a0%"


def render_sheet(
    images: NDArray[np.uint8],
    captions: Sequence[Caption],
    *,
    key: str,
    selected: int | None = None,
    tile_px: int = 56,
    label: str = "Digits",
    empty: str = "No digits to show.",
) -> int | None:
    """Draw the digits as a sheet of buttons and say which one was clicked just now.

    A click is a trigger: it is there in the one rerun that it causes and None in the next, so the same digit can be
    clicked again. A test without a browser clicks by state, `at.session_state[key] = {"clicked": index}`, and that
    click stays in every later run until it is set to `{}`.

    Args:
        images: (n, 28, 28) uint8, white ink on black.
        captions: n of them, in the same order.
        key: the sheet's key on its page.
        selected: dataset index of the digit to outline; one clicked just now is outlined in its stead.
        tile_px: side of a tile in pixels, 28 or more; multiples of 28 are sharpest.
        label: what the sheet is, for those who listen.
        empty: the sentence shown when there are no digits.

    Returns:
        The dataset index of the digit clicked just now, or None.

    Raises:
        ShapeError: if images and captions differ in number, or the images are not (n, 28, 28).
    """
    if len(images) != len(captions):
        raise ShapeError(f"A sheet needs one caption for each digit, but got {len(images)} and {len(captions)}.")
    indices = {caption.index for caption in captions}
    # The click is known before the sheet is drawn; read here, the outline moves in the rerun that the click causes.
    just_clicked = (st.session_state.get(key) or {}).get("clicked")
    sheet = make_sheet(images, _COLUMNS)
    tiles = [
        {
            "index": caption.index,
            "verdict": caption.verdict,
            "text": caption.text,
            "detail": "" if caption.probability is None else format_probability(caption.probability),
            "description": caption.description,
        }
        for caption in captions
    ]
    result = _mount(
        key=key,
        data={
            "sheet": base64.b64encode(sheet).decode("ascii"),
            "columns": _COLUMNS,
            "tiles": tiles,
            "selected": just_clicked if just_clicked in indices else selected,
            "tilePx": tile_px,
            "label": label,
            "empty": empty,
        },
        on_clicked_change=lambda: None,
    )
    clicked = result.get("clicked")
    # A click can arrive after the page has moved on to other digits; it then means nothing.
    return clicked if clicked in indices else None
