"""What is chosen: session keys, query parameters, and the widgets that set them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import RunError, RunNotFoundError
from core.runs import store
from dashboard.address import complete_address
from dashboard.layout import escape_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.runs.store import Run, RunEntry

# Survives a change of page, which drops widgets' own state and the query parameters.
CHOSEN_RUN = "chosen_run"
_PICKER = "run_picker"
# A network trained for drawings, where there is one, reads them better than one that only knows MNIST.
_MADE_FOR_DRAWINGS = "drawing"
STATE_WORDS = {
    "queued": "waiting",
    "running": "training",
    "completed": "completed",
    "stopped": "stopped",
    "failed": "failed",
    "lost": "lost",
}


def change_address(parts: Mapping[str, str | None]) -> None:
    """Change parts of the address at once, so that the browser's Back undoes them at once.

    Args:
        parts: text by name; None takes a part out. Not for a page with widgets that are bound to the address.
    """
    before = st.query_params.to_dict()
    after = {name: text for name, text in {**before, **parts}.items() if text is not None}
    if after != before:
        st.query_params.from_dict(after)


def render_choice(name: str, label: str, options: Mapping[str, str], default: str, explanation: str = "") -> str:
    """Draw a choice that stands in the address unless it is the default, and return it.

    Unlike a widget that is bound to the address it also follows the browser's Back.

    Args:
        name: of the part of the address; also of the widget.
        label: for those who listen; shown above only where there is an explanation.
        options: words by value; a value in the address that is none of them is passed over.
        default: one of them.
        explanation: of the label.
    """
    linked = st.query_params.get(name, default)
    st.session_state[name] = linked if linked in options else default

    def keep() -> None:
        if st.session_state[name] == default:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = st.session_state[name]

    chosen: str = st.segmented_control(
        label,
        list(options),
        format_func=options.get,
        required=True,
        key=name,
        on_change=keep,
        label_visibility="visible" if explanation else "collapsed",
        help=explanation or None,
        wrap=True,
    )
    return chosen


def choose_run(run: Run) -> None:
    """Make a run the chosen one on every page, whatever was picked or linked before."""
    st.session_state[CHOSEN_RUN] = run.id
    st.query_params["run"] = run.id


def describe_entry(entry: RunEntry) -> str:
    """Name a run in one line for a list: what it is, how good, when."""
    record = entry.record
    if record is None:
        return f"{entry.run.id} · unreadable"
    result = STATE_WORDS[entry.state] if entry.state else ""
    if record.test_total:
        result = f"{100 * (record.test_correct or 0) / record.test_total:.2f} %"
    dataset = "" if record.dataset == "mnist" else " · bundled digits"
    if entry.run.pretrained:
        return f"{record.title} · {result}{dataset} · pretrained"
    when = datetime.fromisoformat(record.created).astimezone().strftime("%d %b %H:%M")
    return f"{record.title} · {result}{dataset} · {when} · {entry.run.id[-4:]}"


def list_runs() -> list[RunEntry]:
    """Return every run, newest first; where they cannot be listed, say why and end the page."""
    try:
        return store.list_runs()
    except RunError as error:
        st.error(escape_error(error))
        st.stop()


def render_run_picker(
    *,
    accepts: Callable[[RunEntry], bool],
    prefers: Callable[[RunEntry], bool] = lambda _: True,
    label: str = "Run",
    entries: list[RunEntry] | None = None,
) -> RunEntry | None:
    """Draw a list of runs and return the chosen one, or None if no run qualifies.

    The choice is `?run=` (an id, a unique start of one, latest or best), else what was chosen on another page, else the
    newest that the page prefers. It is written back to `?run=`, so that the address can be shared.

    Args:
        accepts: which runs can be chosen on this page.
        prefers: which of them to show when nothing was chosen; the newest of all if there is none.
        label: above the list.
        entries: all runs, if the page has listed them already.
    """
    candidates = {entry.run.id: entry for entry in (list_runs() if entries is None else entries) if accepts(entry)}
    if not candidates:
        return None
    # Always set: the browser remembers a choice by its label, which changes when a run moves on, and its Back changes
    # the address alone.
    st.session_state[_PICKER] = _find_wanted(candidates, prefers)
    chosen = st.selectbox(
        label,
        list(candidates),
        format_func=lambda name: describe_entry(candidates[name]),
        key=_PICKER,
        on_change=_follow_picker,
        args=(candidates,),
    )
    st.session_state[CHOSEN_RUN] = chosen
    complete_address({"run": chosen})
    return candidates[chosen]


def _follow_picker(candidates: Mapping[str, RunEntry]) -> None:
    """Write the choice to the address; of a run that has moved on the browser sends the label it had, which is none."""
    if st.session_state[_PICKER] in candidates:
        st.query_params["run"] = st.session_state[_PICKER]


def _find_wanted(candidates: dict[str, RunEntry], prefers: Callable[[RunEntry], bool]) -> str:
    newest = next((name for name, entry in candidates.items() if prefers(entry)), next(iter(candidates)))
    linked = st.query_params.get("run")
    if linked in candidates:
        return linked
    if linked:
        try:
            found = store.find_run(linked).id
        except RunNotFoundError as error:
            st.warning(f"{escape_error(error)} Showing {newest} instead.")
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


def prefer_for_drawings(entries: list[RunEntry]) -> Callable[[RunEntry], bool]:
    """Return whether to take a run for drawings where none was chosen: the one made for them, else any complete one."""
    has_made = any(entry.run.id == _MADE_FOR_DRAWINGS and is_completed(entry) for entry in entries)
    return lambda entry: is_completed(entry) and (entry.run.id == _MADE_FOR_DRAWINGS or not has_made)


def is_own_with_report(entry: RunEntry) -> bool:
    """Whether the run is evaluated and was trained here; a pretrained one is only shown first where there is no own."""
    return has_report(entry) and not entry.run.pretrained


def has_report(entry: RunEntry) -> bool:
    """Whether the run is evaluated, so that Evaluate and Errors can show it."""
    return entry.record is not None and (entry.run.path / "report.json").is_file()


def has_model(entry: RunEntry) -> bool:
    """Whether the run has weights to predict with; those of an ensemble are its members'."""
    record = entry.record
    return record is not None and (bool(record.members) or (entry.run.path / "model.safetensors").is_file())
