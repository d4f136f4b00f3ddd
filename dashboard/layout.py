"""What every page shares: the style, the header, and two columns that stack sensibly on a phone."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamlit.delta_generator import DeltaGenerator

# Streamlit leaves room for a toolbar that the viewer mode does not show; without it a page begins higher.
_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 4.2rem; padding-bottom: 3rem; max-width: 1320px; }
[data-testid="stMainBlockContainer"] h1 { font-size: 1.7rem; padding: 0; }
[data-testid="stMetricValue"] { font-size: 1.5rem; }
/* Streamlit's own Stop breaks off the drawing of a page, and would be taken for the one that stops a training. */
[data-testid="stStatusWidget"] [data-testid="stBaseButton-header"] { display: none; }
/* It draws nothing, and takes no room either. */
.st-key-address { position: absolute; }
[data-testid="stButtonGroup"] [role="toolbar"] { flex-wrap: wrap; }
/* A chip is read out as 'Remove the filter: true 4' and looks like '× true 4'. */
[class*="st-key-remove_"] button { min-height: 2rem; padding: 0 0.6rem; border-radius: 1rem; }
[class*="st-key-remove_"] p { font-size: 0; }
[class*="st-key-remove_"] em { font-size: 0.9rem; font-style: normal; }
[class*="st-key-remove_"] em::before { content: "× "; content: "× " / ""; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
  /* The recipe is chosen at the top of a phone's page, where its card would else be two screens away. */
  .st-key-side-by-side-recipes > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:last-child {
    order: -1;
  }
  /* On a phone a container with this key, the detail of a digit, lies over the foot of the sheet it was chosen from. */
  [class*="st-key-side-by-side"] [data-testid="stColumn"]:has(.st-key-open-digit) {
    position: sticky; bottom: 0; z-index: 2; max-height: 50vh; overflow-y: auto; padding: 0.75rem 0;
    background: light-dark(#fbfaf6, #17191d); border-top: 2px solid light-dark(#dcd7ca, #3a3e45);
  }
}
@media (min-width: 641px) {
  /* The companion stays in sight while a long sheet scrolls. */
  [class*="st-key-side-by-side"] > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:last-child {
    position: sticky; top: 4.2rem; align-self: flex-start; max-height: calc(100vh - 4.5rem); overflow-y: auto;
  }
}
</style>
"""


def apply_style() -> None:
    """Send the few rules of style that the theme cannot express."""
    st.html(_STYLE)


def render_header(title: str, purpose: str) -> None:
    """Draw a page's title and the one line on what it is for."""
    st.title(title, anchor=False)
    st.caption(purpose)


@contextmanager
def side_by_side(name: str, widths: tuple[float, float] = (3, 2)) -> Iterator[tuple[DeltaGenerator, DeltaGenerator]]:
    """Give a wide column and its companion, which stays in sight while the wide one scrolls; beneath it on a phone.

    Args:
        name: unique on the page.
        widths: of the two.
    """
    with st.container(key=f"side-by-side-{name}"):
        main, companion = st.columns(widths, gap="medium")
        yield main, companion


def format_share(correct: int, total: int, interval: tuple[float, float] | None = None) -> str:
    """Write an accuracy the way every page does: '99.12 % (9,912 of 10,000) [98.92–99.29]'."""
    if total == 0:
        return "— (0 of 0)"
    text = f"{100 * correct / total:.2f} % ({correct:,} of {total:,})"
    return text if interval is None else f"{text} [{100 * interval[0]:.2f}–{100 * interval[1]:.2f}]"


def escape(text: str) -> str:
    """Return a text that a person or a program wrote so that Markdown shows it as it stands."""
    escaped = re.sub(r"([\\`*_\[\]$~<#&]|:(?=[\w+-]))", r"\\\1", text)
    escaped = re.sub(r"(?m)^(\s*)([-+>])|^(\s*\d+)([.)])", r"\1\3\\\2\4", escaped)
    # An address becomes a link whatever stands before its signs, unless something invisible parts it.
    return re.sub(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", "\u2060", escaped)


def escape_error(error: Exception) -> str:
    """Return an error's sentence so that Markdown shows it as it stands, and the commands it advises as commands."""
    parts = re.split(r"(`python -m core [^`\n]*`)", str(error))
    return "".join(part if number % 2 else escape(part) for number, part in enumerate(parts))
