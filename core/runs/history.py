"""What a run wrote while it trained: the lines of metrics.jsonl and the end of train.log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.errors import RunError

if TYPE_CHECKING:
    from core.runs.store import Run


def read_metrics(run: Run, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Read the lines of metrics.jsonl from a byte offset on.

    A last line without its newline is still being written and is left for the next call. If the file has become shorter
    than `offset` (a resumed run cuts what came after its checkpoint), it is read from the start.

    Returns:
        The lines, and the offset to pass next time.
    """
    try:
        with (run.path / "metrics.jsonl").open("rb") as file:
            size = file.seek(0, 2)
            offset = 0 if offset > size else offset
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise RunError(f"{run.path / 'metrics.jsonl'} cannot be read ({error.strerror or error}).") from None
    whole = data[: data.rfind(b"\n") + 1]
    lines = []
    for line in whole.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue  # a line torn by a kill; the resumed run rewrote its step
        if isinstance(value, dict):
            lines.append(value)
    return lines, offset + len(whole)


def read_log_tail(run: Run, n_bytes: int = 4000) -> str:
    """Return the end of train.log, "" if there is none."""
    try:
        with (run.path / "train.log").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - n_bytes))
            # Progress bars overwrite themselves with carriage returns; keep what a terminal would show.
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in lines)
