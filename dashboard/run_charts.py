"""The charts of a run: loss and accuracy side by side, other runs over them, and how they are to be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from dashboard.curves import OTHER_COLORS, build_other_series, build_series, name_run, read_curves
from dashboard.live_chart import Series, render_live_chart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.runs.store import Run, RunEntry
    from dashboard.curves import Axis, Curves, Quantity

HEIGHT = 250
AXES: dict[Axis, str] = {"step": "Step", "epoch": "Epoch"}
EMPTY: dict[Axis, str] = {
    "step": "Waiting for the first step.",
    "epoch": "The first point comes at the end of the first epoch.",
}
EMPTY_FOR_GOOD = "This run has no points here."
COLUMNS = {
    "step": "Step",
    "epoch": "Epoch",
    "train_loss": "Training loss",
    "train_accuracy": "Training accuracy",
    "validation_loss": "Validation loss",
    "validation_accuracy": "Validation accuracy",
    "lr": "Learning rate",
    "images_per_second": "Images per second",
}
FORMATS: dict[Quantity, Literal["number", "percent"]] = {"loss": "number", "accuracy": "percent"}


def render_charts(run: Run, curves: Curves, entries: list[RunEntry], *, is_active: bool) -> None:
    """Draw loss and accuracy with the controls that say how.

    Args:
        run: whose curves they are.
        curves: so far.
        entries: all runs, to choose others from.
        is_active: whether points are still to come.
    """
    charts = st.container()
    # Beneath the charts, which come first on a phone.
    with st.container(horizontal=True, vertical_alignment="bottom"):
        axis = render_axis("A point per", {name: title.lower() for name, title in AXES.items()}, "step", "curves_axis")
        smoothing = render_smoothing("curves_smoothing")
        others = _render_others(run, entries)
        log_loss = render_log_loss("curves_log")
    # Streamlit stacks columns on a phone.
    for column, quantity in zip(charts.columns(2), FORMATS, strict=True):
        series = build_series(curves, quantity, axis)
        for place, other in enumerate(others):
            series += build_other_series(name_run(other.record), place, read_curves(other.run), quantity, axis)
        with column:
            render_live_chart(
                series,
                key=f"curves_{quantity} {run.id}",  # a zoom is of one run
                alt=describe_series(series, quantity, axis),
                height=HEIGHT,
                x_title=AXES[axis],
                y_title=quantity.capitalize(),
                y_format=FORMATS[quantity],
                log_y=quantity == "loss" and log_loss,
                smoothing=smoothing if axis == "step" else 0.0,
                empty=EMPTY[axis] if is_active else EMPTY_FOR_GOOD,
            )


def render_axis(label: str, words: Mapping[str, str], default: str, key: str) -> Any:
    """Draw the choice of what curves are drawn over, and return it.

    Args:
        label: of the choice.
        words: for each axis.
        default: one of them.
        key: unique on the page.
    """
    return st.segmented_control(label, list(words), format_func=words.get, default=default, required=True, key=key)


def render_smoothing(key: str) -> float:
    """Draw the slider of how much training curves are smoothed, and return it."""
    return st.slider(
        "Smoothing",
        0.0,
        0.99,
        0.6,
        key=key,
        width=150,
        help="Weight of the past in a moving average of the training curves; the raw line stays beneath, faint.",
    )


def render_log_loss(key: str) -> bool:
    """Draw the switch to a logarithmic loss, and return it."""
    return st.toggle("Logarithmic loss", key=key, help="Equal distances are equal factors.")


def _render_others(run: Run, entries: list[RunEntry]) -> list[RunEntry]:
    choices = {
        entry.run.id: entry
        for entry in entries
        if entry.record and entry.run.id != run.id and (entry.run.path / "metrics.jsonl").is_file()
    }
    if not choices:
        return []
    chosen = st.multiselect(
        "Compare with",
        list(choices),
        format_func=lambda name: name_run(choices[name].record),
        max_selections=len(OTHER_COLORS),
        key=f"curves_others {run.id}",
        placeholder="other runs",
        width=260,
    )
    return [choices[name] for name in chosen]


def describe_series(series: list[Series], quantity: Quantity, axis: Axis) -> str:
    """Put a chart into words: what it shows, and where each line began and has come to."""
    parts = []
    for line in series:
        values = [value for value in line.y if value is not None]
        if values:
            parts.append(f"{line.name} from {_write(values[0], quantity)} to {_write(values[-1], quantity)}")
    return f"Line chart of {quantity} by {axis}: {'; '.join(parts) or 'no points yet'}."


def _write(value: float, quantity: Quantity) -> str:
    return f"{value:.4f}" if quantity == "loss" else f"{100 * value:.2f} %"


def render_speed_charts(curves: Curves) -> None:
    """Draw the learning rate and the images per second."""
    rows = curves.steps
    for column, (name, title) in zip(
        st.columns(2), (("lr", "Learning rate"), ("images_per_second", "Images per second")), strict=True
    ):
        with column:
            render_live_chart(
                [Series(title, rows["step"], rows[name], color="blue")],
                key=f"curves_{name}",
                alt=f"Line chart of {title.lower()} by step.",
                height=180,
                x_title="Step",
                y_title=title,
                empty="There is no step yet.",
            )


def render_numbers(curves: Curves) -> None:
    """Draw the numbers behind the charts as a table, a row per point as the charts are drawn now."""
    axis: Axis = st.session_state.get("curves_axis") or "step"
    rows = curves.steps if axis == "step" else curves.epochs
    if not rows["step"]:
        st.caption(EMPTY[axis])
        return
    table = pd.DataFrame({COLUMNS[name]: values for name, values in rows.items() if name in COLUMNS})
    accuracies = {name: st.column_config.NumberColumn(format="percent") for name in table if "accuracy" in name}
    st.dataframe(table, hide_index=True, column_config=accuracies, alt=f"The numbers of the charts, a row per {axis}")
