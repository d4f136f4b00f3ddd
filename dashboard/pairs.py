"""The most confused pairs with their pictures: each row leads to its digits, each picture to one of them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.charts.words import PLURALS
from core.evaluation.select import DigitFilter, find_digits
from dashboard import loaders, selection
from dashboard.answers import CHOSEN_DIGIT, build_captions
from dashboard.tiles import SIDE, make_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.data.datasets import DigitData
    from core.evaluation.predictions import Predictions
    from core.runs.store import RunEntry

PER_PAIR = 6
_KEY = "pairs"
_FRONT_END = Path(__file__).parent / "components"
_mount = st.components.v2.component(
    "digits.pairs",
    html='<div class="pairs"></div>',
    css="".join((_FRONT_END / name).read_text("utf-8") for name in ("palette.css", "pairs.css")),
    js="".join((_FRONT_END / name).read_text("utf-8") for name in ("ink.js", "pairs.js")),
)


def follow_click() -> None:
    """Choose the pair or the digit that was clicked just now; call it before anything that shows what is chosen."""
    clicked = (st.session_state.get(_KEY) or {}).get("clicked")
    if clicked is not None:
        digit = None if clicked["digit"] is None else str(clicked["digit"])
        selection.choose(DigitFilter(true=clicked["true"], predicted=clicked["predicted"]), **{CHOSEN_DIGIT: digit})


def render_pairs(entry: RunEntry, report: Mapping[str, Any], answers: Predictions, data: DigitData | None) -> None:
    """Draw the most frequent mistakes; `follow_click` takes a click on one of them or on one of its digits.

    A test without a browser clicks by state: `at.session_state["pairs"] = {"clicked": {"true": 4, "predicted": 9,
    "digit": 115}}`, with None as the digit for the row's head.

    Args:
        entry: the run.
        report: its report.json.
        answers: of it.
        data: the digits; None draws the rows without pictures.
    """
    n_wrong = report["total"] - report["correct"]
    st.subheader("Most confused", anchor=False)
    if not n_wrong:
        st.caption(f"None: every one of the {report['total']:,} test digits is read right.")
        return
    st.caption("Click a pair or one of its hardest digits; or any cell, row or column of the matrix.")
    wanted = selection.read()
    _mount(
        key=_KEY,
        data={
            **load_pairs(report["pairs"], answers, data),
            "label": "Most confused pairs, most frequent first",
            "selected": {"true": wanted.true, "predicted": wanted.predicted},
        },
        on_clicked_change=lambda: None,
    )
    st.page_link("views/errors.py", label=f"All {n_wrong:,} misread digits", query_params={"run": entry.run.id})


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=loaders.BY_CHECKSUM)
def load_pairs(pairs: list[dict[str, Any]], answers: Predictions, data: DigitData | None) -> dict[str, Any]:
    """Return what the component draws: a row for each pair, and one picture with its hardest digits row by row."""
    rows = []
    images = np.zeros((len(pairs), PER_PAIR, SIDE, SIDE), dtype=np.uint8)
    for row, pair in enumerate(pairs):
        true, predicted, count = pair["true"], pair["predicted"], pair["count"]
        digits = f"{count:,} {'digit' if count == 1 else 'digits'}"
        share = f"{100 * pair['share']:.2f} % of the {PLURALS[true]}"
        hardest = find_digits(answers, DigitFilter(true=true, predicted=predicted))[:PER_PAIR]
        if data is not None:
            images[row, : len(hardest)] = data.test.images[hardest]
        rows.append(
            {
                "true": true,
                "predicted": predicted,
                "text": f"{true} → {predicted}",
                "count": digits,
                "share": share,
                "description": f"{true} read as {predicted}: {digits}, {share}",
                "tiles": [
                    {"index": caption.index, "description": caption.description}
                    for caption in build_captions(answers, hardest)
                ]
                if data is not None
                else [],
            }
        )
    sheet = b"" if data is None else make_sheet(images.reshape(-1, SIDE, SIDE), PER_PAIR)
    return {"pairs": rows, "sheet": base64.b64encode(sheet).decode("ascii"), "columns": PER_PAIR}
