"""Making one run out of several: the form under the runs that are chosen, and the members of an ensemble in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import CoreError, RunError, RunNotFoundError
from core.evaluation.ensemble import check_members, create_ensemble
from core.runs import store
from dashboard import state
from dashboard.curves import name_run
from dashboard.layout import escape, escape_error

if TYPE_CHECKING:
    from core.runs.store import Run, RunEntry, RunRecord


def render_ensemble_form(entries: list[RunEntry]) -> None:
    """Draw the form that averages the chosen runs into a new one, or say why they cannot be.

    Args:
        entries: the runs that are chosen.
    """
    runs = [entry.run for entry in entries]
    try:
        records = check_members(runs)
    except CoreError as error:
        st.caption(escape_error(error))
        return
    st.caption(describe_choice(records))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the ensemble",
            key="ensemble_name",
            max_chars=80,
            placeholder="a name of your own, or none",
            width=260,
        )
        is_wanted = st.button(f"Make an ensemble of {len(runs)} runs", key="make_ensemble", type="primary")
    if is_wanted:
        _make(runs, name)


def describe_choice(records: list[RunRecord]) -> str:
    """Say what an ensemble of these runs is, and what to choose its members by.

    Args:
        records: of the runs.
    """
    accuracies = "; ".join(f"{escape(name_run(record))} {_write_validation(record)}" for record in records)
    return (
        "An ensemble averages the probabilities of its members and is then a run like any other. Choose them by their "
        f"validation accuracy, never by the test digits, which would flatter it: {accuracies}."
    )


def _write_validation(record: RunRecord) -> str:
    accuracy = record.validation_accuracy
    return "not validated" if accuracy is None else f"{100 * accuracy:.2f} %"


def _make(runs: list[Run], name: str) -> None:
    try:
        with st.spinner("Averaging what they say …"):
            ensemble = create_ensemble(runs, name)
    except CoreError as error:
        st.error(escape_error(error))
        return
    state.choose_run(ensemble)
    st.switch_page("views/evaluate.py")


def describe_members(record: RunRecord) -> str:
    """Say what an ensemble averages, and which of its members are not there any more.

    Args:
        record: of an ensemble.
    """
    names = ", ".join(name_member(name) for name in record.members)
    return f"An ensemble: it averages the probabilities of {names}. It was not trained itself, so it has no curves."


def name_member(name: str) -> str:
    """Return what lists call a member of an ensemble, and whether it is gone.

    Args:
        name: its id.
    """
    try:
        return name_run(store.read_record(store.find_member(name)))
    except RunNotFoundError:
        return f"{name} (deleted)"
    except RunError:
        return f"{name} (unreadable)"
