"""The Calibration view of Evaluate: how far to trust what the network says of its own certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.charts.calibration import (
    VERDICT_SIGNS,
    compute_intervals,
    judge_bins,
    plot_reliability,
)
from core.charts.nines import format_nines
from core.evaluation.calibration import compute_reliability
from core.evaluation.select import DigitFilter
from dashboard import selection
from dashboard.figure import load_figure, render_figure
from dashboard.rejection import render_rejection
from dashboard.state import render_choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.evaluation.calibration import Reliability
    from core.evaluation.predictions import Predictions
    from core.runs.store import RunEntry

N_BINS = 15
# In the address: how the bins are made.
BINS = "bins"
EQUAL_NUMBERS, EQUAL_WIDTHS = "As many digits", "As wide"
_SCORES = {
    "ece": ("Calibration error", "Distance between confidence and accuracy, averaged over 15 bins of as many digits."),
    "nll": ("Cross-entropy", "Minus the natural logarithm of the probability given to the true digit, averaged."),
    "brier": ("Brier score", "Squared distance between the ten probabilities and the truth, averaged."),
}


def render_calibration(entry: RunEntry, report: Mapping[str, Any], answers: Predictions) -> None:
    """Draw the reliability diagram, what a temperature makes of it, and what rejecting unsure answers gains.

    Args:
        entry: the run.
        report: its report.json.
        answers: of it to the test digits, scaled if the address asks for that.
    """
    equal_mass = _render_controls(report)
    reliability = compute_reliability(answers, N_BINS, equal_mass)
    _render_reliability(reliability, stretched=equal_mass)
    _render_temperature(entry, report)
    st.subheader("Leave the unsure ones to a person", anchor=False)
    render_rejection(answers)


def _render_controls(report: Mapping[str, Any]) -> bool:
    """Draw how the bins are made and which probabilities are shown; return whether bins hold as many digits."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        bins = render_choice(
            BINS,
            "Bins",
            {words: words for words in (EQUAL_NUMBERS, EQUAL_WIDTHS)},
            EQUAL_NUMBERS,
            explanation="With as many digits in each bin, most lie close to 100 %; the axis is stretched there, and "
            "each further nine, ten times fewer mistakes, takes equal room.",
        )
        key = "scaled_toggle"
        # Always set: a chip above takes it away too.
        st.session_state[key] = selection.is_scaled(report)
        st.toggle(
            "After temperature scaling",
            key=key,
            on_change=_switch_scaling,
            args=(key,),
            disabled=report["temperature"] is None,
            help="Show all figures and digits with the logits divided by the fitted temperature. "
            "Which digit is read does not change.",
        )
    return bins == EQUAL_NUMBERS


def _switch_scaling(key: str) -> None:
    scaled = "on" if st.session_state[key] else None
    # Other probabilities: what was chosen by them would be other digits under the same words.
    selection.choose(selection.read().without("sure").without("given"), **{selection.SCALED: scaled})


def _render_reliability(reliability: Reliability, *, stretched: bool) -> None:
    filters = [
        DigitFilter(sure=bounds) for bounds in zip(reliability.low.tolist(), reliability.high.tolist(), strict=True)
    ]
    wanted = selection.read()
    render_figure(
        load_figure(plot_reliability, reliability, stretched=stretched),
        _build_table(reliability),
        key="reliability",
        on_click=lambda rows: selection.choose(filters[rows[0][0]] if rows else DigitFilter()),
        chosen=[number for number, one in enumerate(filters) if one == wanted],
    )
    verdicts = judge_bins(reliability)
    counts = {verdict: verdicts.count(verdict) for verdict in VERDICT_SIGNS}
    st.markdown(
        f"Of {len(verdicts)} bins **{counts['as sure as right']}** {VERDICT_SIGNS['as sure as right']} are as often "
        f"right as they say, as far as so many digits can tell; **{counts['too sure']}** {VERDICT_SIGNS['too sure']} "
        f"are too sure, **{counts['not sure enough']}** {VERDICT_SIGNS['not sure enough']} not sure enough."
    )
    st.caption(
        "On the dotted line an answer given 90 % is right nine times in ten. The bars through the marks are 95 % "
        "intervals. Click a mark, or a column beneath, for its digits."
    )


def _build_table(reliability: Reliability) -> pd.DataFrame:
    intervals = compute_intervals(reliability)
    return pd.DataFrame(
        {
            "Confidence from": [format_nines(low) for low in reliability.low],
            "to": [format_nines(high) for high in reliability.high],
            "Digits": reliability.count,
            "Right": reliability.right,
            "Mean confidence": [format_nines(confidence) for confidence in reliability.confidence],
            "Accuracy": [f"{100 * share:.2f} %" for share in reliability.accuracy],
            "Interval": [f"{100 * low:.2f}–{100 * high:.2f}" for low, high in intervals],
            "Verdict": judge_bins(reliability),
        }
    )


def _render_temperature(entry: RunEntry, report: Mapping[str, Any]) -> None:
    """Draw the scores before and after scaling, and say what the temperature means; all of it is read, not computed."""
    fitted = report["temperature"]
    rows = {"As the network says": report["calibration"] if fitted is None else fitted["before"]}
    if fitted is not None:
        rows["After temperature scaling"] = fitted["after"]
    table = pd.DataFrame([{"": name, **{score: row[score] for score in _SCORES}} for name, row in rows.items()])
    table["ece"] *= 100
    st.dataframe(
        table,
        hide_index=True,
        alt="Calibration error, cross-entropy and Brier score on the test digits",
        column_config={
            name: st.column_config.NumberColumn(title, format="%.3f %%" if name == "ece" else "%.5f", help=meaning)
            for name, (title, meaning) in _SCORES.items()
        },
    )
    st.markdown(describe_temperature(fitted, is_ensemble=bool(entry.record and entry.record.members)))


def describe_temperature(fitted: Mapping[str, Any] | None, *, is_ensemble: bool) -> str:
    """Put into words what the fitted temperature says of the network, or why there is none.

    Args:
        fitted: report.json's "temperature".
        is_ensemble: whether the run averages several others.
    """
    if fitted is None:
        if is_ensemble:
            return (
                "No temperature is fitted: the members of this ensemble share no validation digits that none of them "
                "was trained on."
            )
        return (
            "No temperature is fitted: this run kept no validation digits aside. Train with a validation size above 0."
        )
    value, n = fitted["value"], fitted["validation_total"]
    before, after = fitted["before"]["nll"], fitted["after"]["nll"]
    if abs(value - 1) < 0.02:
        meaning = "there the probabilities are about as sharp as they should be"
    elif value > 1:
        meaning = f"there the network is too sure of itself, its logits {value:.2f} times too large"
    else:
        meaning = f"there the network is less sure than it could be, its logits {1 / value:.2f} times too small"
    effect = "lowers" if after < before else "raises" if after > before else "leaves"
    return (
        f"**Temperature {value:.3f}**, fitted on the {n:,} validation digits alone: {meaning}. On the test digits, "
        f"which had no say in it, dividing the logits by it {effect} the cross-entropy"
        + (f" from {before:.5f} to {after:.5f}." if before != after else f" at {before:.5f}.")
    )
