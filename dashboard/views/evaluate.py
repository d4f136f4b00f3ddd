"""Evaluate: how good a run is on the test digits, how far to trust it, and which digits stand behind each figure."""

import streamlit as st

from core.charts.words import format_seconds
from core.data.catalog import get_dataset_spec
from dashboard import loaders, selection, state
from dashboard.answers import read_chosen_digit
from dashboard.layout import escape, side_by_side
from dashboard.report_download import render_report_download
from dashboard.run_state import open_run

VIEWS = {"matrix": "Matrix", "calibration": "Calibration", "classes": "Classes", "compare": "Compare"}
VIEW = "view"
# What to click in each view, while nothing is chosen.
HINTS = {
    "calibration": "Click a bin or a point to see exactly the digits behind it.",
    "classes": "Click a point or a bar to see exactly the digits behind it.",
    "compare": "Click a number or a cell to see exactly the digits behind it.",
}


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
        *describe_training(record),
        ("Dataset", get_dataset_spec(record.dataset).title, f"{total:,} test digits", None),
    ]
    with st.container(horizontal=True, gap="small"):
        for label, value, detail, explanation in figures:
            st.metric(label, value, detail, delta_color="off", delta_arrow="off", help=explanation, width="content")


def describe_training(record):
    """Return the figures on what was trained: a network, or the members of an ensemble."""
    if record.members:
        return [
            ("Members", str(len(record.members)), "their probabilities averaged", None),
            ("Parameters", f"{record.parameters:,}", "of all members", "Numbers learnt in training."),
        ]
    return [
        ("Parameters", f"{record.parameters:,}", escape(record.model), "Numbers learnt in training."),
        ("Training time", format_seconds(record.train_seconds), f"{record.step:,} steps", None),
    ]


def render_problem_of_view():
    """Say so if the address names a view that does not exist."""
    linked = st.query_params.get(VIEW, "matrix")
    if linked not in VIEWS:
        st.caption(escape(f"'view={linked[:60]}' in the address is none of {', '.join(VIEWS)}; here is the matrix."))


def read_temperature(report):
    """Return the temperature to scale with if the address asks for it, else None, after saying why it cannot be."""
    wanted = st.query_params.get(selection.SCALED)
    if wanted is None:
        return None
    if wanted != "on":
        st.caption(escape(f"'scaled={wanted[:60]}' in the address means nothing here (write on); it is ignored."))
        return None
    if report["temperature"] is None:
        st.caption("This run has no validation digits to fit a temperature on, so its probabilities are as they are.")
        return None
    return report["temperature"]["value"]


def leave_scaling():
    """Go back to the probabilities as they are; what was chosen by scaled ones would now mean other digits."""
    selection.choose(selection.read().without("sure").without("given"), **{selection.SCALED: None})


def render_views(temperature):
    """Draw the choice of views with a chip that says when the probabilities are scaled, and return the view."""
    with st.container(horizontal=True, vertical_alignment="center"):
        view = state.render_choice(VIEW, "View", VIEWS, "matrix")
        if temperature is not None:
            words = f"after temperature scaling, T = {temperature:.3g}"
            selection.render_chip(words, selection.SCALED, leave_scaling)
    return view


def render_view(view, entry, report, answers, data):
    """Draw the main column. The views are imported when they are first wanted."""
    if view == "calibration":
        from dashboard.calibration_view import render_calibration

        render_calibration(entry, report, answers)
    elif view == "classes":
        from dashboard.classes_view import render_classes

        render_classes(entry, report, answers)
    elif view == "compare":
        from dashboard.compare_view import render_comparison

        render_comparison(entry, report, answers)
    else:
        from dashboard.matrix_view import render_matrix_view

        render_matrix_view(entry, report, answers, data)


def render_companion(view, entry, report, answers, data, second):
    """Draw the digits that are chosen, or what can be."""
    if selection.read().is_empty and read_chosen_digit(report["total"]) is None:
        if view == "matrix":
            from dashboard.pairs import render_pairs

            render_pairs(entry, report, answers, data)
        else:
            st.caption(HINTS[view])
        return
    with st.container(key="open-digit"):
        selection.render_selection(data, answers, entry.run, second)


entry, report, answers, data = open_run(
    "Evaluate", "How good a run is on digits it has never seen, how far to trust it, and where it errs."
)
render_headline(report, entry.record)
selection.render_problems(report["total"])
render_problem_of_view()
temperature = read_temperature(report)
view = render_views(temperature)
if temperature is not None:
    answers = loaders.load_scaled_predictions(entry.run, temperature)
if view == "compare":
    from dashboard.compare_view import render_second_picker

    render_second_picker(entry)
second = selection.load_second(entry, answers)
with side_by_side("evaluate", (5, 6)) as (main, companion):
    with main:
        render_view(view, entry, report, answers, data)
    with companion:
        render_companion(view, entry, report, answers, data, second)
render_report_download(entry)
