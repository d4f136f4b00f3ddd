"""The chosen digits, on every page alike: in the address, as chips that name and remove each filter, and as a sheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.errors import CoreError
from core.evaluation.metrics import cross_entropy
from core.evaluation.select import (
    FILTER_NAMES,
    DigitFilter,
    describe_parts,
    find_digits,
    parse_filter,
    write_filter,
)
from core.runs import store
from dashboard import loaders, state
from dashboard.answers import CHOSEN_DIGIT, choose_digit, read_chosen_digit, render_answers, render_steps
from dashboard.detail import render_detail
from dashboard.layout import escape, escape_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from core.data.datasets import DigitData
    from core.evaluation.predictions import Predictions
    from core.runs.store import Run, RunEntry

PER_PAGE = 100
# In the address: the run that the shown one is compared with, and whether its answers are scaled.
SECOND_RUN = "second"
SCALED = "scaled"
# Session keys: the page number, and the list that it belongs to.
PAGE = "selection_page"
_LIST = "selection_list"
_SHEET = "selection_digits"


def read() -> DigitFilter:
    """Return the digits that the address asks for; what means nothing in it is left out, see `render_problems`."""
    return parse_filter(st.query_params)[0]


def choose(wanted: DigitFilter, **parts: str | None) -> None:
    """Ask for exactly these digits in the address, in place of what it asked for; the digit that was open closes.

    Args:
        wanted: what they must be.
        parts: what else changes in the address in the same step, by name; None takes it out.
    """
    state.change_address({CHOSEN_DIGIT: None, **dict.fromkeys(FILTER_NAMES), **write_filter(wanted), **parts})


def is_scaled(report: Mapping[str, Any]) -> bool:
    """Whether the address asks for probabilities after temperature scaling, and the run has a temperature."""
    return report["temperature"] is not None and st.query_params.get(SCALED) == "on"


def render_problems(total: int) -> None:
    """Say once what in the address means nothing here.

    Args:
        total: number of test digits.
    """
    problems = parse_filter(st.query_params)[1]
    if CHOSEN_DIGIT in st.query_params and read_chosen_digit(total) is None:
        text = st.query_params[CHOSEN_DIGIT][:60]
        problems.append(f"'digit={text}' in the address is not one of the {total:,} test digits; it is ignored.")
    for problem in problems:
        st.caption(escape(problem))


def load_second(entry: RunEntry, answers: Predictions) -> Predictions | None:
    """Return the answers of the run in `?second=`; None, after saying why, if they cannot stand beside the first's.

    Args:
        entry: the run that is shown.
        answers: of it.
    """
    reference = st.query_params.get(SECOND_RUN)
    if not reference:
        return None
    try:
        run = store.find_run(reference)
        second, record = loaders.load_predictions(run), store.read_record(run)
    except CoreError as error:
        st.caption(escape_error(error))
        return None
    is_same = entry.record is not None and record.dataset_checksum == entry.record.dataset_checksum
    if not is_same or not np.array_equal(second.labels, answers.labels):
        st.caption(f"{run.id} was tested on other digits, so it is not compared with this run.")
        return None
    return second


def render_chips(wanted: DigitFilter, keep: Collection[str] = ()) -> None:
    """Draw a button for each part of the filter, which names it and takes it away.

    Args:
        wanted: the filter in use.
        keep: parts that the page shows in its own way and that stay when all others are cleared.
    """
    parts = {name: words for name, words in describe_parts(wanted).items() if name not in keep}
    if not parts:
        return
    with st.container(key="chips", horizontal=True, gap="xsmall"):
        for name, words in parts.items():
            render_chip(words, name, lambda name=name: choose(wanted.without(name)))
        if len(parts) > 1:
            cleared = wanted
            for name in parts:
                cleared = cleared.without(name)
            st.button("Clear all", key="clear_filter", type="tertiary", on_click=choose, args=(cleared,))


def render_chip(words: str, name: str, remove: Callable[[], None]) -> None:
    """Draw one chip: a small button that names what is in force and takes it away.

    Args:
        words: what is in force.
        name: of it, unique on the page.
        remove: called by a click.
    """
    st.button(f"Remove the filter: *{words}*", key=f"remove_{name}", on_click=remove)


def render_selection(data: DigitData | None, answers: Predictions, run: Run, second: Predictions | None = None) -> None:
    """Draw the companion panel: the filter, its digits with their download, and the one that is open.

    Args:
        data: the digits; None draws a table in place of the pictures.
        answers: of the run.
        run: whose answers they are.
        second: answers of the run it is compared with, to the same digits.
    """
    wanted = read()
    render_chips(wanted)
    if wanted.needs_second and second is None:
        st.caption("Nothing is asked of a second run, because none is chosen; choose one under Compare.")
    indices = find_digits(answers, wanted, second)
    shown = render_count(answers, indices, run, wanted)
    digit = follow_click(answers, shown)
    is_open = digit is not None and data is not None
    with st.container(height=190 if is_open and len(shown) > 14 else "content", border=False):
        render_list(data, answers, shown, describe_nothing(answers, wanted), ", ".join(describe_parts(wanted).values()))
    if digit is not None and data is not None:
        render_open_digit(data, answers, run, indices, digit)


def render_count(
    answers: Predictions, indices: NDArray[np.int64], run: Run, listed: object, lead: str = ""
) -> NDArray[np.int64]:
    """Draw how many digits there are, their download and, for many, the pages; return those of the page chosen.

    Args:
        answers: of the run.
        indices: of all of them, in order.
        run: whose answers they are.
        listed: what the list is of; another one opens at its first page.
        lead: what to say of them, in place of their number.
    """
    n = len(indices)
    first = _turn_pages(indices, (run.id, listed, n))
    shown = indices[first : first + PER_PAGE]
    lead = lead or f"**{n:,}** {'digit' if n == 1 else 'digits'}"
    place = f"; {first + 1:,} to {first + len(shown):,}" if n > PER_PAGE else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{lead}{place}{', hardest first' if n > 1 else ''}", width="content")
        if n > PER_PAGE:
            st.pagination(-(-n // PER_PAGE), key=PAGE, max_visible_pages=5, width=280)
        if n:
            st.download_button(
                "CSV",
                lambda: build_csv(answers, indices),
                file_name=f"{run.id}-{n}-digits.csv",
                mime="text/csv",
                key="download_digits",
                help="Of each digit its number, what it is, what it is read as, all ten probabilities and its loss.",
                on_click="ignore",
                type="tertiary",
            )
    return shown


def _turn_pages(indices: NDArray[np.int64], wanted: object) -> int:
    """Return where the page chosen begins; another list opens at the page that shows the open digit, else its first."""
    if PAGE not in st.session_state or st.session_state.get(_LIST) != wanted:
        st.session_state[_LIST] = wanted
        text = st.query_params.get(CHOSEN_DIGIT, "")
        turn_to(int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None, indices)
    return (int(st.session_state[PAGE]) - 1) * PER_PAGE


def turn_to(digit: int | None, indices: NDArray[np.int64]) -> None:
    """Turn to the page of the list that shows a digit, else to its first."""
    places = np.flatnonzero(indices == (-1 if digit is None else digit))
    st.session_state[PAGE] = int(places[0]) // PER_PAGE + 1 if places.size else 1


def follow_click(answers: Predictions, shown: NDArray[np.int64]) -> int | None:
    """Return the digit that is open: the one of these that was clicked just now, else the one in the address.

    The click is known before the sheet is drawn, so what follows it needs no second run of the page.
    """
    clicked = (st.session_state.get(_SHEET) or {}).get("clicked")
    # A click can arrive after the page has moved on to other digits; it then means nothing.
    if clicked is not None and clicked in shown:
        choose_digit(clicked)
    return read_chosen_digit(len(answers.labels))


def render_list(
    data: DigitData | None, answers: Predictions, shown: NDArray[np.int64], empty: str, label: str = "Digits"
) -> None:
    """Draw the sheet of these digits; `follow_click` takes the clicks.

    Args:
        data: the digits; None draws a table in place of the pictures.
        answers: of the run.
        shown: indices to draw, in order.
        empty: the sentence shown when there are none.
        label: what the sheet is, for those who listen.
    """
    render_answers(data, answers, shown, key=_SHEET, label=label, empty=empty)


def render_open_digit(data: DigitData, answers: Predictions, run: Run, indices: NDArray[np.int64], digit: int) -> None:
    """Draw a digit whole, with the buttons that walk through its list.

    Args:
        data: the digits.
        answers: of the run.
        run: whose answer to show first.
        indices: the list to walk through.
        digit: the one that is open, in the list or not.
    """

    def open_digit(index: int | None) -> None:
        choose_digit(index)
        if index is not None:
            turn_to(index, indices)

    render_steps(indices, digit, open_digit)
    render_detail(data, "test", digit, key="selection_detail", run=run, answers=answers)


def describe_nothing(answers: Predictions, wanted: DigitFilter) -> str:
    """Say why no digit passes the filter."""
    total, n_right = len(answers.labels), int(answers.right.sum())
    if wanted.right is False and n_right == total:
        return f"Nothing to see: every one of the {total:,} test digits is read right."
    if wanted.right is True and not n_right:
        return f"Not one of the {total:,} test digits is read right."
    if wanted.true is not None and not (answers.labels == wanted.true).any():
        return f"There is no {wanted.true} among the {total:,} test digits."
    if wanted.predicted is not None and not (answers.predictions == wanted.predicted).any():
        return f"Not one of the {total:,} test digits is read as {wanted.predicted}."
    return (
        "No digit lies in this cell." if write_filter(wanted).keys() == {"cell"} else "No digit passes these filters."
    )


def build_csv(answers: Predictions, indices: NDArray[np.int64]) -> str:
    """Return digits as a table, one line each: number, truth, answer, its probability, all ten, and the loss.

    Args:
        answers: of a run.
        indices: of the digits, in order.
    """
    probabilities, labels = answers.probabilities[indices], answers.labels[indices]
    loss = cross_entropy(probabilities, labels) if len(indices) else np.empty(0)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["index", "true", "predicted", "probability", *(f"probability_{d}" for d in range(10)), "loss"])
    # str of a numpy float32 is the shortest text that reads back as the same number.
    for index, true, row, cost in zip(indices.tolist(), labels.tolist(), probabilities, loss, strict=True):
        predicted = int(row.argmax())
        table.writerow([index, true, predicted, str(row[predicted]), *map(str, row), f"{cost:.6g}"])
    return text.getvalue()
