"""What the commands share: the options they have in common, and how JSON is printed."""

from __future__ import annotations

import json
import unicodedata
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run id, a unique start of one, latest, best, or a pretrained model.")
]


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def make_printable(text: str) -> str:
    """Return a text without what a terminal would take for a command, whoever wrote it."""
    return "".join(
        sign if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs") else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )
