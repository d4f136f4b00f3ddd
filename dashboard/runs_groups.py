"""Seeds of one setting as one: their mean, their spread, and accuracy over the number of training digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import streamlit as st

from core.config import get_value
from core.runs.groups import group_runs, learning_curves, list_differences
from dashboard.curves import name_run, read_curves
from dashboard.figure import render_figure
from dashboard.run_charts import render_axis, render_log_loss
from dashboard.runs_choice import choose, read_chosen, render_choosable_table
from dashboard.runs_table import label_fields, pick_fields, to_percent, write_setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.charts.runs import Spread
    from core.config import FieldInfo
    from core.runs.groups import LearningCurve, RunGroup
    from core.runs.store import RunEntry
    from dashboard.curves import Quantity

MOST_GROUPS, FIRST_GROUPS = 6, 3
# Training is drawn as the mean of so many stretches: seeds are not sampled at the same steps.
STRETCHES = 60  # at most
# A group is all its seeds, with however many threads.
_NOT_TOLD = ("runtime.seed", "runtime.threads")
LINES = {"validation": "validation", "train": "training"}
AXES: dict[Literal["epoch", "step"], str] = {"epoch": "Epoch", "step": "Step"}
FORMATS: dict[Quantity, str] = {"accuracy": ".2%", "loss": ".4f"}
_COLUMNS = {
    "Recipe": st.column_config.TextColumn(pinned=True, width=130),
    "Mean test accuracy, %": st.column_config.NumberColumn(format="%.2f"),
    "± sd": st.column_config.NumberColumn(
        format="%.2f", help="Sample standard deviation over the seeds: how much of a difference is chance."
    ),
    "Best, %": st.column_config.NumberColumn(
        format="%.2f", help="Chosen on the test digits: to look at, not to quote."
    ),
    "Worst, %": st.column_config.NumberColumn(format="%.2f"),
    "Mean time, s": st.column_config.NumberColumn(format="%.1f"),
}
SEEDS_COMMAND = "python -m core train --recipe sprint --seeds 5"
SIZES_COMMAND = "python -m core train --recipe sprint --sizes 500,2000,10000,55000"


def identify(group: RunGroup) -> str:
    """Return the id of its oldest run, which stays when a seed is added."""
    return min(entry.run.id for entry in group.entries)


def render_groups(entries: Sequence[RunEntry]) -> None:
    """Draw the table of groups and the mean curves of the chosen ones."""
    groups = {identify(group): group for group in group_runs(entries)}
    if not groups:
        st.info("No run is finished yet; runs that differ in nothing but their seed are put together here.")
        st.page_link("views/train.py", label="Train a network")
        return
    chosen = read_chosen("groups", groups)
    table = build_group_table(groups)
    render_choosable_table(table, "groups", chosen, _COLUMNS, "Runs put together that differ only in their seed")
    if all(group.n == 1 for group in groups.values()):
        st.caption(f"So far every setting has one seed. Train several in one go, on Train or with `{SEEDS_COMMAND}`.")
    if not chosen:
        st.caption("The curves are of the first ones; tick rows to choose others.")
    drawn = [groups[name] for name in chosen][:MOST_GROUPS] or list(groups.values())[:FIRST_GROUPS]
    with st.container(horizontal=True, key="groups-actions"):
        if st.button("Show these runs one by one", key="groups_to_runs"):
            choose("runs", [entry.run.id for group in drawn for entry in group.entries])
            st.query_params.pop("view", None)
            st.rerun()
    _render_bands(drawn)


def _list_settings(groups: Sequence[RunGroup]) -> dict[str, FieldInfo]:
    """Return by their headings the settings in which groups differ."""
    differing = list_differences([group.entries[0] for group in groups])
    return label_fields(pick_fields([path for path in differing if path not in _NOT_TOLD]))


def build_group_table(groups: dict[str, RunGroup]) -> pd.DataFrame:
    """Return a row for each group, its id as the index."""
    headings, rows = _list_settings(list(groups.values())), []
    for group in groups.values():
        settings = {label: write_setting(get_value(group.config, one.path)) for label, one in headings.items()}
        times = [entry.record.train_seconds for entry in group.entries]
        rows.append(
            {
                "Recipe": group.recipe,
                "Seeds": group.n,
                "Mean test accuracy, %": to_percent(group.mean),
                "± sd": to_percent(group.sd) if group.n > 1 else None,
                "Best, %": to_percent(max(group.accuracies)),
                "Worst, %": to_percent(min(group.accuracies)),
                "Mean time, s": float(np.mean(times)),
                "Model": group.config.model.name,
                "Dataset": group.config.data.dataset,
                **settings,
                "Runs": ", ".join(name_run(entry.record) for entry in group.entries),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(list(groups), name="id"))


def name_groups(groups: Sequence[RunGroup]) -> list[str]:
    """Return what a legend calls each group: its recipe, and where that is not enough the settings that tell it."""
    names = []
    for group in groups:
        same = [other for other in groups if other.recipe == group.recipe]
        settings = _list_settings(same)
        values = {label: write_setting(get_value(group.config, field.path)) for label, field in settings.items()}
        names.append(
            ", ".join([group.recipe, *(f"{label.lower()} {_write(value)}" for label, value in values.items())])
        )
    return names


def _write(value: object) -> str:
    if value is None:
        return "default"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _render_bands(groups: Sequence[RunGroup]) -> None:
    titles = name_groups(groups)
    charts = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", key="groups-curves-controls"):
        lines = st.segmented_control(
            "Lines", list(LINES), format_func=LINES.get, default="validation", required=True, key="groups_lines"
        )
        axis = render_axis("Over", {name: title.lower() for name, title in AXES.items()}, "epoch", "groups_axis")
        log_loss = render_log_loss("groups_log")
    from core.charts.runs import plot_band

    for column, quantity in zip(charts.columns(2), FORMATS, strict=True):
        bands = [
            build_band(group, title, hue, f"{lines}_{quantity}", axis)
            for hue, (group, title) in enumerate(zip(groups, titles, strict=True))
        ]
        y_title = f"{LINES[lines]} {quantity}".capitalize()
        figure = plot_band(bands, AXES[axis], y_title, FORMATS[quantity], quantity == "loss" and log_loss)
        with column:
            render_figure(figure, tabulate(bands, AXES[axis]), key=f"groups_{quantity}")
    st.caption("The line is the mean over the seeds, the band one standard deviation to either side.")


def build_band(group: RunGroup, title: str, hue: int, column: str, axis: Literal["epoch", "step"]) -> Spread:
    """Return the mean curve of a group's runs over the epochs, or steps, that all of them have that have any.

    Args:
        group: of runs.
        title: for the legend.
        hue: of its line.
        column: of the metrics, for example "train_loss".
        axis: what x is.
    """
    from core.charts.runs import Spread, compute_spread, compute_stretch_means

    is_sampled = axis == "step" and column.startswith("train_")
    parts = [one.steps if is_sampled else one.epochs for one in (read_curves(entry.run) for entry in group.entries)]
    # A run whose metrics are gone keeps its result, but has no say in the curve.
    parts = [rows for rows in parts if any(value is not None for value in rows[column])]
    curves = [(rows[axis], rows[column]) for rows in parts]
    if is_sampled and curves:
        # Were there more stretches than a run has samples, few of them would hold a value of every run.
        n_stretches = min(STRETCHES, *(len(xs) for xs, _ in curves))
        width = max(group.config.total_steps / n_stretches, 1.0)
        curves = [compute_stretch_means(xs, ys, width) for xs, ys in curves]
    x, mean, sd = compute_spread(curves)
    return Spread(f"{title} (n = {len(curves)})", x, mean, sd, np.full(len(x), len(curves)), hue)


def tabulate(lines: Sequence[Spread], x_title: str) -> pd.DataFrame:
    """Return the points of lines as rows."""
    rows = [
        {"Setting": line.name, x_title: x, "Mean": mean, "Standard deviation": sd, "Runs": n}
        for line in lines
        for x, mean, sd, n in zip(line.x, line.mean, line.sd, line.n, strict=True)
    ]
    return pd.DataFrame(rows, columns=["Setting", x_title, "Mean", "Standard deviation", "Runs"])


def render_learning_curves(entries: Sequence[RunEntry]) -> None:
    """Draw accuracy over the number of training digits, or say how such a curve is made."""
    from core.charts.runs import Spread, plot_learning_curves

    curves = learning_curves(group_runs(entries))
    if not curves:
        st.info(
            "A learning curve takes finished runs that differ only in how many digits they were trained on. Start them "
            f"in one go on Train, or with `{SIZES_COMMAND}`."
        )
        st.page_link("views/train.py", label="Train a network")
        return
    shown = _choose_curves(curves)
    lines = [Spread(curve.title, curve.sizes, curve.means, curve.sds, curve.ns, hue) for hue, curve in enumerate(shown)]
    table = tabulate(lines, "Digits trained on")
    table.insert(4, "Misread", 1.0 - table["Mean"])
    render_figure(plot_learning_curves(lines), table, key="learning_curves")
    st.caption(
        "Each point is the mean test accuracy over the seeds at that size, the bar one standard deviation to either "
        "side; a point without a bar is a single run."
    )


def _choose_curves(curves: Sequence[LearningCurve]) -> list[LearningCurve]:
    if len(curves) <= 1:
        return list(curves)
    titles = {f"{curve.title} · {curve.sizes[0]:,} to {curve.sizes[-1]:,} digits": curve for curve in curves}
    chosen = st.multiselect(
        "Curves",
        list(titles),
        default=list(titles)[:MOST_GROUPS],
        max_selections=MOST_GROUPS,
        key="learning_curves_shown",
    )
    return [titles[title] for title in chosen]
