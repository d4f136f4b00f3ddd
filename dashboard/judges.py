"""What every run says of one drawing: a row for each, and where they differ, it shows."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from core.drawings.store import compute_fingerprint
from core.errors import CoreError
from dashboard import loaders, state
from dashboard.gallery import format_probability
from dashboard.layout import escape as escape_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.judge import Reading
    from core.runs.store import RunEntry

# The newest runs that judge without being asked; as many networks stay in the cache.
MOST_NEWEST = 8
NOTHING = "nothing"
STYLE = """
<style>
.judges { overflow-x: auto; }
.judges table { width: 100%; border-collapse: collapse; font-size: .9rem; margin: 0; }
.judges th, .judges td { text-align: left; padding: .25rem .6rem .25rem 0; border: 0; white-space: nowrap; }
.judges tr { border-bottom: 1px solid light-dark(#dcd7ca, #3a3e45); }
.judges thead th { font-weight: 400; font-size: .8rem; opacity: .75; }
.judges td.number { font-variant-numeric: tabular-nums; }
.judges td.reads { font-weight: 700; font-size: 1.05rem; letter-spacing: .04em; }
.judges .differs td { color: light-dark(#a8480a, #f0a35e); }
.judges mark { background: none; color: inherit; font-weight: 700; border-bottom: 2px solid; }
.judges td.run { max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
</style>
"""


def list_judges(entries: Sequence[RunEntry], *, everyone: bool = False) -> list[RunEntry]:
    """Return the finished runs that can read a drawing: ensembles and the project's own always, of others the newest.

    Args:
        entries: all runs, newest first.
        everyone: whether to leave none out.
    """
    able = [entry for entry in entries if state.is_completed(entry) and state.has_model(entry)]
    if everyone:
        return able
    plain = [entry for entry in able if not entry.run.pretrained and not (entry.record and entry.record.members)]
    left_out = {entry.run.id for entry in plain[MOST_NEWEST:]}
    return [entry for entry in able if entry.run.id not in left_out]


def render_judges(picture: NDArray[np.uint8], entries: Sequence[RunEntry], *, key: str) -> None:
    """Draw the table of what every run reads, as soon as it is opened.

    Args:
        picture: (h, w) uint8 grey.
        entries: all runs, newest first.
        key: unique on the page.
    """
    judges, able = list_judges(entries), list_judges(entries, everyone=True)
    if len(able) < 2:
        return
    # Asking them all takes longer than the one answer that a stroke waits for, so it is done only where it is seen.
    table = st.expander(f"What all {len(able)} runs say", key=f"judges_{key}", on_change="rerun")
    if not table.open:
        return
    with table:
        if len(able) > len(judges) and st.toggle(
            f"Ask all {len(able)}, not just the newest", key=f"judges_{key}_everyone"
        ):
            judges = able
        with st.spinner("Asking the networks …", show_time=False):
            readings, problems = _ask(picture, judges)
        st.markdown(describe_agreement([reading for _, reading in readings]))
        st.html(STYLE)
        st.html(build_table(readings))
        for problem in problems:
            st.caption(escape_markdown(problem))


def _ask(picture: NDArray[np.uint8], judges: Sequence[RunEntry]) -> tuple[list[tuple[RunEntry, Reading]], list[str]]:
    fingerprint = compute_fingerprint(picture)
    readings, problems = [], []
    for entry in judges:
        try:
            readings.append((entry, loaders.read_drawing(entry.run, fingerprint, picture)))
        except CoreError as error:
            problems.append(str(error))
    return readings, problems


def find_majority(readings: Sequence[Reading]) -> str | None:
    """Return what most read; None if no answer is ahead of the others."""
    ranked = Counter(reading.text for reading in readings).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def describe_agreement(readings: Sequence[Reading]) -> str:
    """Say in one sentence how far they agree."""
    counts = Counter(reading.text or NOTHING for reading in readings).most_common()
    if not counts:
        return "No run could be asked."
    if len(counts) == 1:
        return f"All {len(readings)} read **{counts[0][0]}**." if len(readings) > 1 else f"It reads **{counts[0][0]}**."
    said = ", ".join(f"{count} read{'s' if count == 1 else ''} **{text}**" for text, count in counts)
    return f"They differ: of {len(readings)}, {said}."


def build_table(readings: Sequence[tuple[RunEntry, Reading]], label: str | None = None) -> str:
    """Return the table as HTML, a row for each run, marked where it differs from most, or from what is right.

    Args:
        readings: of each run.
        label: what is right, where that is known.
    """
    reference = find_majority([reading for _, reading in readings]) if label is None else label
    word = "≠ differs" if label is None else "✗ wrong"
    rows = "".join(_build_row(entry, reading, reference, word) for entry, reading in readings)
    heads = "".join(f'<th scope="col">{words}</th>' for words in ("reads", "how sure", "", "run"))
    return f'<div class="judges" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _build_row(entry: RunEntry, reading: Reading, reference: str | None, word: str) -> str:
    differs = reference is not None and reading.text != reference
    sure = format_probability(reading.shown_sureness) if reading.text else "—"
    title = escape(", ".join(format_probability(value) for value in reading.sure))
    return (
        f'<tr class="{"differs" if differs else ""}">'
        f'<td class="reads">{_mark_differences(reading.text, reference)}</td>'
        f'<td class="number" title="{title}">{sure}</td><td>{word if differs else ""}</td>'
        f'<td class="run">{escape(state.describe_entry(entry))}</td></tr>'
    )


def _mark_differences(text: str, reference: str | None) -> str:
    """Return the answer with a mark on each digit that is another than the reference's."""
    if not text:
        return NOTHING
    if reference is None or len(text) != len(reference):
        return text
    pairs = zip(text, reference, strict=True)
    return "".join(digit if digit == other else f"<mark>{digit}</mark>" for digit, other in pairs)
