"""Evaluate: how good a run is on the test digits, and which digits it takes for which."""

import numpy as np
import pandas as pd
import streamlit as st

from core.data.catalog import get_dataset_spec
from core.errors import CoreError
from dashboard import loaders, state
from dashboard.answers import choose_digit, find_digits, read_chosen_digit, render_answers, render_steps
from dashboard.detail import render_detail
from dashboard.layout import format_seconds, render_header, side_by_side
from dashboard.matrix import Selection, render_matrix
from dashboard.notice import render_dataset_notice
from dashboard.run_state import (
    load_test_digits,
    render_evaluate_button,
    render_no_runs,
    render_unfinished,
    render_unfinished_note,
)

MOST = 100
MODES = {"counts": "Counts", "true": "% of true", "predicted": "% of predicted"}
SCORES = {
    "precision": ("Precision", "Of the digits read as this one, the share that is."),
    "recall": ("Recall", "Of the digits that are this one, the share read so."),
    "f1": ("F1", "Harmonic mean of precision and recall."),
}
PLURALS = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")


def read_cell():
    """Return the Selection in `?cell=`: '4-9' a cell, '4-any' a row, 'any-9' a column; None if there is none."""
    true, _, predicted = st.query_params.get("cell", "").partition("-")
    if not {true, predicted} <= {*"0123456789", "any"} or (true, predicted) == ("any", "any"):
        return None
    return Selection(None if true == "any" else int(true), None if predicted == "any" else int(predicted))


def choose_cell(selection):
    """Put a cell, row or column into the address, or take it out; the digit that was open closes."""
    choose_digit(None)
    if selection is None:
        st.query_params.pop("cell", None)
    else:
        parts = (selection.true, selection.predicted)
        st.query_params["cell"] = "-".join("any" if part is None else str(part) for part in parts)


def describe_cell(selection):
    """Name the chosen digits in words."""
    if selection.predicted is None:
        return f"All that are {selection.true}"
    if selection.true is None:
        return f"All read as {selection.predicted}"
    if selection.true == selection.predicted:
        return f"True {selection.true}, read right"
    return f"True {selection.true}, read as {selection.predicted}"


def count_digits(n):
    """Write '1 digit', '12 digits'."""
    return f"{n:,} {'digit' if n == 1 else 'digits'}"


def render_headline(report, record):
    """Draw the figures that sum the run up."""
    correct, total = report["correct"], report["total"]
    low, high = report["interval"]
    figures = [
        (
            "Test accuracy",
            f"{100 * report['accuracy']:.2f} %",
            f"{correct:,} of {total:,} [{100 * low:.2f}–{100 * high:.2f}]",
            "In brackets the 95 % Wilson interval: with other test digits of the same kind, the accuracy would "
            "likely lie in there.",
        ),
        ("Misread", f"{total - correct:,}", f"{100 * (total - correct) / total:.2f} % of the digits", None),
        (
            "Loss",
            f"{report['loss']:.4f}",
            "mean cross-entropy",
            "Minus the natural logarithm of the probability given to the true digit, averaged; 0 is perfect.",
        ),
        ("Parameters", f"{record.parameters:,}", record.model, "Numbers learnt in training."),
        ("Training time", format_seconds(record.train_seconds), f"{record.step:,} steps", None),
        ("Dataset", get_dataset_spec(record.dataset).title, f"{total:,} test digits", None),
    ]
    with st.container(horizontal=True, gap="small"):
        for label, value, detail, explanation in figures:
            st.metric(label, value, detail, delta_color="off", delta_arrow="off", help=explanation, width="content")


def render_confusion(report, chosen):
    """Draw the confusion matrix with its controls, and follow a click."""
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = st.segmented_control(
            "The cells show",
            list(MODES),
            format_func=MODES.get,
            default="counts",
            required=True,
            key="matrix_mode",
            label_visibility="collapsed",
        )
        hide = st.toggle("Errors only", key="matrix_errors_only", help="Blank the right answers, so that errors show.")
    clicked = render_matrix(np.array(report["confusion"]), key="matrix", mode=mode, hide_diagonal=hide, selected=chosen)
    if clicked is not None and clicked != chosen:
        choose_cell(clicked)
        st.rerun()


