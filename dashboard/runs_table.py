"""The table of all runs: which are listed, what of them is shown, and the settings in which they differ."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.config import TrainConfig, get_value, list_fields
from core.errors import CoreError
from core.evaluation.metrics import wilson_interval
from core.runs import store
from dashboard import state
from dashboard.curves import name_run
from dashboard.layout import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.config import FieldInfo
    from core.runs.store import RunEntry, RunRecord

UNREADABLE = "unreadable"
MOST_PROBLEMS = 5
# They have columns of their own.
_SHOWN_ANYWAY = {"model.name", "data.dataset"}
COLUMNS = {
    "Name": st.column_config.TextColumn(pinned=True, width=150),
    "Test accuracy, %": st.column_config.NumberColumn(format="%.2f", help="Of the test digits, after training."),
    "95 % interval": st.column_config.TextColumn(
        help="Wilson interval, per cent: with other test digits of the same kind, the accuracy would likely lie in it."
    ),
    "Best validation, %": st.column_config.NumberColumn(
        format="%.2f", help="Highest validation accuracy of any epoch."
    ),
    "Last validation, %": st.column_config.NumberColumn(
        format="%.2f", help="Validation accuracy after the last epoch, whose weights are kept."
    ),
    "Training time, s": st.column_config.NumberColumn(format="%.1f"),
    "Parameters": st.column_config.NumberColumn(format="localized"),
    "Created": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
    "Tags": st.column_config.ListColumn(),
    "Note": st.column_config.TextColumn(width="medium"),
}
_RESULTS = (
    "Name",
    "Status",
    "Test accuracy, %",
    "Right",
    "95 % interval",
    "Best validation, %",
    "Last validation, %",
    "Training time, s",
    "Recipe",
    "Model",
    "Parameters",
    "Dataset",
)
# The settings that differ stand in between.
_WORDS = ("Created", "Tags", "Note", "Id")
_ONLY_IF_ANY = ("Best validation, %", "Last validation, %", "Tags", "Note")


def describe_state(entry: RunEntry) -> str:
    """Return the word for a run's state."""
    return state.STATE_WORDS[entry.state] if entry.state else UNREADABLE


def render_filters(entries: Sequence[RunEntry]) -> list[RunEntry]:
    """Draw what narrows the list, kept in the address, and return the runs that pass."""
    with st.container(horizontal=True, vertical_alignment="center", key="runs-filters"):
        text = st.text_input(
            "Find",
            key="find",
            bind="query-params",
            placeholder="name, recipe, tag, note or id",
            width=260,
            label_visibility="collapsed",
        )
        keeps = [lambda entry: _matches_text(entry, text)]
        with st.popover("Filters", key="runs-more-filters"):
            keeps += [
                _render_filter("Status", "states", entries, lambda entry: [describe_state(entry)]),
                _render_filter("Recipe", "recipes", entries, lambda entry: _read(entry, "recipe")),
                _render_filter("Model", "models", entries, lambda entry: _read(entry, "model")),
                _render_filter("Dataset", "datasets", entries, lambda entry: _read(entry, "dataset")),
                _render_filter("Tag", "tags", entries, lambda entry: entry.record.tags if entry.record else []),
            ]
        listed = [entry for entry in entries if all(keep(entry) for keep in keeps)]
        n, total = len(listed), len(entries)
        words = f"{total:,} {'run' if total == 1 else 'runs'}" if n == total else f"{n:,} of {total:,} runs"
        st.caption(words, width="content")
    return listed


def _render_filter(
    label: str, key: str, entries: Sequence[RunEntry], read: Callable[[RunEntry], list[str]]
) -> Callable[[RunEntry], bool]:
    """Draw the choice of values and return whether a run has one of them; none chosen lets every run pass."""
    options = sorted({value for entry in entries for value in read(entry)})
    wanted = set(st.multiselect(label, options, key=key, bind="query-params", placeholder="any"))
    return lambda entry: not wanted or not wanted.isdisjoint(read(entry))


def _read(entry: RunEntry, name: str) -> list[str]:
    return [getattr(entry.record, name)] if entry.record else []


