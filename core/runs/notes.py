"""What a person writes about a run, kept in notes.json beside run.json.

The trainer rewrites run.json all the time; two writers of one file would undo each other's changes.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError, UsageError
from core.files import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

NAME_LENGTH, TAG_LENGTH, TAG_COUNT, NOTE_LENGTH = 80, 30, 10, 2000


class Notes(BaseModel):
    """What notes.json says.

    `name` is None until a person renames the run: until then run.json's name holds.
    """

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    name: str | None = None
    tags: list[str] = Field(default_factory=list)
    note: str = ""


def read_notes(folder: Path) -> Notes:
    """Read a run folder's notes.json; empty notes if it is missing or damaged, for it must not hide the run."""
    try:
        return Notes.model_validate(read_json(folder / "notes.json"))
    except (RunError, ValidationError):
        return Notes()


def change_notes(
    folder: Path, *, name: str | None = None, tags: list[str] | None = None, note: str | None = None
) -> None:
    """Write notes.json anew with some parts changed.

    Args:
        folder: the run's.
        name: None leaves it, as with the others; spaces are collapsed.
        tags: all of them.
        note: keeps its lines.

    Raises:
        UsageError: if a part is too long, or there are too many tags.
        RunError: if the disk refuses.
    """
    changes: dict[str, object] = {}
    if name is not None:
        changes["name"] = _limit("The name", collapse(name), NAME_LENGTH)
    if tags is not None:
        changes["tags"] = _clean_tags(tags)
    if note is not None:
        lines = "\n".join(collapse(line) for line in note.splitlines()).strip("\n")
        changes["note"] = _limit("The note", lines, NOTE_LENGTH)
    write_json(folder / "notes.json", read_notes(folder).model_copy(update=changes).model_dump())


def _clean_tags(tags: list[str]) -> list[str]:
    """Return the tags without empty ones and repetitions, in their order."""
    kept = list(dict.fromkeys(tag for tag in map(collapse, tags) if tag))
    if len(kept) > TAG_COUNT:
        raise UsageError(f"A run takes at most {TAG_COUNT} tags, and these are {len(kept)}; leave some out.")
    return [_limit(f"The tag '{tag[:TAG_LENGTH]}…'", tag, TAG_LENGTH) for tag in kept]


def collapse(text: str) -> str:
    """Return a text on one line, without what a terminal takes for a command or no file can hold."""
    shown = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cs") else " " for sign in text)
    return " ".join(shown.split())


def _limit(what: str, text: str, length: int) -> str:
    if len(text) > length:
        raise UsageError(f"{what} has {len(text):,} characters; at most {length:,} are kept, so shorten it.")
    return text
