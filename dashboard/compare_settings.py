"""What two runs were made of, side by side: the facts, and the settings in which they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.charts.words import format_seconds
from core.config import get_value, list_changes, list_fields
from core.errors import CoreError
from core.runs import store
from dashboard.ensembles import name_member
from dashboard.layout import escape_error

if TYPE_CHECKING:
    from core.config import TrainConfig
    from core.runs.store import RunEntry

# Shown whether they differ or not.
_FACTS = ("model.name", "loop.epochs")


def render_differences(first: RunEntry, second: RunEntry, names: tuple[str, str]) -> None:
    """Draw the table of what the two runs are and of every setting in which they differ.

    Args:
        first: a readable run.
        second: another.
        names: of the two, as Markdown.
    """
    if first.record is None or second.record is None:
        return
    st.subheader("Settings that differ", anchor=False)
    try:
        rows = list_facts(first, second) + list_differing_settings(first, second)
    except CoreError as error:
        st.caption(escape_error(error))
        return
    table = pd.DataFrame(rows, columns=["Setting", "First", "Second"])
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        key="setting_differences",
        alt="What the two runs are made of, and the settings in which they differ",
    )
    st.caption(f"First is {names[0]}, second is {names[1]}. Parameters and times of an ensemble are sums.")


def list_facts(first: RunEntry, second: RunEntry) -> list[tuple[str, str, str]]:
    """Return what is said of any two runs: name of the fact, the first run's, the second's."""
    facts = [_describe_run(entry) for entry in (first, second)]
    names = max(facts, key=len)
    return [(name, *(one.get(name, "") for one in facts)) for name in names]


def _describe_run(entry: RunEntry) -> dict[str, str]:
    record, config = entry.record, _read_config(entry)
    if record is None:
        return {}
    return {
        "Recipe": record.recipe,
        "Model": record.model,
        "Parameters": f"{record.parameters:,}",
        "Epochs": "—" if config is None else f"{config.loop.epochs:g}",
        "Training time": format_seconds(record.train_seconds),
        **{f"Member {place}": name_member(name) for place, name in enumerate(record.members, 1)},
    }


def list_differing_settings(first: RunEntry, second: RunEntry) -> list[tuple[str, str, str]]:
    """Return label and both values of every setting in which two runs differ; none for an ensemble, which has no own.

    Raises:
        RunError: if the settings of a run cannot be read.
        ConfigError: if one of them is not valid.
    """
    configs = _read_config(first), _read_config(second)
    if configs[0] is None or configs[1] is None:
        return []
    changed = list_changes(configs[0], configs[1])
    return [
        (field.label + (f" ({field.unit})" if field.unit else ""), *(_write(get_value(c, field.path)) for c in configs))
        for field in list_fields()
        if field.path in changed and field.path not in _FACTS
    ]


def _read_config(entry: RunEntry) -> TrainConfig | None:
    is_ensemble = entry.record is not None and bool(entry.record.members)
    return None if is_ensemble else store.read_config(entry.run)


def _write(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
