"""Records of earlier versions, brought to today's form as they are read; the files stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORD_VERSION = 2


def migrate_record(values: Any, path: Path) -> Any:
    """Return the values of a run.json of any version up to today's as today's program writes them.

    Args:
        values: what the file holds; what is no record at all is given back as it is.
        path: of the file, for the sentence.

    Raises:
        RunError: if a later program wrote it.
    """
    if not isinstance(values, dict):
        return values
    version = values.get("version", 1)
    if not isinstance(version, int):
        return values
    if version > RECORD_VERSION:
        raise RunError(f"{path} has version {version}, and this program reads up to {RECORD_VERSION}; update it.")
    for earlier in range(version, RECORD_VERSION):
        values = {**_STEPS.get(earlier, dict)(values), "version": earlier + 1}
    return values


def _mark_process(values: dict[str, Any]) -> dict[str, Any]:
    """From 1 to 2: a process was known by its start by the clock, which moves when the clock is set."""
    started = values.get("process_started")
    kept = {name: value for name, value in values.items() if name != "process_started"}
    return {**kept, "process": "" if started is None else f"epoch:{started}"}


_STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _mark_process}
