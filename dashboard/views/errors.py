"""Errors: the digits a run misreads, hardest first, and those it only just reads right."""

from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.answers import plot_confidence_histogram
from core.errors import CoreError
from dashboard import loaders, state
from dashboard.answers import choose_digit, find_digits, read_chosen_digit, render_answers, render_steps
from dashboard.detail import render_detail
from dashboard.figure import render_figure
from dashboard.layout import render_header, side_by_side
from dashboard.notice import render_dataset_notice
from dashboard.run_state import (
    load_test_digits,
    render_evaluate_button,
    render_no_runs,
    render_unfinished,
    render_unfinished_note,
)

PER_PAGE = 100
# Session keys: the page number, and the list that it belongs to.
PAGE = "errors_page"
LIST = "errors_list"
# These stand in the address as they stand on the screen.
MISREAD, DIFFICULT = "Misread", "Right but difficult"
ORDERS = {"least probable truth": "loss", "surest wrong answer": "confidence"}
ANY_DIGIT = ("any", *"0123456789")


def render_filters():
    """Draw what can be asked of the list and return it as arguments for find_digits; all of it is in the address."""
    bound = {"bind": "query-params"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Show", [MISREAD, DIFFICULT], default=MISREAD, required=True, key="show", **bound)
        true = st.selectbox("True digit", ANY_DIGIT, key="true", width=120, **bound)
        predicted = st.selectbox("Read as", ANY_DIGIT, key="read_as", width=120, **bound)
        low, high = st.slider(
            "Probability of the answer", 0, 100, (0, 100), format="%d %%", key="probability", width=220, **bound
        )
        order = "least probable truth"
        if kind == MISREAD:
            order = st.selectbox("Hardest first, by", list(ORDERS), key="by", width=210, **bound)
    return {
        "right": kind == DIFFICULT,
        "by": ORDERS[order],
        "true": None if true == "any" else int(true),
        "predicted": None if predicted == "any" else int(predicted),
        "confidence": (low / 100, high / 100),
    }


def describe_count(report, wanted, n_found, first):
    """Say how many digits there are of the kind asked for, and which of them are on the screen."""
    correct, total = report["correct"], report["total"]
    n_kind = correct if wanted["right"] else total - correct
    read = "read right" if wanted["right"] else "misread"
    counted = f"**{n_kind:,} of {total:,}** test digits are {read}"
    if n_found <= PER_PAGE:
        return f"{counted}; showing {n_found:,}."
    return f"{counted}; showing {first + 1:,} to {min(first + PER_PAGE, n_found):,} of {n_found:,}."


def describe_nothing(report, wanted):
    """Say why the list is empty."""
    if not wanted["right"] and report["correct"] == report["total"]:
        return f"Nothing to see: every one of the {report['total']:,} test digits is read right."
    if wanted["right"] and not report["correct"]:
        return f"Not one of the {report['total']:,} test digits is read right."
    return "No digit passes these filters."


def turn_to(digit, indices):
    """Turn to the page of the list that shows a digit, else to its first."""
    places = np.flatnonzero(indices == (-1 if digit is None else digit))
    st.session_state[PAGE] = int(places[0]) // PER_PAGE + 1 if places.size else 1


def open_digit(digit, indices):
    """Put a digit into the address and turn to its page; None closes the one that is open."""
    choose_digit(digit)
    if digit is not None:
        turn_to(digit, indices)


def render_list(report, data, answers, wanted, indices):
    """Draw a page of the list and follow a click."""
    n_pages = -(-len(indices) // PER_PAGE)
    first = (st.session_state[PAGE] - 1) * PER_PAGE
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(describe_count(report, wanted, len(indices), first))
        if n_pages > 1:
            st.pagination(n_pages, key=PAGE, max_visible_pages=5, width=280)
    clicked = render_answers(
        data,
        answers,
        indices[first : first + PER_PAGE],
        key="error_digits",
        label="Digits read right, hardest first" if wanted["right"] else "Misread digits, hardest first",
        empty=describe_nothing(report, wanted),
    )
    if clicked is not None and clicked != read_chosen_digit(len(answers.labels)):
        choose_digit(clicked)
        st.rerun()


def render_overview(answers):
    """Draw how sure the run was of its answers, while no digit is open."""
    st.caption("Click a digit to see what the network saw, its ten probabilities, and what other runs say of it.")
    sureness, right = answers.probabilities.max(axis=1), answers.predictions == answers.labels
    edges = np.linspace(0, 1, 21)
    table = pd.DataFrame(
        {
            "Probability of the answer": [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in pairwise(edges)],
            "Right": np.histogram(sureness[right], edges)[0],
            "Wrong": np.histogram(sureness[~right], edges)[0],
        }
    )
    render_figure(plot_confidence_histogram(sureness, right), table, key="confidence_histogram")


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Errors", "The digits a run misreads, hardest first, and those it only just reads right.")
with choice:
    entry = state.render_run_picker(accepts=lambda _: True, prefers=state.has_report)
render_dataset_notice()
if entry is None:
    render_no_runs()
    st.stop()
if not state.has_report(entry):
    render_unfinished(entry)
    st.stop()
try:
    report = loaders.load_report(entry.run)
    answers = loaders.load_predictions(entry.run)
    data = load_test_digits(entry.record)
except CoreError as error:
    st.error(str(error))
    render_evaluate_button(entry)
    st.stop()
render_unfinished_note(entry)
wanted = render_filters()
indices = find_digits(answers, **wanted)
digit = read_chosen_digit(len(answers.labels))
shown = (entry.run.id, wanted, len(indices))
if PAGE not in st.session_state or st.session_state.get(LIST) != shown:
    st.session_state[LIST] = shown
    turn_to(digit, indices)
with side_by_side("errors") as (main, companion):
    with main:
        render_list(report, data, answers, wanted, indices)
    with companion:
        if digit is None or data is None:
            render_overview(answers)
        else:
            with st.container(key="open-digit"):
                render_steps(indices, digit, lambda index: open_digit(index, indices))
                render_detail(data, "test", digit, key="error_detail", run=entry.run)
