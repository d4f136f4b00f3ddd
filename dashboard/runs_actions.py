"""What can be done with chosen runs: label, open, duplicate, compare, average, delete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError
from core.runs import store
from dashboard import state
from dashboard.curves import name_run
from dashboard.layout import escape, escape_error, format_share
from dashboard.run_state import UNDER_WAY
from dashboard.runs_choice import choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.runs.store import RunEntry

# What went wrong in a button's callback, said where the page is drawn next.
_PROBLEMS = "runs_problems"
# What a button's callback has done; a message sent from there would be lost when the page is drawn again.
_DONE = "runs_done"
# Set once the dialog has done its work: its button's callback runs before the dialog alone is drawn again.
_CONFIRMED = "runs_delete_confirmed"


def name_entry(entry: RunEntry) -> str:
    """Return what sentences call a run, readable or not."""
    return name_run(entry.record) if entry.record else entry.run.id


def render_problems_of_actions() -> None:
    """Say what the last action did, or could not do."""
    st.session_state.pop(_CONFIRMED, None)
    done = st.session_state.pop(_DONE, "")
    if done:
        st.toast(done)
    for problem in st.session_state.pop(_PROBLEMS, []):
        st.error(escape(problem))


def render_one(entry: RunEntry, entries: Sequence[RunEntry]) -> None:
    """Draw the labels of a run, to be changed in place, and the ways to the other pages."""
    record = entry.record
    with st.container(border=True, key="chosen-run"):
        if record is None:
            st.error(escape(entry.problem))
        else:
            _render_labels(entry, entries)
            if record.members:
                from dashboard.ensembles import describe_members

                st.caption(escape(describe_members(record)))
        with st.container(horizontal=True, vertical_alignment="center", key="chosen-run-actions"):
            if record is not None:
                _render_links(entry)
            _render_delete([entry])


def _render_labels(entry: RunEntry, entries: Sequence[RunEntry]) -> None:
    record, name = entry.record, entry.run.id
    keys = {part: f"label_{part} {name}" for part in ("name", "tags", "note")}
    # What is stored, so that another tab's changes show; a change is stored before the page is drawn again. Set only
    # where it differs: the browser empties a box that is set, and with it what is being typed there.
    for part, key in keys.items():
        if st.session_state.get(key) != getattr(record, part):
            st.session_state[key] = getattr(record, part)
    known = sorted({tag for other in entries if other.record for tag in other.record.tags})
    is_fixed = entry.run.pretrained
    save = {part: partial(_save_label, entry, part, key) for part, key in keys.items()}
    naming, tagging, noting = st.columns([3, 4, 5], vertical_alignment="top")
    with naming, st.container(key="chosen-run-name"):
        st.text_input(
            "Name",
            key=keys["name"],
            max_chars=80,
            placeholder=record.recipe,
            on_change=save["name"],
            disabled=is_fixed,
        )
    with tagging, st.container(key="chosen-run-tags"):
        st.multiselect(
            "Tags",
            known,
            key=keys["tags"],
            accept_new_options=True,
            max_selections=10,
            placeholder="type a new one, or choose",
            on_change=save["tags"],
            disabled=is_fixed,
        )
    with noting, st.container(key="chosen-run-note"):
        st.text_area(
            "Note",
            key=keys["note"],
            max_chars=2000,
            height=68,
            placeholder="what you tried, what came of it",
            on_change=save["note"],
            disabled=is_fixed,
        )


def _save_label(entry: RunEntry, part: str, key: str) -> None:
    """Store a label; a widget's callback."""
    try:
        store.write_notes(entry.run, **{part: st.session_state[key]})
    except CoreError as error:
        st.session_state[_PROBLEMS] = [str(error)]


def _render_links(entry: RunEntry) -> None:
    """Link to every page that has something to show of the run."""
    query = {"run": entry.run.id}
    record = entry.record
    if not record.members:
        st.page_link("views/train.py", label="Curves on Train", query_params=query)
    if state.has_report(entry):
        st.page_link("views/evaluate.py", label="Evaluate", query_params=query)
        st.page_link("views/errors.py", label="Errors", query_params=query)
    if state.has_model(entry) or record.members:
        st.page_link("views/draw.py", label="Draw", query_params=query)
    if not record.members:
        st.page_link("views/train.py", label="Duplicate into Train", query_params={"from": entry.run.id})


