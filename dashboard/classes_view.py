"""The Classes view of Evaluate: each digit against the rest, and how sure right and wrong answers are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.answers import plot_confidence_histogram
from core.charts.nines import format_nines
from core.charts.ranking import find_point, plot_precision_recall, plot_roc
from core.charts.words import PLURALS
from core.evaluation.ranking import compute_ranking
from core.evaluation.select import DigitFilter
from dashboard import selection
from dashboard.figure import load_figure, render_figure
from dashboard.state import render_choice
from dashboard.threshold import read_threshold, render_threshold, write_threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from core.evaluation.predictions import Predictions
    from core.evaluation.ranking import Ranking
    from core.runs.store import RunEntry

# In the address: from which probability on a digit is accepted as the one looked at.
ACCEPT = "accept"
# In the address too: the digit looked at, and whose confidence is drawn.
CLASS, SURENESS_OF = "class", "sureness_of"
ALL_DIGITS, THIS_DIGIT = "All digits", "This digit only"
_SCORES = {
    "precision": ("Precision", "Of the digits read as this one, the share that is."),
    "recall": ("Recall", "Of the digits that are this one, the share read so."),
    "f1": ("F1", "Harmonic mean of precision and recall."),
    "roc_area": (
        "ROC area",
        "Chance that such a digit is given a higher probability of being one than another digit.",
    ),
    "average_precision": ("PR area", "Average precision: over all shares found, so the area under that curve."),
}


def render_classes(entry: RunEntry, report: Mapping[str, Any], answers: Predictions) -> None:  # noqa: ARG001  (as all views)
    """Draw a digit's ROC and precision-recall curves, the confidence of answers, and the scores of all ten digits.

    Args:
        entry: the run.
        report: its report.json.
        answers: of it to the test digits, scaled if the address asks for that.
    """
    st.caption("The digit to tell from the rest")
    digit = int(render_choice(CLASS, "The digit to tell from the rest", {str(n): str(n) for n in range(10)}, "0"))
    _render_ranking(answers, digit)
    st.subheader("How sure it was", anchor=False)
    only = render_choice(SURENESS_OF, "Of", {words: words for words in (ALL_DIGITS, THIS_DIGIT)}, ALL_DIGITS)
    render_confidence(answers, digit if only == THIS_DIGIT else None)
    st.subheader("Digit by digit", anchor=False)
    _render_scores(report)


def _render_ranking(answers: Predictions, digit: int) -> None:
    scores = answers.probabilities[:, digit].astype(np.float64)
    ranking = compute_ranking(scores, answers.labels == digit)
    if not (ranking.positives and ranking.negatives):
        st.caption(
            f"Of {len(answers.labels):,} test digits {ranking.positives:,} are {PLURALS[digit]}; "
            "the curves need some that are and some that are not."
        )
        return
    options = np.unique(ranking.thin().threshold[1:])
    threshold = read_threshold(ACCEPT, options, 0.5)
    wanted = selection.read()
    is_point = wanted.given is not None and wanted == DigitFilter(given=(digit, wanted.given[1], 1.0))
    chosen = [find_point(ranking, wanted.given[1])] if is_point else []

    def follow(rows: list[list[Any]]) -> None:
        if rows:
            accepted = DigitFilter(given=(digit, rows[0][1], 1.0))
            selection.choose(accepted, **{ACCEPT: write_threshold(rows[0][1])})
        else:
            selection.choose(DigitFilter())

    def draw(title: str, area: float | None, figure: go.Figure, key: str) -> None:
        st.markdown(f"**{title}**, area {area:.5f}")
        render_figure(figure, key=key, on_click=follow, chosen=chosen)

    roc, precision_recall = st.columns(2, gap="small")
    with roc:
        draw("ROC", ranking.roc_area, load_figure(plot_roc, ranking, digit, threshold), "roc")
    with precision_recall:
        draw(
            "Precision–recall",
            ranking.average_precision,
            load_figure(plot_precision_recall, ranking, digit, threshold),
            "precision_recall",
        )
    st.caption(
        "Both axes begin close to 100 %, and false alarms are drawn logarithmically, because a good network's curves "
        "would else hide in the corner. Click a point for the digits accepted there."
    )
    render_threshold(
        f"Accept as {PLURALS[digit]} from",
        ACCEPT,
        options,
        threshold,
        f"A digit counts as a {digit} if the network gives at least this to it, whatever it gives to the others.",
    )
    _render_at_threshold(scores, ranking, digit, threshold)


def _render_at_threshold(scores: np.ndarray, ranking: Ranking, digit: int, threshold: float) -> None:
    """Say what a threshold accepts and misses; each count is a button to its digits."""
    at = find_point(ranking, threshold)
    found, alarms = int(ranking.true_positives[at]), int(ranking.false_positives[at])
    missed = ranking.positives - found
    below = scores[scores < threshold]
    highest_below = float(below.max()) if below.size else 0.0
    accepted = DigitFilter(given=(digit, threshold, 1.0))
    st.markdown(
        f"From {format_nines(threshold)} on **{found + alarms:,}** digits are accepted: {found:,} of the "
        f"{ranking.positives:,} {PLURALS[digit]}, and {alarms:,} that are none."
    )
    buttons = {
        "accepted": (f"{found + alarms:,} accepted", found + alarms, accepted),
        "alarms": (
            f"{alarms:,} that are no {digit}",
            alarms,
            DigitFilter(not_true=digit, given=(digit, threshold, 1.0)),
        ),
        "missed": (
            f"{missed:,} {PLURALS[digit]} missed",
            missed,
            DigitFilter(true=digit, given=(digit, 0.0, highest_below)),
        ),
    }
    with st.container(horizontal=True):
        for name, (label, count, wanted) in buttons.items():
            st.button(f"See {label}", key=f"see_{name}", disabled=not count, on_click=selection.choose, args=(wanted,))


def render_confidence(answers: Predictions, digit: int | None = None, *, key: str = "confidence") -> None:
    """Draw histograms of how sure right and wrong answers are; a bar leads to its digits.

    Args:
        answers: of a run.
        digit: count only this true digit; None counts all.
        key: unique on the page.
    """
    among = np.ones(len(answers.labels), bool) if digit is None else answers.labels == digit
    figure = load_figure(plot_confidence_histogram, answers.confidence[among], answers.right[among], stretched=True)
    bars = {
        row[0]: (DigitFilter(true=digit, right=row[3], sure=(row[1], row[2])), row[4], count)
        for trace in figure.data
        for row, count in zip(trace.customdata, trace.y, strict=True)
    }
    wanted = selection.read()
    table = pd.DataFrame(
        [
            {"Confidence": words, "Answers": "right" if one.right else "wrong", "Digits": int(count)}
            for one, words, count in bars.values()
        ]
    )
    render_figure(
        figure,
        table if bars else None,
        key=key,
        on_click=lambda rows: selection.choose(bars[rows[0][0]][0] if rows else DigitFilter()),
        chosen=[number for number, (one, _, _) in bars.items() if one == wanted],
    )


def _render_scores(report: Mapping[str, Any]) -> None:
    """Draw the scores of each digit and their means, as the report holds them."""
    ranks = {row["digit"]: row for row in report["ranking"]}
    rows = [{**scores, **ranks[scores["digit"]], "digit": str(scores["digit"])} for scores in report["classes"]]
    total = report["total"]
    rows.append({"digit": "mean", **report["macro"], "support": total})
    rows.append({"digit": "weighted mean", **report["weighted"], "support": total})
    table = pd.DataFrame(rows)[["digit", *_SCORES, "support"]]
    shares = ["precision", "recall", "f1"]
    table[shares] *= 100
    areas = ["roc_area", "average_precision"]
    # An empty class has none; without the type a column of them would be of objects.
    table[areas] = table[areas].astype("float64")
    columns = {
        name: st.column_config.NumberColumn(title, format="%.2f %%" if name in shares else "%.5f", help=meaning)
        for name, (title, meaning) in _SCORES.items()
    }
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        alt="Precision, recall, F1, areas and number of test digits, for each digit and on average",
        column_config={
            "digit": "Digit",
            "support": st.column_config.NumberColumn("Digits", format="localized", help="Test digits of this kind."),
            **columns,
        },
    )
    note = " Areas are of the probabilities before temperature scaling." if selection.is_scaled(report) else ""
    st.caption(f"The weighted mean counts each digit as often as it occurs.{note}")
