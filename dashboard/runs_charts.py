"""The curves of chosen runs over one another, and all settings beside the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from core.config import get_value, list_fields
from core.errors import CoreError
from dashboard.curves import name_run, read_curves
from dashboard.figure import render_figure
from dashboard.layout import escape_error
from dashboard.live_chart import MAX_POINTS, Series, render_live_chart
from dashboard.run_charts import describe_series, render_axis, render_log_loss, render_smoothing
from dashboard.runs_table import label_fields, read_configs, write_setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.charts.runs import ParallelAxis
    from core.config import FieldInfo, TrainConfig
    from core.runs.store import RunEntry
    from dashboard.curves import Curves, Quantity

Axis = Literal["step", "epoch", "train_seconds"]
AXES: dict[Axis, str] = {"step": "Step", "epoch": "Epoch", "train_seconds": "Seconds of training"}
AXIS_WORDS: dict[Axis, str] = {"step": "step", "epoch": "epoch", "train_seconds": "time"}
LINES = {"both": "training and validation", "train": "training", "validation": "validation"}
COLUMNS = {
    "step": "Step",
    "epoch": "Epoch",
    "train_seconds": "Seconds of training",
    "train_loss": "Training loss",
    "train_accuracy": "Training accuracy",
    "validation_loss": "Validation loss",
    "validation_accuracy": "Validation accuracy",
}
FORMATS: dict[Quantity, Literal["number", "percent"]] = {"accuracy": "percent", "loss": "number"}
# The theme's own, then others that are legible on both papers.
COLORS = (
    "blue", "orange", "green", "violet", "gray", "#1b8588",
    "#b8457a", "#9a7d0a", "#5566d6", "#a0522d", "#3b93c9", "#6f8a1f",
)  # fmt: skip
MOST_RUNS = len(COLORS)
MOST_AXES = 6
# Plotly draws the texts of these axes with a white glow and the axes in black, whatever the theme.
_PARALLEL_STYLE = """
<style>
.st-key-parallel .parcoords text {
  text-shadow: none !important; fill: light-dark(#23262b, #e9e5db) !important;
}
.st-key-parallel .parcoords .axis path { stroke: light-dark(#23262b, #e9e5db) !important; }
/* On a phone the axes keep their distance, and the chart scrolls sideways. */
.st-key-parallel-scroll { overflow-x: auto; }
.st-key-parallel { min-width: 860px; }
</style>
"""
HEIGHT = 280


def render_run_curves(chosen: Sequence[RunEntry]) -> None:
    """Draw accuracy and loss of runs over one another, with the controls that say how.

    Args:
        chosen: runs, of which those with curves are drawn.
    """
    drawn = [entry for entry in chosen if entry.record and (entry.run.path / "metrics.jsonl").is_file()]
    if not drawn:
        st.caption("There are no curves: none of the chosen runs has trained yet.")
        return
    if len(drawn) > MOST_RUNS:
        st.caption(f"The curves of the first {MOST_RUNS} of {len(drawn)} runs; more could not be told apart.")
        drawn = drawn[:MOST_RUNS]
    charts = st.container()
    # Beneath the charts, which come first on a phone.
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs-curves-controls"):
        axis: Axis = render_axis("Over", AXIS_WORDS, "step", "runs_axis")
        lines = st.selectbox("Lines", list(LINES), format_func=lambda one: LINES[one], key="runs_lines", width=210)
        smoothing = render_smoothing("runs_smoothing")
        log_loss = render_log_loss("runs_log")
    curves = {}
    for entry in drawn:
        try:
            curves[name_run(entry.record)] = read_curves(entry.run)
        except CoreError as error:
            st.error(escape_error(error))
    limit = MAX_POINTS if len(curves) <= 4 else 4 * MAX_POINTS // len(curves)
    for column, quantity in zip(charts.columns(2), FORMATS, strict=True):
        series = [
            line
            for place, (name, one) in enumerate(curves.items())
            for line in build_lines(name, COLORS[place], one, quantity, axis, lines)
        ]
        with column:
            render_live_chart(
                series,
                key=f"runs_{quantity}",
                alt=describe_series(series, quantity, AXES[axis].lower()),
                height=HEIGHT,
                x_title=AXES[axis],
                y_title=quantity.capitalize(),
                y_format=FORMATS[quantity],
                log_y=quantity == "loss" and log_loss,
                smoothing=0.0 if axis == "epoch" else smoothing,
                empty="These runs have no points here yet.",
                max_points=limit,
            )
    numbers = st.expander("Show as table", type="compact", key="runs_numbers", on_change="rerun")
    if numbers.open:
        with numbers:
            _render_numbers(curves, axis)


def _render_numbers(curves: dict[str, Curves], axis: Axis) -> None:
    """Draw the points behind the charts: the steps of each run, or its epochs."""
    parts = [
        pd.DataFrame({"Run": name} | {COLUMNS[column]: rows[column] for column in COLUMNS})
        for name, one in curves.items()
        for rows in [one.epochs if axis == "epoch" else one.steps]
    ]
    table = pd.concat(parts, ignore_index=True).dropna(axis="columns", how="all")
    shares = {name: st.column_config.NumberColumn(format="%.4f") for name in table if "accuracy" in name}
    words = "epoch" if axis == "epoch" else "sampled step"
    st.dataframe(table, hide_index=True, column_config=shares, alt=f"The numbers of the charts, a row per {words}")


def build_lines(name: str, color: str, curves: Curves, quantity: Quantity, axis: Axis, lines: str) -> list[Series]:
    """Return training (solid) and validation (dashed, a dot at each epoch) of a run, in its colour.

    Args:
        name: of the run, for the legend.
        color: its own.
        curves: of the run.
        quantity: what is drawn.
        axis: "step" and "train_seconds" draw training several times a second, "epoch" the mean of each epoch.
        lines: one of LINES.
    """
    series = []
    if lines != "validation":
        rows = curves.epochs if axis == "epoch" else curves.steps
        x, y = _pair(rows, axis, f"train_{quantity}")
        series.append(Series(f"{name}, training", x, y, color=color))
    if lines != "train":
        x, y = _pair(curves.epochs, axis, f"validation_{quantity}")
        if any(value is not None for value in y):
            series.append(Series(f"{name}, validation", x, y, color=color, dashed=True, markers=True))
    return series


def _pair(rows: dict[str, list[Any]], x_name: str, y_name: str) -> tuple[list[float], list[float | None]]:
    """Return two columns without the rows that have no place on the x axis."""
    pairs = [(x, y) for x, y in zip(rows[x_name], rows[y_name], strict=True) if x is not None]
    return [x for x, _ in pairs], [y for _, y in pairs]


def render_parallel(entries: Sequence[RunEntry], paths: Sequence[str]) -> None:
    """Draw the settings in which runs differ beside their results, a line for each run.

    Args:
        entries: runs; those without a test accuracy are left out.
        paths: of the settings in which they differ, to choose axes from.
    """
    from core.charts.runs import ParallelAxis, plot_parallel

    configs = read_configs(entries)
    tested = [entry for entry in entries if entry.run.id in configs and entry.record.test_total]
    if len(tested) < 2:
        st.caption("It takes at least two finished runs.")
        return
    headings = label_fields([field for field in list_fields() if field.path in paths])
    shown = st.multiselect(
        "Settings",
        list(headings),
        default=choose_axes(headings, [configs[entry.run.id] for entry in tested]),
        key="parallel_axes",
        placeholder="none: size and time alone",
    )
    axes = [_build_axis(label, headings[label], tested, configs) for label in shown]
    records = [entry.record for entry in tested]
    accuracy = [record.test_correct / record.test_total for record in records]
    axes += [
        ParallelAxis("Parameters", [record.parameters for record in records], tick_format=",d"),
        ParallelAxis("Seconds", [record.train_seconds for record in records], tick_format=",.1f"),
        ParallelAxis("Test accuracy", accuracy, tick_format=".2%"),
    ]
    table = pd.DataFrame(
        {"Run": [name_run(record) for record in records]}
        | {axis.label: [write_setting(value) for value in axis.values] for axis in axes}
    )
    st.html(_PARALLEL_STYLE)
    with st.container(key="parallel-scroll"):
        render_figure(plot_parallel(axes, accuracy, "test accuracy"), table, key="parallel")
    st.caption(
        "Each line is a run, from orange (least accurate) to blue. Drag along an axis to keep only some of them."
    )


def choose_axes(headings: Mapping[str, FieldInfo], configs: Sequence[TrainConfig]) -> list[str]:
    """Return the settings to show first: those with the most different values, in their own order; never the seed.

    Args:
        headings: the settings to choose from, by what each is called.
        configs: of the runs.
    """

    def count_values(label: str) -> int:
        return len({get_value(config, headings[label].path) for config in configs})

    candidates = [label for label, field in headings.items() if field.path != "runtime.seed"]
    chosen = sorted(candidates, key=count_values, reverse=True)[:MOST_AXES]
    return [label for label in candidates if label in chosen]


def _build_axis(label: str, field: FieldInfo, tested: Sequence[RunEntry], configs: dict[str, Any]) -> ParallelAxis:
    from core.charts.runs import ParallelAxis

    values = [get_value(configs[entry.run.id], field.path) for entry in tested]
    return ParallelAxis(label, values, choices=field.choices)
