"""The parts of the README that commands write and nobody types: each between two marks of its own."""

from __future__ import annotations

from pathlib import Path

from core.errors import UsageError
from core.files import replace_file

README = Path(__file__).resolve().parents[2] / "README.md"


def get_marks(mark: str) -> tuple[str, str]:
    """Return the lines before and after the part of that name."""
    return f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"


def write_between(mark: str, text: str, readme: Path | None = None) -> None:
    """Put text between the two marks of a part.

    Args:
        mark: name of the part.
        text: Markdown.
        readme: the file; None takes the project's.

    Raises:
        UsageError: if it is not there, as in an installed package, or lacks the marks.
        RunError: if the disk refuses.
    """
    file = readme or README
    begin, end = get_marks(mark)
    before, found, rest = (file.read_text(encoding="utf-8") if file.is_file() else "").partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise UsageError(f"{file} has no table to write: put the lines {begin} and {end} where it is to stand.")
    with replace_file(file) as temporary:
        temporary.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
