"""What is chosen: session keys, query parameters, and the widgets that set them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import RunError, RunNotFoundError
from core.runs import store

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.runs.store import Run, RunEntry

# Survives a change of page, which drops widgets' own state and the query parameters.
CHOSEN_RUN = "chosen_run"
_PICKER = "run_picker"
STATE_WORDS = {
    "queued": "waiting",
    "running": "training",
    "completed": "completed",
    "stopped": "stopped",
    "failed": "failed",
    "lost": "lost",
}


def choose_run(run: Run) -> None:
    """Make a run the chosen one on every page, whatever was picked or linked before."""
    st.session_state[CHOSEN_RUN] = run.id
    st.session_state.pop(_PICKER, None)
    st.query_params["run"] = run.id


def describe_entry(entry: RunEntry) -> str:
    """Name a run in one line for a list: what it is, how good, when."""
    record = entry.record
    if record is None:
        return f"{entry.run.id} · unreadable"
    result = STATE_WORDS[entry.state] if entry.state else ""
    if record.test_total:
        result = f"{100 * (record.test_correct or 0) / record.test_total:.2f} %"
    when = datetime.fromisoformat(record.created).astimezone().strftime("%d %b %H:%M")
    dataset = "" if record.dataset == "mnist" else " · bundled digits"
    return f"{record.name or record.recipe} · {result}{dataset} · {when} · {entry.run.id[-4:]}"


def list_runs() -> list[RunEntry]:
    """Return every run, newest first; where they cannot be listed, say why and end the page."""
    try:
        return store.list_runs()
    except RunError as error:
        st.error(str(error))
        st.stop()


def render_run_picker(
    *,
    accepts: Callable[[RunEntry], bool],
    prefers: Callable[[RunEntry], bool] = lambda _: True,
    label: str = "Run",
    entries: list[RunEntry] | None = None,
) -> RunEntry | None:
    """Draw a list of runs and return the chosen one, or None if no run qualifies.

    The choice comes from the widget, else from `?run=` (an id, a unique start of one, latest or best), else from what
    was chosen on another page, else the newest that the page prefers. It is written back to `?run=`, so that the
    address can be shared.

    Args:
        accepts: which runs can be chosen on this page.
        prefers: which of them to show when nothing was chosen; the newest of all if there is none.
        label: above the list.
        entries: all runs, if the page has listed them already.
    """
    candidates = {entry.run.id: entry for entry in (list_runs() if entries is None else entries) if accepts(entry)}
    if not candidates:
        return None
    chosen = st.session_state.get(_PICKER)
    # Always set: the browser remembers a choice by its label, which changes when a run moves on.
    st.session_state[_PICKER] = chosen if chosen in candidates else _find_wanted(candidates, prefers)
    chosen = st.selectbox(
        label, list(candidates), format_func=lambda name: describe_entry(candidates[name]), key=_PICKER
    )
    st.session_state[CHOSEN_RUN] = chosen
    st.query_params["run"] = chosen
    return candidates[chosen]


def _find_wanted(candidates: dict[str, RunEntry], prefers: Callable[[RunEntry], bool]) -> str:
    newest = next((name for name, entry in candidates.items() if prefers(entry)), next(iter(candidates)))
    linked = st.query_params.get("run")
    if linked:
        try:
            found = store.find_run(linked).id
        except RunNotFoundError as error:
            st.warning(f"{error} Showing {newest} instead.")
            return newest
        if found not in candidates:
            st.warning(f"{found} has nothing to show on this page yet. Showing {newest} instead.")
            return newest
        return found
    chosen = st.session_state.get(CHOSEN_RUN)
    return chosen if chosen in candidates else newest


def is_completed(entry: RunEntry) -> bool:
    """Whether the run has trained to its end and is evaluated."""
    return entry.state == "completed"


def has_report(entry: RunEntry) -> bool:
    """Whether the run is evaluated, so that Evaluate and Errors can show it."""
    return entry.record is not None and (entry.run.path / "report.json").is_file()


def has_model(entry: RunEntry) -> bool:
    """Whether the run has weights to predict with; those of an ensemble are its members'."""
    record = entry.record
    return record is not None and (bool(record.members) or (entry.run.path / "model.safetensors").is_file())