def _matches_text(entry: RunEntry, text: str) -> bool:
    record = entry.record
    parts = [entry.run.id]
    if record:
        parts += [record.name, record.recipe, record.model, record.note, *record.tags]
    words = text.lower().split()
    return all(any(word in part.lower() for part in parts) for word in words)


def read_configs(entries: Sequence[RunEntry]) -> dict[str, TrainConfig]:
    """Return the settings by run id; runs without readable settings (damaged ones, ensembles) are left out."""
    configs = {}
    for entry in entries:
        if entry.record is None or entry.record.members:
            continue
        try:
            configs[entry.run.id] = store.read_config(entry.run)
        except CoreError:
            continue  # its row stays, with these columns empty
    return configs


def pick_fields(paths: Sequence[str]) -> list[FieldInfo]:
    """Return the fields at these paths that the table does not show anyway."""
    fields = {field.path: field for field in list_fields()}
    return [fields[path] for path in paths if path not in _SHOWN_ANYWAY]


def label_fields(fields: Sequence[FieldInfo]) -> dict[str, FieldInfo]:
    """Return the fields by a heading that is theirs alone."""
    labels = [field.label for field in fields]
    return {
        field.label if labels.count(field.label) == 1 else f"{field.part.capitalize()}: {field.label.lower()}": field
        for field in fields
    }


def build_table(entries: Sequence[RunEntry], fields: Sequence[FieldInfo]) -> pd.DataFrame:
    """Return a row for each run, its id as the index.

    Args:
        entries: in the order of the rows.
        fields: settings to show, a column each.
    """
    configs = read_configs(entries)
    headings = label_fields(fields)
    rows = []
    for entry in entries:
        row = _describe(entry)
        config = configs.get(entry.run.id)
        for label, field in headings.items():
            row[label] = None if config is None else write_setting(get_value(config, field.path))
        rows.append(row | {"Id": entry.run.id})
    index = pd.Index([entry.run.id for entry in entries], name="id")
    table = pd.DataFrame(rows, index=index, columns=[*_RESULTS, *headings, *_WORDS])
    return table.drop(columns=[name for name in _ONLY_IF_ANY if not any(_is_told(row.get(name)) for row in rows)])


def write_setting(value: Any) -> Any:
    """Return a setting as a cell: numbers and words stay, truth values become words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def to_percent(share: float | None) -> float | None:
    """Return a fraction as a percentage: the table's own percentages leave out trailing zeros."""
    return None if share is None else 100 * share


def _is_told(value: object) -> bool:
    return value is not None and value not in ("", [])


def _describe(entry: RunEntry) -> dict[str, Any]:
    record = entry.record
    if record is None:
        return {"Name": entry.run.id, "Status": UNREADABLE, "Tags": [], "Note": entry.problem}
    return {
        "Name": name_run(record),
        "Status": describe_state(entry),
        **_describe_result(record),
        "Best validation, %": to_percent(record.best_validation_accuracy),
        "Last validation, %": to_percent(record.validation_accuracy),
        "Training time, s": record.train_seconds or None,
        "Recipe": record.recipe,
        "Model": record.model,
        "Parameters": record.parameters or None,
        "Dataset": record.dataset,
        # In the time zone of this machine, which is where the page is looked at.
        "Created": datetime.fromisoformat(record.created).astimezone().replace(tzinfo=None),
        "Tags": record.tags,
        "Note": record.note,
    }


def _describe_result(record: RunRecord) -> dict[str, Any]:
    correct, total = record.test_correct or 0, record.test_total
    if not total:
        return {"Test accuracy, %": None, "Right": None, "95 % interval": None}
    low, high = wilson_interval(correct, total)
    return {
        "Test accuracy, %": to_percent(correct / total),
        "Right": f"{correct:,} of {total:,}",
        "95 % interval": f"{100 * low:.2f}–{100 * high:.2f}",
    }


def render_problems(entries: Sequence[RunEntry]) -> None:
    """Say of each unreadable run why it is."""
    problems = [entry for entry in entries if entry.record is None]
    for entry in problems[:MOST_PROBLEMS]:
        st.caption(f"{escape(entry.run.id)}: {escape(entry.problem)}")
    if len(problems) > MOST_PROBLEMS:
        st.caption(f"And {len(problems) - MOST_PROBLEMS:,} more that cannot be read.")