def render_several(chosen: Sequence[RunEntry]) -> None:
    """Draw what can be done with several runs at once.

    Args:
        chosen: at least two, in the order in which they were chosen.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="chosen-runs"):
        if len(chosen) == 2 and all(state.has_report(entry) for entry in chosen):
            first, second = chosen
            st.page_link(
                "views/evaluate.py",
                label="Compare the two",
                query_params={"run": first.run.id, "second": second.run.id, "view": "compare"},
            )
        with st.popover("Make an ensemble", key="make-an-ensemble"):
            # Here and not above: it imports what evaluates runs, which a list of them can do without.
            from dashboard.ensembles import render_ensemble_form

            render_ensemble_form(list(chosen))
        with st.popover("Tag all", key="tag-all"), st.form("tag_all", border=False, clear_on_submit=True):
            st.text_input("Tag", key="tag_for_all", max_chars=30)
            names = [entry.run.id for entry in chosen if entry.record]
            st.form_submit_button(f"Add to {len(names)} runs", on_click=_tag_all, args=(names,))
        _render_delete(chosen)


def _tag_all(names: list[str]) -> None:
    """Add a tag to several runs; a button's callback."""
    tag, problems = st.session_state["tag_for_all"], []
    for name in names if tag.strip() else []:
        try:
            run = store.find_run(name)
            store.write_notes(run, tags=[*store.read_record(run).tags, tag])
        except CoreError as error:
            problems.append(str(error))
    st.session_state[_PROBLEMS] = problems


def _render_delete(chosen: Sequence[RunEntry]) -> None:
    label = "Delete" if len(chosen) == 1 else f"Delete {len(chosen)}"
    if st.button(f"{label} …", key="delete_runs"):
        render_delete_dialog([entry.run.id for entry in chosen])


def explain_refusal(entry: RunEntry) -> str:
    """Return why a run is not deleted, "" if it can be."""
    if entry.run.pretrained:
        return "it came with the project"
    if entry.state in UNDER_WAY:
        return f"it is {state.STATE_WORDS[entry.state]}; stop it on Train first"
    return ""


def list_orphans(names: Sequence[str], entries: Sequence[RunEntry]) -> list[RunEntry]:
    """Return the ensembles that are not deleted themselves but lose a member."""
    doomed = set(names)
    return [
        entry
        for entry in entries
        if entry.record and entry.run.id not in doomed and not doomed.isdisjoint(entry.record.members)
    ]


@st.dialog("Delete runs")
def render_delete_dialog(names: list[str]) -> None:
    """Ask before runs are deleted: name them, what is refused, and what they leave behind.

    Args:
        names: ids.
    """
    if st.session_state.pop(_CONFIRMED, False):
        st.rerun()  # the whole page, which closes the dialog
    try:
        entries = store.list_runs()
    except CoreError as error:
        st.error(escape_error(error))
        return
    chosen = [entry for entry in entries if entry.run.id in names]
    doomed = [entry for entry in chosen if not explain_refusal(entry)]
    for entry in chosen:
        reason = explain_refusal(entry)
        if reason:
            st.markdown(f"**{escape(name_entry(entry))}** stays: {reason}.")
    if not doomed:
        st.caption("Nothing is left to delete.")
        return
    one = len(doomed) == 1
    st.markdown(f"{'This run is' if one else f'These {len(doomed)} runs are'} deleted for good, with weights and log:")
    st.markdown("\n".join(f"- {_describe_doomed(entry)}" for entry in doomed))
    for orphan in list_orphans([entry.run.id for entry in doomed], entries):
        st.warning(
            f"{escape(name_entry(orphan))} is an ensemble and loses a member: it keeps its figures, but can no longer "
            "read drawings."
        )
    label = "Delete it" if one else f"Delete {len(doomed)} runs"
    st.button(label, key="confirm_delete", type="primary", on_click=_delete, args=([entry.run.id for entry in doomed],))


def _describe_doomed(entry: RunEntry) -> str:
    parts = [f"**{escape(name_entry(entry))}**"]
    record = entry.record
    if record is not None:
        if record.test_total:
            parts.append(format_share(record.test_correct or 0, record.test_total))
        parts += [escape(", ".join(record.tags))] if record.tags else []
        parts += [f"‘{escape(record.note.splitlines()[0])}’"] if record.note else []
    return " · ".join(parts)


def _delete(names: list[str]) -> None:
    """Delete runs and forget that they were chosen; a button's callback."""
    problems, gone = [], []
    for name in names:
        try:
            store.delete_run(store.find_run(name))
            gone.append(name)
        except CoreError as error:
            problems.append(str(error))
    chosen = st.query_params.get("runs", "").split(",")
    choose("runs", [name for name in chosen if name and name not in gone])
    st.session_state[_PROBLEMS] = problems
    st.session_state[_CONFIRMED] = True
    if gone:
        st.session_state[_DONE] = f"Deleted {len(gone):,} {'run' if len(gone) == 1 else 'runs'}."
