"""What is chosen on the Runs page: it stands in the address, and tables show it whatever is filtered or sorted."""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING, Literal

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

# Names in the address: `?view=`, `?runs=id,id`, `?groups=id,id`.
Choice = Literal["runs", "groups"]


def read_chosen(choice: Choice, known: Collection[str]) -> list[str]:
    """Return what the address names, else what was chosen before the person went to another page.

    What is not known is dropped; if the address named it, a sentence says so.

    Args:
        choice: of runs, or of groups.
        known: the ids that can be chosen.
    """
    linked = [name for name in st.query_params.get(choice, "").split(",") if name]
    named = linked or st.session_state.get(_key(choice), [])
    chosen = [name for name in dict.fromkeys(named) if name in known]
    missing = len(set(linked)) - len(chosen) if linked else 0
    if missing > 0:
        one = missing == 1
        st.warning(
            f"{missing:,} of the {choice} in the address {'is' if one else 'are'} not here any more; "
            f"{'it is' if one else 'they are'} left out."
        )
    choose(choice, chosen)
    return chosen


def choose(choice: Choice, names: Sequence[str]) -> None:
    """Make these the chosen ones, here and in the address."""
    st.session_state[_key(choice)] = list(names)
    text = ",".join(names)
    if text and st.query_params.get(choice) != text:
        st.query_params[choice] = text
    elif not text:
        st.query_params.pop(choice, None)


def merge_rows(chosen: Sequence[str], shown: Sequence[str], rows: Sequence[int]) -> list[str]:
    """Return what is chosen after a click in a table: what the table does not show stays as it was.

    Args:
        chosen: ids before the click, in the order in which they were chosen.
        shown: id of each row of the table.
        rows: the rows that are ticked now.
    """
    ticked = [shown[row] for row in rows if row < len(shown)]
    kept = [name for name in chosen if name in ticked or name not in shown]
    return kept + [name for name in ticked if name not in kept]


def render_choosable_table(
    table: pd.DataFrame, choice: Choice, chosen: Sequence[str], columns: Mapping[str, object], alt: str
) -> None:
    """Draw a table whose rows can be ticked; the ticks show what is chosen, and change it.

    Args:
        table: its index holds the ids.
        choice: what its rows are.
        chosen: ids.
        columns: how to draw them, for st.dataframe.
        alt: the table's name.
    """
    shown = [str(name) for name in table.index]
    # Ticks are places in the table: with other rows it is another table, so that no tick moves to another run.
    key = f"{choice}_table_{zlib.crc32(','.join(shown).encode()):08x}"
    rows = [place for place, name in enumerate(shown) if name in chosen]
    ticked = st.session_state.get(key, {}).get("selection", {}).get("rows", [])
    if sorted(ticked) != rows:
        st.session_state[key] = {"selection": {"rows": rows}}
    with st.container(key=f"{choice}-table"):
        st.dataframe(
            table,
            key=key,
            hide_index=True,
            column_config=columns,
            on_select=partial(_note_rows, key, choice, shown),
            selection_mode="multi-row",
            placeholder="",
            alt=alt,
        )


def _note_rows(key: str, choice: Choice, shown: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    choose(choice, merge_rows(st.session_state.get(_key(choice), []), shown, rows))


def _key(choice: Choice) -> str:
    return f"chosen_{choice}"
