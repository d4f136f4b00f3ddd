"""The app with a witness: every address that its processes look up or connect to is written down, and those outside
this machine are refused before a packet leaves."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.benchmarks.app import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Python runs it at the start of every process that finds it on its path, so also of those that the server starts.
_WITNESS = """
import json, os, sys

def _witness(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        socket, address = arguments
        if not isinstance(address, tuple):
            return  # a socket in the file system
        host, port = address[:2]
    elif event == "socket.getaddrinfo":
        host, port = arguments[:2]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    with open(os.environ["DIGITS_WITNESS"], "a") as file:
        file.write(json.dumps({"event": event, "host": host, "port": port, "command": sys.argv}) + "\\n")
    if host not in (None, "", "127.0.0.1", "::1", "localhost"):
        raise OSError(f"a test lets nobody reach {host}")

sys.addaudithook(_witness)
"""


class Witness:
    """What was written down.

    Attributes:
        folder: of the witness and its notes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sitecustomize.py").write_text(_WITNESS)
        (folder / "notes.jsonl").touch()

    @property
    def environment(self) -> dict[str, str]:
        """Variables that bring it into every Python process which inherits them."""
        path = os.pathsep.join(filter(None, [str(self.folder), os.environ.get("PYTHONPATH")]))
        return {"PYTHONPATH": path, "DIGITS_WITNESS": str(self.folder / "notes.jsonl")}

    def list_notes(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "notes.jsonl").read_text().splitlines()]

    def list_connected(self) -> set[tuple[str, int]]:
        """Return host and port of every connection that was tried."""
        return {(one["host"], one["port"]) for one in self.list_notes() if one["event"] != "socket.getaddrinfo"}

    def list_outside(self) -> set[str]:
        """Return every host but this machine that was looked up or connected to."""
        own = (None, "", "127.0.0.1", "::1", "localhost")
        return {one["host"] for one in self.list_notes()} - set(own)


@contextmanager
def serve_watched(folder: Path, **environment: str) -> Iterator[tuple[str, Witness]]:
    """Run the app with a witness; give its address and the witness.

    Args:
        folder: an empty one, for the witness and the server's log.
        environment: variables of the server.
    """
    witness = Witness(folder)
    with serve_app(folder / "server.log", **witness.environment, **environment) as address:
        yield address, witness
