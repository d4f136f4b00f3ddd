"""Runs: every training in one table, to compare, label and tidy up; its seeds as one; its learning curves."""

import streamlit as st

from core.errors import CoreError
from core.runs import store
from core.runs.groups import list_differences
from dashboard import runs_table, state
from dashboard.layout import escape, escape_error, render_header
from dashboard.run_state import UNDER_WAY, render_no_runs
from dashboard.runs_actions import name_entry, render_one, render_problems_of_actions, render_several
from dashboard.runs_charts import render_parallel, render_run_curves
from dashboard.runs_choice import choose, read_chosen, render_choosable_table
from dashboard.runs_groups import render_groups, render_learning_curves

VIEWS = {"runs": "Each run", "seeds": "Seeds together", "sizes": "Learning curves"}
CHOSEN_BOX = "chosen_runs_box"


def describe_progress(entry):
    """Say how far a run under way is."""
    record = entry.record
    if entry.state == "queued":
        return f"{name_entry(entry)} waits for its turn"
    if record.phase == "evaluating" or not record.total_steps:
        return f"{name_entry(entry)} is being {'evaluated' if record.phase == 'evaluating' else 'prepared'}"
    return f"{name_entry(entry)} is training, step {record.step:,} of {record.total_steps:,}"


def render_progress(runs):
    """Say what is under way; the page is drawn again when one of them ends, and its choice stays."""
    entries = [store.read_entry(run) for run in runs]
    if any(entry.state not in UNDER_WAY for entry in entries):
        st.rerun()
    ahead, others = entries[-1], len(entries) - 1
    st.caption(escape(describe_progress(ahead)) + (f"; {others:,} more wait or train." if others else "."))


def note_chosen():
    """Take over what the box of chosen runs says; a widget's callback."""
    choose("runs", st.session_state[CHOSEN_BOX])


def render_chosen_box(chosen, by_name):
    """Draw the chosen runs as a list of its own: it also holds those that the filters hide, and takes no mouse."""
    st.session_state[CHOSEN_BOX] = chosen
    st.multiselect(
        "Chosen runs",
        list(by_name),
        format_func=lambda name: name_entry(by_name[name]),
        key=CHOSEN_BOX,
        on_change=note_chosen,
        placeholder="tick rows above, or choose here: one to label or delete it, several to compare them",
        label_visibility="collapsed",
    )


def render_each_run(entries):
    """Draw the table with its filters, then what can be done with the chosen runs and their curves."""
    by_name = {entry.run.id: entry for entry in entries}
    chosen = read_chosen("runs", by_name)
    listed = runs_table.render_filters(entries)
    paths = list_differences(listed)
    if listed:
        table = runs_table.build_table(listed, runs_table.pick_fields(paths))
        render_choosable_table(table, "runs", chosen, runs_table.COLUMNS, "All runs" if listed == entries else "Runs")
        runs_table.render_problems(listed)
    else:
        st.info("No run passes these filters.")
    render_chosen_box(chosen, by_name)
    render_problems_of_actions()
    picked = [by_name[name] for name in chosen]
    if len(picked) == 1:
        render_one(picked[0], entries)
    elif picked:
        render_several(picked)
    if picked:
        render_run_curves(picked)
    parallel = st.expander(
        "Parallel coordinates: settings beside results", key="parallel-coordinates", on_change="rerun"
    )
    if parallel.open:
        with parallel:
            render_parallel(listed, paths)


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Runs", "Every training, side by side: compare, label, tidy up.")
with choice:
    view = state.render_choice("view", "View", VIEWS, "runs")
try:
    entries = store.list_runs()
    if not entries:
        render_no_runs()
        st.stop()
    active = [entry.run for entry in entries if entry.state in UNDER_WAY]
    if active:
        st.fragment(render_progress, run_every=2.0)(active)
    if view == "seeds":
        render_groups(entries)
    elif view == "sizes":
        render_learning_curves(entries)
    else:
        render_each_run(entries)
except CoreError as error:
    st.error(escape_error(error))
