"""Mirrors of MNIST on the loopback interface, with every fault that a server has."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.data import datasets

# No fault goes on for longer, whoever forgets to end it.
_LIMIT_S = 60
JUNK = "`![x](http://evil.example/x.png) <script>alert(1)</script>`"


class Mirror:
    """A server of the archives; `faults[name]` lists what befalls the next transfers of a file.

    Attributes:
        url: its address.
        faults: by name of an archive; "" is a transfer without any.
        sent: names of the archives that were asked for, in order.
        elsewhere: where the fault "redirect" leads.
    """

    def __init__(self, folder: Path) -> None:
        self.faults: dict[str, list[str]] = {}
        self.sent: list[str] = []
        self.elsewhere = ""
        self.released = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                waiting = mirror.faults.get(name, [])
                if self.headers.get("Method") == "HEAD":  # torchvision first looks where the address leads
                    if waiting and waiting[0] == "redirect":
                        mirror.sent.append(name)
                        waiting.pop(0)
                        self.redirect(f"{mirror.elsewhere}/{name}")
                        return
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                mirror.sent.append(name)
                fault = waiting.pop(0) if waiting else ""
                with suppress(ConnectionError):
                    self.send_with(fault, (folder / name).read_bytes())

            def send_with(self, fault: str, body: bytes) -> None:
                if fault == "missing":
                    self.send_error(404)
                    return
                if fault == "junk":
                    self.wfile.write(f"{JUNK}\r\n\r\n".encode())
                    return
                if fault == "slow header":
                    self.wfile.write(b"HTTP/1.0 200 OK\r\nServer: ")
                    self.send_on(fault, b"")
                    return
                if fault == "slow chunks":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    self.send_on(fault, b"")
                    return
                self.send_response(200)
                for name, text in self.describe_length(fault, len(body)).items():
                    self.send_header(name, text)
                self.end_headers()
                if fault in ("hanging", "dripping", "endless"):
                    self.send_on(fault, body)
                elif fault == "corrupt":
                    self.wfile.write(body[:1000] + bytes([body[1000] ^ 255]) + body[1001:])
                elif fault == "truncated":
                    self.wfile.write(body[: len(body) // 2])
                elif fault == "extended":
                    self.wfile.write(body + body[:1000])
                else:
                    self.wfile.write(body)

            def describe_length(self, fault: str, length: int) -> dict[str, str]:
                lies = {"extended": length + 1000, "short": length - 1000, "vast": 10**15, "negative": -5}
                return {} if fault == "endless" else {"Content-Length": str(lies.get(fault, length))}

            def send_on(self, fault: str, body: bytes) -> None:
                """Send on and on, until the client has had enough."""
                end = time.monotonic() + _LIMIT_S
                self.wfile.write(body[:1000])
                self.wfile.flush()
                while time.monotonic() < end and not mirror.released.wait(_LIMIT_S if fault == "hanging" else 0.05):
                    self.wfile.write(bytes(4_000_000) if fault == "endless" else b"0")

            def redirect(self, target: str) -> None:
                self.send_response(302)
                self.send_header("Location", target)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def find_closed_port() -> str:
    """Return an address where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


@pytest.fixture
def no_network(tmp_path, monkeypatch) -> Iterator[None]:
    """An empty home, and in place of torchvision's mirrors one where nobody answers."""
    import torchvision  # not above: every test session imports this file

    monkeypatch.setenv("DIGITS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DIGITS_MIRROR", raising=False)
    monkeypatch.delenv("DIGITS_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [find_closed_port()])
    datasets.clear_cache()
    yield
    datasets.clear_cache()


@pytest.fixture(scope="session")
def archives(mnist_cache) -> Path:
    """The folder of the original archives, which a download keeps."""
    return mnist_cache / "mnist"


@pytest.fixture
def start_mirror(archives) -> Iterator[Callable[[], Mirror]]:
    """Start mirrors of the archives."""
    started = []

    def start() -> Mirror:
        started.append(Mirror(archives))
        return started[-1]

    yield start
    for mirror in started:
        mirror.close()


@pytest.fixture
def mirror(start_mirror) -> Mirror:
    return start_mirror()


@pytest.fixture
def second_mirror(start_mirror) -> Mirror:
    return start_mirror()
