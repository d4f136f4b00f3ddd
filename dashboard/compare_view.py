"""Evaluate's Compare view: who is right where, whether that could be chance, and the digits behind every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import CoreError, RunNotFoundError
from core.evaluation.compare import compare, describe
from core.evaluation.metrics import wilson_interval
from core.evaluation.select import DigitFilter
from core.runs import store
from dashboard import loaders, selection, state
from dashboard.compare_matrices import render_matrices
from dashboard.compare_settings import render_differences
from dashboard.curves import name_run
from dashboard.layout import escape, escape_error, format_share

if TYPE_CHECKING:
    from core.evaluation.compare import Comparison
    from core.evaluation.predictions import Predictions
    from core.evaluation.select import Versus
    from core.runs.store import Run, RunEntry

_PICKER = "second_picker"
_STYLE = """
<style>
.st-key-versus { display: grid; grid-template-columns: 4.5rem 1fr 1fr; gap: .3rem; align-items: center; }
.st-key-versus p { font-size: .9rem; }
.st-key-versus > * { width: auto !important; min-width: 0; }
.st-key-versus > :last-child { grid-column: 2 / 4; }
</style>
"""
# Which table cell each number stands in: a row per outcome of the first run.
_TABLE: tuple[tuple[str, tuple[tuple[Versus, str], tuple[Versus, str]]], ...] = (
    ("First right", (("both-right", "both right"), ("only-first", "only the first"))),
    ("First wrong", (("only-second", "only the second"), ("both-wrong", "both wrong"))),
)
_MIRRORED: dict[Versus, Versus] = {"only-first": "only-second", "only-second": "only-first"}


def render_second_picker(entry: RunEntry) -> RunEntry | None:
    """Draw the list of runs to compare with, and the button that makes the second the first.

    The choice is kept in `?second=`; the newest other run stands for a missing or unsuitable one.

    Args:
        entry: the run that is shown.

    Returns:
        The second run; None, after saying why, if no other was tested on the same digits.
    """
    candidates = {other.run.id: other for other in state.list_runs() if _is_comparable(entry, other)}
    if not candidates:
        st.query_params.pop(selection.SECOND_RUN, None)
        st.info("There is no other run to compare with: it takes a second one that was tested on the same digits.")
        st.page_link("views/train.py", label="Train another network")
        return None
    # Always set: a link, a swap and the browser's Back change the address alone.
    st.session_state[_PICKER] = _find_wanted(candidates)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Second run",
            list(candidates),
            format_func=lambda name: state.describe_entry(candidates[name]),
            key=_PICKER,
            on_change=lambda: state.change_address({selection.SECOND_RUN: st.session_state[_PICKER]}),
            width=420,
        )
        second = candidates[chosen]
        st.button(
            "Swap",
            key="swap_runs",
            help="Make the second run the first, and this one the second",
            on_click=_swap,
            args=(entry.run, second.run),
        )
    st.query_params[selection.SECOND_RUN] = chosen
    return second


def _is_comparable(entry: RunEntry, other: RunEntry) -> bool:
    return (
        other.run.id != entry.run.id
        and state.has_report(other)
        and other.record is not None
        and entry.record is not None
        and (other.record.dataset, other.record.dataset_checksum)
        == (entry.record.dataset, entry.record.dataset_checksum)
    )


def _find_wanted(candidates: dict[str, RunEntry]) -> str:
    newest = next(iter(candidates))
    linked = st.query_params.get(selection.SECOND_RUN)
    if not linked:
        return newest
    if linked in candidates:
        return linked
    try:
        found = store.find_run(linked).id
    except RunNotFoundError as error:
        st.warning(f"{escape_error(error)} Comparing with {newest} instead.")
        return newest
    if found not in candidates:
        if found != st.session_state.get(state.CHOSEN_RUN):
            st.warning(f"{found} was not tested on the same digits. Comparing with {newest} instead.")
        return newest
    return found


def _swap(first: Run, second: Run) -> None:
    """Change the places of the two runs; what is asked of both keeps its meaning, the rest is dropped."""
    wanted = selection.read()
    selection.choose(
        DigitFilter(
            true=wanted.true,
            not_true=wanted.not_true,
            predicted=wanted.second_reads,
            second_reads=wanted.predicted,
            versus=None if wanted.versus is None else _MIRRORED.get(wanted.versus, wanted.versus),
        ),
        **{"run": second.id, selection.SECOND_RUN: first.id},
    )


def render_comparison(
    entry: RunEntry,
    report: dict[str, Any],  # noqa: ARG001  (every view of Evaluate takes the same three)
    answers: Predictions,
) -> None:
    """Draw how the run and the one in `?second=` differ: in number, digit by digit, by confusion and in settings.

    Args:
        entry: the run that is shown, the first.
        report: its report.json.
        answers: its answers to the test digits.
    """
    second = _read_second()
    if second is None or second.record is None or entry.record is None:
        return
    try:
        second_answers = loaders.load_predictions(second.run)
        comparison = compare(answers, second_answers)
    except CoreError as error:
        st.error(escape_error(error))
        return
    names = (escape(name_run(entry.record)), escape(name_run(second.record)))
    st.markdown(f"**{describe(comparison, *names)}**")
    st.markdown(describe_accuracies(comparison, names))
    _render_table(comparison)
    render_matrices(answers, second_answers)
    render_differences(entry, second, names)


def _read_second() -> RunEntry | None:
    reference = st.query_params.get(selection.SECOND_RUN)
    try:
        return store.read_entry(store.find_run(reference)) if reference else None
    except RunNotFoundError:
        return None


def describe_accuracies(comparison: Comparison, names: tuple[str, str]) -> str:
    """Return both accuracies with their intervals and the difference with its own, as lines of Markdown.

    Args:
        comparison: of the two.
        names: of the first and the second run.
    """
    lines = []
    for place, name, errors in zip(
        ("First", "Second"), names, (comparison.errors_first, comparison.errors_second), strict=True
    ):
        right = comparison.total - errors
        share = format_share(right, comparison.total, wilson_interval(right, comparison.total))
        lines.append(f"{place}: **{name}** {share}")
    low, high = comparison.compute_interval()
    lines.append(
        f"Difference: {_format_points(comparison.difference)} percentage points "
        f"[{_format_points(low)} to {_format_points(high)}]"
    )
    return "  \n".join(lines)


def _format_points(share: float) -> str:
    return f"{100 * share:+.2f}".replace("-", "−") if round(100 * share, 2) else "0.00"


def _render_table(comparison: Comparison) -> None:
    """Draw the four outcomes as a two-by-two table of buttons, and beneath it how many the two read differently."""
    wanted = selection.read()
    st.html(_STYLE)
    with st.container(key="versus"):
        for head in ("", "Second right", "Second wrong"):
            st.markdown(head or "\u2002")
        for head, cells in _TABLE:
            st.markdown(head)
            for versus, words in cells:
                _render_number(comparison, versus, words, wanted)
        st.markdown("All in all")
        _render_number(comparison, "differ", "read differently by the two", wanted)


def _render_number(comparison: Comparison, versus: Versus, words: str, wanted: DigitFilter) -> None:
    is_chosen = wanted == DigitFilter(versus=versus)
    st.button(
        f"**{getattr(comparison, versus.replace('-', '_')):,}** {words}",
        key=f"versus_{versus}",
        type="primary" if is_chosen else "secondary",
        on_click=selection.choose,
        args=(DigitFilter() if is_chosen else DigitFilter(versus=versus),),
        width="stretch",
    )
