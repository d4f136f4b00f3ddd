"""The run that a page shows: its picker and all that is stored of it, or why there is nothing and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data import datasets
from core.data.catalog import get_dataset_spec
from core.errors import CoreError
from core.files import read_json
from core.runs import store
from core.runs.summary import explain_loss
from dashboard import loaders, state
from dashboard.layout import escape, escape_error, render_header
from dashboard.notice import render_dataset_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.data.datasets import DigitData
    from core.evaluation.predictions import Predictions
    from core.runs.store import Run, RunEntry, RunRecord

UNDER_WAY = ("queued", "running")


def open_run(title: str, purpose: str) -> tuple[RunEntry, dict[str, Any], Predictions, DigitData | None]:
    """Draw the head of a page on one evaluated run; where there is none to show, say why and end the page.

    Args:
        title: of the page.
        purpose: the one line on what it is for.

    Returns:
        The run, its report, its answers to the test digits, and these digits (None if they are not here).
    """
    heading, choice = st.columns([3, 2], vertical_alignment="bottom")
    with heading:
        render_header(title, purpose)
    with choice:
        entry = state.render_run_picker(accepts=lambda _: True, prefers=state.is_own_with_report)
    render_dataset_notice()
    if entry is None or entry.record is None or not state.has_report(entry):
        if entry is None:
            render_no_runs()
        else:
            _render_unfinished(entry, title)
        st.stop()
    try:
        report, answers = loaders.load_report(entry.run), loaders.load_predictions(entry.run)
        data = load_test_digits(entry.record)
    except CoreError as error:
        if _is_report_of_earlier_version(entry.run):
            st.info("This run's report was written by an earlier version and lacks some of what is shown here.")
        else:
            st.error(escape_error(error))
        render_evaluate_button(entry)
        st.stop()
    render_unfinished_note(entry)
    return entry, report, answers, data


def _is_report_of_earlier_version(run: Run) -> bool:
    from core.evaluation.report import REPORT_VERSION

    try:
        report = read_json(run.path / "report.json")
    except CoreError:
        return False  # damaged, which loading it has said
    version = report.get("version") if isinstance(report, dict) else None
    return isinstance(version, int) and version < REPORT_VERSION


def render_no_runs() -> None:
    """Say that there is no run yet, and where one starts."""
    st.info("There is no run yet. Train a network first; the quickest takes well under a minute.")
    st.page_link("views/train.py", label="Train a network")


def _render_unfinished(entry: RunEntry, title: str) -> None:
    """Say why a run has no figures yet, with the button or link that leads on.

    Args:
        entry: a run without a report, whatever its state.
        title: of the page.
    """
    record = entry.record
    if record is None:
        st.error(escape(entry.problem))
        st.page_link("views/home.py", label="All runs")
        return
    if entry.state in UNDER_WAY:
        st.fragment(_poll_for(title), run_every=2.0)(entry.run)
        _link_to_train(entry, "Watch it on Train")
        return
    message = _describe_end(entry, record)
    (st.error if entry.state in ("failed", "lost") else st.info)(message)
    with st.container(horizontal=True, vertical_alignment="center"):
        if state.has_model(entry):
            render_evaluate_button(entry)
        if entry.state != "completed" and not entry.run.pretrained:
            _link_to_train(entry, "Resume it on Train")
    if not state.has_model(entry):
        st.caption(
            "It has no weights to evaluate yet: they are stored at the end of an epoch and when a run is stopped."
        )


def render_evaluate_button(entry: RunEntry) -> None:
    """Draw the button that evaluates a run with the weights it has; the page is drawn again when that is done."""
    record = entry.record
    if record is None:
        return
    label = "Evaluate it as it is"
    if entry.state == "completed":
        label = "Evaluate it again" if state.has_report(entry) else "Evaluate it"
    if not st.button(label, key="evaluate_run", type="primary"):
        return
    try:
        spec = get_dataset_spec(record.dataset)
        if not datasets.is_cached(spec.name):
            st.error(f"{spec.title} is not on this machine; load it on Home first, then evaluate.")
            return
        with st.spinner(f"Reading the {spec.test_size:,} test digits …"):
            # Here and not above: PyTorch takes seconds to import.
            from core.evaluation.report import evaluate_run

            evaluate_run(entry.run, loaders.load_dataset(spec.name), record.dataset_checksum)
    except CoreError as error:
        st.error(escape_error(error))
        return
    st.rerun()


def render_unfinished_note(entry: RunEntry) -> None:
    """Say of a run that has a report but is not completed that its figures are of an earlier state."""
    if entry.state == "completed" or entry.record is None:
        return
    word = state.STATE_WORDS[entry.state] if entry.state else ""
    st.caption(f"This run is not complete ({word}): the figures are of the weights it had when it was evaluated.")


def load_test_digits(record: RunRecord) -> DigitData | None:
    """Return the digits that the run was tested on; None, after saying why, if they are not here.

    Raises:
        UsageError: if the run names a dataset that does not exist.
        DataError: if the files cannot be read.
    """
    title = get_dataset_spec(record.dataset).title
    if not datasets.is_cached(record.dataset):
        st.warning(f"{title} is not on this machine, so the figures are shown without pictures.")
        return None
    data = loaders.load_dataset(record.dataset)
    if record.dataset_checksum not in ("", data.checksum):
        st.warning(
            f"This run was tested on other digits than today's {title}, so the figures are shown without pictures."
        )
        return None
    return data


def _poll_for(title: str) -> Callable[[Run], None]:
    """Return `_render_progress` under a name of the page's own.

    Streamlit knows a fragment by its function's name and its place: a tick on its way when another page is left would
    be taken for this page's.
    """

    def poll(run: Run) -> None:
        _render_progress(run)

    poll.__qualname__ = f"{poll.__qualname__} on {title}"
    return poll


def _render_progress(run: Run) -> None:
    """Say how far a run is, and draw the whole page again once it has ended."""
    entry = store.read_entry(run)
    if entry.record is None or entry.state not in UNDER_WAY:
        st.rerun()
    st.info(_describe_progress(entry, entry.record))


def _describe_progress(entry: RunEntry, record: RunRecord) -> str:
    if entry.state == "queued":
        return "This run waits for its turn to train. Its figures appear here when it has ended."
    if record.phase == "evaluating":
        return "This run is trained and is being evaluated now. Its figures appear here in a moment."
    return f"This run is training{_describe_step(record)}. Its figures appear here when it has ended."


def _describe_end(entry: RunEntry, record: RunRecord) -> str:
    where = _describe_step(record)
    if entry.state == "failed":
        return f"This run failed{where}: {escape(record.error) or 'its log says why.'}"
    if entry.state == "lost":
        return f"This run was lost{where}. {explain_loss(record)} It can go on from its last checkpoint."
    if entry.state == "stopped":
        return f"This run was stopped{where}, before it was evaluated."
    return "This run is trained but not evaluated."


def _describe_step(record: RunRecord) -> str:
    return f" at step {record.step:,} of {record.total_steps:,}" if record.total_steps else ""


def _link_to_train(entry: RunEntry, label: str) -> None:
    st.page_link("views/train.py", label=label, query_params={"run": entry.run.id})
