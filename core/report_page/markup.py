"""Text in, HTML out. Whatever is passed as text is escaped; only what these functions return is HTML already."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than its text.

    Attributes:
        text: what it says.
        shade: how dark its paper is, from 0 for bare to 1 for full ink; None for a plain cell.
        is_marked: whether to set it off as something to notice; the text must say so too.
    """

    text: str
    shade: float | None = None
    is_marked: bool = False


def escape(text: str) -> str:
    """Return a text so that HTML shows it as it stands, between tags and within quotes."""
    return html.escape(text, quote=True)


def build_paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; `kind` is "", "about" for what explains, "notice" or "note"."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def build_section(name: str, title: str, *parts: str) -> str:
    """Return a section with its heading.

    Args:
        name: what links within the page call it.
        title: the heading.
        parts: HTML, in order.
    """
    return f'<section id="{escape(name)}"><h2>{escape(title)}</h2>{"".join(parts)}</section>'


def build_table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str | Cell]], *, kind: str = "numbers"
) -> str:
    """Return a table whose first column names the rows; on a narrow screen it scrolls by itself.

    Args:
        caption: what it shows.
        head: one name for each column.
        rows: as many cells each; plain strings are text.
        kind: "numbers" sets all but the first column flush right; "list" sets all flush left; "words" is name, value
            and meaning; "facts" is a name and a value of any length; "matrix" has square cells.
    """
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f"<tr>{''.join(_build_cell(cell, place == 0) for place, cell in enumerate(row))}</tr>" for row in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table{_class(kind)}>'
        f"<caption>{escape(caption)}</caption><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _build_cell(cell: str | Cell, is_head: bool) -> str:
    content = cell if isinstance(cell, Cell) else Cell(cell)
    kinds = [word for word, wanted in (("marked", content.is_marked), ("inked", (content.shade or 0) > 0.55)) if wanted]
    shade = "" if content.shade is None else f' style="--shade:{100 * content.shade:.0f}%"'
    text = escape(content.text).replace(" %", "\N{NO-BREAK SPACE}%")
    inside = f"{_class(' '.join(kinds))}{shade}>{text}"
    return f'<th scope="row"{inside}</th>' if is_head else f"<td{inside}</td>"


def build_details(summary: str, content: str) -> str:
    """Return HTML folded away under a line of text."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def _class(names: str) -> str:
    return f' class="{escape(names)}"' if names else ""
