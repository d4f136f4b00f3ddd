"""The address in the browser, completed with what a page chose by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping

_mount = st.components.v2.component(
    "digits.address",
    html="<div></div>",
    js=(Path(__file__).parent / "components" / "address.js").read_text("utf-8"),
)


def complete_address(parts: Mapping[str, str]) -> None:
    """Write parts into the address without a step in the browser's history.

    `st.query_params` holds them from the next run on. What a person chose goes there at once, as a step to take back.

    Args:
        parts: text by name.
    """
    if any(st.query_params.get(name) != text for name, text in parts.items()):
        _mount(key="address", data={"parts": dict(parts)})
