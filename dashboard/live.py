"""A run as it trains: what it does now, its figures and curves, polled once a second for as long as it is under way."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import streamlit as st

from core.charts.words import format_seconds
from core.errors import CoreError, RunError
from core.evaluation.metrics import wilson_interval
from core.files import read_json
from core.runs import history, jobs, store
from core.runs.summary import explain_loss
from dashboard import state
from dashboard.curves import name_run, read_curves
from dashboard.layout import escape, escape_error, format_share
from dashboard.run_charts import render_charts, render_numbers, render_speed_charts

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.runs.store import Run, RunEntry, RunRecord, State
    from dashboard.curves import Curves

POLL_S = 1
# The speed of so many seconds of training tells how long the rest takes.
SPEED_WINDOW_S = 10.0
PHASES = {
    "preparing": "**Preparing.** PyTorch and the digits are being loaded.",
    "training": "**Training.**",
    "evaluating": "**Trained.** The test digits are being read now.",
}


def render_live(run: Run, entries: list[RunEntry]) -> None:
    """Draw a run's progress, figures and curves, and go on drawing them while it is queued or running.

    Args:
        run: a readable run.
        entries: all runs, to compare with.
    """
    is_active = store.read_entry(run).state in ("queued", "running")
    st.fragment(_render, run_every=POLL_S if is_active else None)(run, entries, was_active=is_active)


def _render(run: Run, entries: list[RunEntry], *, was_active: bool) -> None:
    try:
        record = store.read_record(run)
        curves = read_curves(run)
        now = store.compute_state(record)
        message = describe_state(run, record, now)
    except CoreError as error:
        st.error(escape_error(error))
        return
    is_active = now in ("queued", "running")
    if was_active and not is_active:
        st.rerun()
    # One container for each part: what a part holds can change while the charts below keep their place, and their zoom.
    with st.container():
        _render_status(run, message, now)
        step = curves.read_last("step") or record.step
        if now != "completed" and record.total_steps:
            st.progress(min(1.0, step / record.total_steps), text=_describe_step(record, now, curves, step))
    with st.container():
        _render_figures(record, curves)
    with st.container():
        render_charts(run, curves, entries, is_active=is_active)
    with st.container():
        _render_details(run, curves)


def _render_status(run: Run, message: str, now: State) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if now in ("failed", "lost"):
            st.error(message)
        else:
            st.markdown(message)
        with st.container(horizontal=True, width="content"):
            _render_buttons(run, now)


def describe_state(run: Run, record: RunRecord, now: State) -> str:
    """Say in a sentence or two what a run does, or how it ended and what can be done.

    Args:
        run: the folder.
        record: its run.json.
        now: its state.
    """
    if now in ("queued", "running") and jobs.is_stop_requested(run):
        return "**Stopping.** It saves a checkpoint after the step under way."
    match now:
        case "queued":
            return _describe_turn(run, record)
        case "running":
            return PHASES.get(record.phase, PHASES["preparing"])
        case "completed":
            correct, total = record.test_correct or 0, record.test_total or 0
            if not total:
                return "**Completed.** It is not evaluated on the test digits."
            share = format_share(correct, total, wilson_interval(correct, total))
            remark = (
                " It has learnt next to nothing; a lower learning rate often helps." if correct < 0.2 * total else ""
            )
            return f"**Completed. Test accuracy {share.replace(' (', '** (', 1)}{remark}"
        case "stopped":
            return f"**Stopped at step {record.step:,} of {record.total_steps:,}.** {_describe_way_on(run)}"
        case "failed":
            return f"**Failed.** {escape(record.error) or 'The log below says why.'} {_describe_way_on(run)}"
        case "lost":
            return f"**Lost.** {explain_loss(record)} {_describe_way_on(run)}"


def _describe_turn(run: Run, record: RunRecord) -> str:
    """Say why a queued run does not train yet."""
    others = [(entry, entry.record) for entry in state.list_runs() if entry.record and entry.run.id != run.id]
    training = [other for entry, other in others if entry.state == "running"]
    before = [other for entry, other in others if entry.state == "queued" and other.launched < record.launched]
    limit = jobs.read_parallel_limit()
    if len(training) + len(before) < limit:
        return "**Starting.** The training process is being launched."
    names = " and ".join(escape(name_run(other)) for other in training) or "Another run"
    verb = "trains" if len(training) < 2 else "train"
    return f"**Waiting for its turn, number {len(before) + 1} in the queue.** {names} {verb} now."


def _describe_way_on(run: Run) -> str:
    try:
        step = read_json(run.path / "last.json")["progress"]["step"]
    except (RunError, KeyError, TypeError):
        return "It has no checkpoint yet; Resume starts it from the beginning."
    return f"Its last checkpoint is of step {step:,}; Resume goes on from there."


def _render_buttons(run: Run, now: State) -> None:
    if now in ("queued", "running"):
        is_stopping = jobs.is_stop_requested(run)
        if st.button("Stop", key="stop_run", disabled=is_stopping, help="Save a checkpoint, then end; it can resume."):
            _do(jobs.stop_run, run)
    elif now == "completed":
        link = {"query_params": {"run": run.id}, "width": "content"}
        st.page_link("views/evaluate.py", label="Evaluate it", **link)
        st.page_link("views/errors.py", label="See its errors", **link)
        st.page_link("views/draw.py", label="Draw on it", **link)
    elif not run.pretrained and st.button("Resume", key="resume_run", type="primary"):
        _do(jobs.resume_run, run)


def _do(action: Callable[[Run], None], run: Run) -> None:
    try:
        action(run)
    except CoreError as error:
        st.error(escape_error(error))
        return
    st.rerun()


def _describe_step(record: RunRecord, now: State, curves: Curves, step: int) -> str:
    steps_per_epoch = step / epoch if (epoch := curves.read_last("epoch")) else 0
    text = f"Step {step:,} of {record.total_steps:,}"
    if steps_per_epoch:
        text += f", epoch {epoch:.1f} of {round(record.total_steps / steps_per_epoch, 1):g}"
    rest = compute_remaining(curves, record.total_steps)
    if now == "running" and record.phase == "training" and rest is not None:
        text += f". About {format_seconds(rest)} left."
    return text


def compute_remaining(curves: Curves, total_steps: int) -> float | None:
    """Return the seconds that the steps still to come take at the present speed, None before there is one.

    Args:
        curves: so far.
        total_steps: of the run.
    """
    steps, times = curves.steps["step"], curves.steps["train_seconds"]
    if len(steps) < 2:
        return None
    # The first line is slow; it counts only as the beginning.
    start = min(bisect_left(times, times[-1] - SPEED_WINDOW_S), len(times) - 2)
    taken = steps[-1] - steps[start]
    return (times[-1] - times[start]) / taken * (total_steps - steps[-1]) if taken > 0 else None


def _render_figures(record: RunRecord, curves: Curves) -> None:
    accuracy, speed, rate = (curves.read_last(name) for name in ("validation_accuracy", "images_per_second", "lr"))
    seconds = curves.read_last("train_seconds") or record.train_seconds
    with st.container(horizontal=True, gap="medium"):
        for label, value, explanation in (
            (
                "Validation accuracy",
                "—" if accuracy is None else f"{100 * accuracy:.2f} %",
                "Of the last finished epoch, on digits that are not trained on.",
            ),
            ("Images per second", "—" if speed is None else f"{speed:,.0f}", None),
            ("Learning rate", "—" if rate is None else f"{rate:.3g}", None),
            ("Elapsed", format_seconds(seconds), "Time spent in steps; validation and saving are not counted."),
        ):
            st.metric(label, value, help=explanation, width="content")


def _render_details(run: Run, curves: Curves) -> None:
    speed = st.expander("Learning rate and images per second", key="speed_charts", on_change="rerun")
    if speed.open:
        with speed:
            render_speed_charts(curves)
    numbers = st.expander("Show as table", key="curve_numbers", on_change="rerun")
    if numbers.open:
        with numbers:
            render_numbers(curves)
    log = st.expander("Log", key="run_log", on_change="rerun")
    if log.open:
        with log:
            st.code(history.read_log_tail(run) or "The log is empty.", language=None, height=260)
