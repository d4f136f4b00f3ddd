"""How every run does on the person's own drawings, and which ones each misreads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.errors import CoreError
from core.evaluation.metrics import wilson_interval
from dashboard import loaders, state
from dashboard.judges import MOST_NEWEST, NOTHING, list_judges
from dashboard.layout import escape_error, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.drawings.store import Drawing
    from core.evaluation.judge import Reading
    from core.runs.store import Run, RunEntry

_EVERYONE = "drawings_ask_everyone"


@dataclass(frozen=True)
class Score:
    """What one run makes of all drawings.

    Attributes:
        entry: the run.
        readings: one for each drawing, in their order.
        right: (n,) whether it read the label, digit for digit.
    """

    entry: RunEntry
    readings: list[Reading]
    right: list[bool]


def read_all(run: Run, drawings: Sequence[Drawing]) -> list[Reading]:
    """Return what a run reads in each drawing; those it has read before are not read again.

    Raises:
        CoreError: if the run has no weights, or a drawing is gone.
    """
    # The picture is fetched for a new one alone: a thousand files would be opened at every click.
    return [loaders.read_kept_drawing(run, drawing) for drawing in drawings]


def score(entry: RunEntry, drawings: Sequence[Drawing]) -> Score:
    """Return what a run makes of all drawings. Raises what `read_all` raises."""
    readings = read_all(entry.run, drawings)
    right = [reading.text == drawing.label for reading, drawing in zip(readings, drawings, strict=True)]
    return Score(entry, readings, right)


def list_asked(entries: Sequence[RunEntry]) -> list[RunEntry]:
    """Return the runs that the page asks: all if that is wanted, else the newest.

    Args:
        entries: all runs, newest first.
    """
    return list_judges(entries, everyone=bool(st.session_state.get(_EVERYONE)))


def render_scores(entries: Sequence[RunEntry], drawings: Sequence[Drawing]) -> None:
    """Draw the table of all runs: how many drawings each reads right, and which it does not.

    Args:
        entries: all runs, newest first.
        drawings: the person's own.
    """
    able = list_judges(entries, everyone=True)
    if not able:
        st.caption("No run is finished yet, so there is none to compare.")
        return
    judges = list_asked(entries)
    if len(able) > len(list_judges(entries)):
        st.toggle(f"Ask all {len(able)} runs, not just the newest {MOST_NEWEST}", key=_EVERYONE)
    scores = _score_all(judges, drawings)
    scores.sort(key=lambda one: -sum(one.right))
    st.dataframe(
        build_table(scores, drawings),
        hide_index=True,
        column_config={"Right": st.column_config.NumberColumn(format="percent")},
        alt=f"How many of your {len(drawings)} drawings each of {len(scores)} runs reads right",
    )


def _score_all(judges: Sequence[RunEntry], drawings: Sequence[Drawing]) -> list[Score]:
    scores = []
    with st.spinner("The networks read your drawings …"):
        for entry in judges:
            try:
                scores.append(score(entry, drawings))
            except CoreError as error:
                st.caption(escape_error(error))
    return scores


def build_table(scores: Sequence[Score], drawings: Sequence[Drawing]) -> pd.DataFrame:
    """Return a row for each run: its accuracy with its interval, and its mistakes as '3 → 8'."""
    rows = []
    for one in scores:
        k, n = sum(one.right), len(one.right)
        low, high = wilson_interval(k, n)
        wrong = [
            f"{drawing.label} → {reading.text or NOTHING}"
            for drawing, reading, right in zip(drawings, one.readings, one.right, strict=True)
            if not right
        ]
        rows.append(
            {
                "Right": k / n if n else 0.0,
                "Of all": f"{k} of {n} [{100 * low:.0f}–{100 * high:.0f} %]",
                "Misreads": ", ".join(wrong) or "none",
                "Run": state.describe_entry(one.entry),
            }
        )
    return pd.DataFrame(rows, columns=["Right", "Of all", "Misreads", "Run"])


def describe_score(one: Score) -> str:
    """Write a run's accuracy on the drawings as everywhere: share, k of n, interval."""
    k, n = sum(one.right), len(one.right)
    return format_share(k, n, wilson_interval(k, n))
