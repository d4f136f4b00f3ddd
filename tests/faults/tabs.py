"""Tabs of the app without a browser: what Streamlit's own front end says to its server over the socket, and hears."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

if TYPE_CHECKING:
    from streamlit.proto.Element_pb2 import Element
    from streamlit.proto.WidgetStates_pb2 import WidgetState

LIMIT_S = 90.0
_TEXTS = ("markdown", "alert", "heading", "text", "code")


@dataclass(frozen=True)
class Shown:
    """An element on the page, and the part of the page that is drawn again when it is used.

    Attributes:
        element: as the server sent it.
        fragment: "" for the whole page.
    """

    element: Element
    fragment: str

    @property
    def kind(self) -> str:
        return str(self.element.WhichOneof("type"))

    @property
    def widget(self) -> Any:
        return getattr(self.element, self.kind)


class Tab:
    """One tab on one page; a context manager that closes it.

    Args:
        address: of the server, "http://…".
        page: of the address, "" for Home.
        query: after its question mark.
    """

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        stream = address.replace("http", "ws", 1) + "/_stcore/stream"
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(stream, subprotocols=["streamlit"], max_size=None))
        self._values: dict[str, WidgetState] = {}
        self._query, self._hash = query, ""
        self._forget()
        self.open(page, query)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the tab."""
        self._open.close()

    def open(self, page: str, query: str = "") -> None:
        """Go to a page of the app, as a click on the navigation does."""
        self._query, self._hash = query, ""
        self._values.clear()
        self._forget()
        self._rerun(page=page)

    def press(self, label: str) -> None:
        """Press a button and wait until the page is drawn."""
        [found] = [one for one in self.list_shown("button") if one.widget.label == label]
        self._rerun(found, trigger_value=True)

    def send_component(self, name: str, value: object) -> None:
        """Let a component say that its state has changed, and wait until the page is drawn."""
        [found] = [one for one in self.list_shown("bidi_component") if name in one.widget.component_name]
        self._rerun(found, json_value=json.dumps(value))

    def poll(self) -> None:
        """Draw again each part of the page that asks to be drawn again from time to time, once."""
        for fragment in list(self._polled):
            if fragment in self._polled:
                self._rerun(fragment=fragment)

    def list_shown(self, kind: str = "") -> list[Shown]:
        """Return what is on the page, from top to bottom."""
        return [one for _, one in sorted(self._shown.items()) if not kind or one.kind == kind]

    def read_text(self) -> str:
        """Return the words on the page."""
        return "\n".join(
            one.widget.body for one in self.list_shown() if one.kind in _TEXTS and hasattr(one.widget, "body")
        )

    @property
    def is_polling(self) -> bool:
        """Whether a part of the page asks to be drawn again from time to time."""
        return bool(self._polled)

    def _forget(self) -> None:
        self._shown: dict[tuple[int, ...], Shown] = {}
        self._polled: dict[str, float] = {}

    def _rerun(self, used: Shown | None = None, *, page: str = "", fragment: str = "", **value: object) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.page_name = self._query, self._hash, page
        state.fragment_id = used.fragment if used else fragment
        state.is_auto_rerun = bool(fragment)
        for kept in self._values.values():
            state.widget_states.widgets.add().CopyFrom(kept)
        if used:
            widget = state.widget_states.widgets.add(id=used.widget.id, **value)
            if "trigger_value" not in value:
                self._values[used.widget.id] = widget
        self._socket.send(message.SerializeToString())
        self._listen()

    def _listen(self) -> None:
        """Hear the server out until the script has ended; an exception on the page is one of the test."""
        end = time.monotonic() + LIMIT_S
        drawn: dict[tuple[int, ...], Shown] = {}
        polled: dict[str, float] = {}
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=max(0.0, end - time.monotonic())))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._hash = message.new_session.page_script_hash
                drawn, polled = {}, {}
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                drawn[tuple(message.metadata.delta_path)] = _check(
                    Shown(message.delta.new_element, message.delta.fragment_id)
                )
            elif kind == "auto_rerun":
                polled[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "stop_auto_rerun":
                self._polled.pop(message.stop_auto_rerun.fragment_id, None)
            elif kind == "navigation":
                self._hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self._query = message.page_info_changed.query_string
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self._forget()  # the whole page was drawn anew
                self._shown |= drawn
                self._polled |= polled
                return


def _check(shown: Shown) -> Shown:
    if shown.kind == "exception":
        raise AssertionError(f"{shown.widget.type} on the page: {shown.widget.message}")
    return shown