def render_pairs(report, run):
    """List the most frequent mistakes; each is a button that selects its cell."""
    n_wrong = report["total"] - report["correct"]
    st.subheader("Most confused", anchor=False)
    if not n_wrong:
        st.caption(
            f"None: every one of the {report['total']:,} test digits is read right. Click any cell for its digits."
        )
        return
    st.caption("Click one of these, or any cell, row or column of the matrix, to see the digits behind the number.")
    with st.container(gap=None):
        for pair in report["pairs"]:
            true, predicted = pair["true"], pair["predicted"]
            share = f"{100 * pair['share']:.2f} % of the {PLURALS[true]}"
            st.button(
                f"**{true} → {predicted}**\u2002{count_digits(pair['count'])} ({share})",
                key=f"pair_{true}_{predicted}",
                type="tertiary",
                on_click=choose_cell,
                args=(Selection(true, predicted),),
            )
    st.page_link("views/errors.py", label=f"All {n_wrong:,} misread digits", query_params={"run": run.id})


def render_cell(data, answers, run, chosen):
    """Draw the digits of the chosen cell, hardest first, and the one of them that is open."""
    indices = find_digits(answers, true=chosen.true, predicted=chosen.predicted)
    shown = indices[:MOST]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(describe_cell(chosen), anchor=False)
        st.button("Clear", key="clear_cell", on_click=choose_cell, args=(None,))
    count = count_digits(len(indices))
    st.caption(f"The hardest {MOST} of {count}." if len(indices) > MOST else f"{count}, hardest first.")
    digit = read_chosen_digit(len(answers.labels))
    is_open = digit is not None and digit in shown and data is not None
    with st.container(height=190 if is_open and len(shown) > 14 else "content", border=False):
        clicked = render_answers(
            data, answers, shown, key="cell_digits", label=describe_cell(chosen), empty="No digit lies in this cell."
        )
    if clicked is not None and clicked != digit:
        choose_digit(clicked)
        st.rerun()
    if is_open:
        render_steps(shown, digit, choose_digit)
        render_detail(data, "test", digit, key="cell_detail", run=run)


def render_classes(report):
    """Draw precision, recall and F1 of each digit and their means."""
    st.subheader("Digit by digit", anchor=False)
    total = report["total"]
    rows = [{**scores, "digit": str(scores["digit"])} for scores in report["classes"]]
    rows.append({"digit": "mean", **report["macro"], "support": total})
    rows.append({"digit": "mean weighted by test digits", **report["weighted"], "support": total})
    table = pd.DataFrame(rows)[["digit", *SCORES, "support"]]
    table[list(SCORES)] *= 100
    percent = {
        name: st.column_config.NumberColumn(title, format="%.2f %%", help=meaning)
        for name, (title, meaning) in SCORES.items()
    }
    count = st.column_config.NumberColumn("Test digits", format="localized")
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        alt="Precision, recall, F1 and number of test digits, for each digit and on average",
        column_config={"digit": "Digit", "support": count, **percent},
    )


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Evaluate", "How good a run is on digits it has never seen, and which digits it takes for which.")
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
    render_headline(report, entry.record)
except CoreError as error:
    st.error(str(error))
    render_evaluate_button(entry)
    st.stop()
render_unfinished_note(entry)
chosen = read_cell()
with side_by_side("evaluate", (5, 6)) as (main, companion):
    with main:
        render_confusion(report, chosen)
    with companion:
        if chosen is None:
            render_pairs(report, entry.run)
        else:
            with st.container(key="open-digit"):
                render_cell(data, answers, entry.run, chosen)
render_classes(report)
