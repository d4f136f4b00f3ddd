"""The two matrices of a comparison: the difference of the confusions, and the answers of one run by the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.evaluation.compare import confusion_difference, count_answers
from core.evaluation.predictions import Predictions
from core.evaluation.select import DigitFilter, compute_mask
from dashboard import selection, state
from dashboard.matrix import Selection, render_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

# In the address: which of the two is drawn, and the one true digit that the second is of.
KIND, OF = "compare", "of"
KINDS = {"errors": "Errors: first − second", "answers": "Answers: first × second"}
_ANSWER_AXES = ("the first run says", "the second run says")
_ANY = "any"
_STYLE = """
<style>
.st-key-behind-cell { min-height: 5rem; }
</style>
"""


def render_matrices(first: Predictions, second: Predictions) -> None:
    """Draw the matrix that the address asks for with its controls, and follow a click.

    Args:
        first: answers of the first run.
        second: answers of the second, to the same digits.
    """
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = state.render_choice(KIND, "Matrix", KINDS, "errors")
    if kind == "errors":
        _render_difference(first, second)
    else:
        _render_answers(first, second)


def _render_difference(first: Predictions, second: Predictions) -> None:
    wanted = selection.read()
    chosen = find_difference_cell(wanted)
    with st.container(key="behind-cell", gap="xsmall"):
        if chosen is None or chosen.predicted is None:
            st.caption(
                "How many more digits the first run reads so than the second: +3 three more, −2 two fewer. Blue: the "
                "first does better there; orange: worse. Click a cell to see the digits on which the two part."
            )
        else:
            _render_sides(first, second, chosen, wanted)
    difference = confusion_difference(first, second)
    clicked = render_matrix(difference, key="difference_matrix", selected=chosen, signed=True)
    if clicked is not None and clicked != chosen:
        selection.choose(choose_side(difference, clicked))
        st.rerun()


def find_difference_cell(wanted: DigitFilter) -> Selection | None:
    """Return the cell of the difference matrix that a filter belongs to, None if to none."""
    reads = wanted.predicted if wanted.predicted is not None else wanted.second_reads
    if wanted.versus == "differ" and None in (wanted.predicted, wanted.second_reads):
        return None if reads is None and wanted.true is None else Selection(wanted.true, reads)
    is_shared = wanted.versus is None and wanted.predicted == wanted.second_reads
    return Selection(wanted.true, reads) if is_shared and reads is not None else None


def choose_side(difference: NDArray[np.int64], cell: Selection) -> DigitFilter:
    """Return the filter for a click: what the run that reads the cell oftener reads so, and the other does not.

    Args:
        difference: (10, 10), the first run's confusion matrix minus the second's.
        cell: a cell, row or column of it.
    """
    if cell.predicted is None:
        return DigitFilter(true=cell.true, versus="differ")
    column = difference[:, cell.predicted]
    is_of_second = (column.sum() if cell.true is None else column[cell.true]) < 0
    return _build_side(cell, "second" if is_of_second else "first")


def _build_side(cell: Selection, side: str) -> DigitFilter:
    if side == "both":
        return DigitFilter(true=cell.true, predicted=cell.predicted, second_reads=cell.predicted)
    name = "predicted" if side == "first" else "second_reads"
    return DigitFilter(true=cell.true, versus="differ", **{name: cell.predicted})


def _render_sides(first: Predictions, second: Predictions, cell: Selection, wanted: DigitFilter) -> None:
    """Draw the numbers behind a cell as buttons: read so by the first run alone, by the second alone, and by both."""
    of_true = "Any digit" if cell.true is None else f"True {cell.true}"
    st.caption(f"{of_true}, read as {cell.predicted}; the cell is the first number minus the second:")
    with st.container(horizontal=True, gap="xsmall"):
        for side, words in (("first", "by the first only"), ("second", "by the second only"), ("both", "by both")):
            asked = _build_side(cell, side)
            st.button(
                f"**{np.count_nonzero(compute_mask(first, asked, second)):,}** {words}",
                key=f"side_{side}",
                type="primary" if asked == wanted else "secondary",
                on_click=selection.choose,
                args=(asked,),
            )


def _render_answers(first: Predictions, second: Predictions) -> None:
    digits = {_ANY: "any", **{str(digit): str(digit) for digit in range(10)}}
    st.caption(
        "How many digits the first run reads as the row and the second as the column. Blue: they agree; orange: they "
        "do not. The true digit is:"
    )
    text = state.render_choice(OF, "True digit", digits, _ANY)
    of = None if text == _ANY else int(text)
    chosen = find_answers_cell(selection.read(), of)
    counted = np.ones(len(first.labels), dtype=bool) if of is None else first.labels == of
    clicked = render_matrix(
        count_answers(_take(first, counted), _take(second, counted)),
        key="answers_matrix",
        selected=chosen,
        axes=_ANSWER_AXES,
    )
    if clicked is not None and clicked != chosen:
        selection.choose(DigitFilter(true=of, predicted=clicked.true, second_reads=clicked.predicted))
        st.rerun()


def find_answers_cell(wanted: DigitFilter, of: int | None) -> Selection | None:
    """Return the cell of the answers matrix (rows the first run's) that a filter belongs to, None if to none.

    Args:
        wanted: the filter.
        of: the true digit that the matrix is of, None for all.
    """
    if wanted != DigitFilter(true=of, predicted=wanted.predicted, second_reads=wanted.second_reads):
        return None
    if wanted.predicted is None and wanted.second_reads is None:
        return None
    return Selection(wanted.predicted, wanted.second_reads)


def _take(answers: Predictions, keep: NDArray[np.bool_]) -> Predictions:
    return answers if keep.all() else Predictions(answers.probabilities[keep], answers.labels[keep])
