"""What a run wrote while it trained: the lines of metrics.jsonl and the end of train.log."""

from __future__ import annotations

import json
import sys
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
    # A line torn by a kill is none; the resumed run rewrote its step.
    lines = [line for line in map(_parse_line, whole.splitlines()) if line is not None]
    return lines, offset + len(whole)


def _parse_line(text: bytes) -> dict[str, Any] | None:
    """Return a line's figures, None if it is not what the trainer writes: a step, a kind, and finite numbers."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict) or not isinstance(line.get("step"), int) or line["step"] < 0:
        return None
    figures = (value for name, value in line.items() if name != "kind")
    return line if all(value is None or _is_figure(value) for value in figures) else None


def _is_figure(value: object) -> bool:
    # Beyond, whole numbers are not what the browser makes of them, and others not finite.
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= (2**53 if isinstance(value, int) else sys.float_info.max)
    )


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
