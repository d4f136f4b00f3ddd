"""Who may speak to the app: this machine's own pages of it, and nobody else, whatever a browser is led to send."""

import re
import socket
from urllib.parse import urlsplit

import psutil
import pytest
from watched import serve_watched

HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example:{port}",
    "127.0.0.1@evil.example",
    "evil.example#127.0.0.1",
    "127.0.0.2:{port}",
    "[::2]:{port}",
    "",
    None,
]
ORIGINS = [
    "http://evil.example",
    "http://evil.example:{port}",
    "https://127.0.0.1.evil.example",
    "http://127.0.0.1:1",  # another program of this machine, and not necessarily of this person
    "http://localhost:1",
    "http://[",
    "null",
    "",
]
PATHS = ["/", "/runs", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/_stcore/agent/openapi.json"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory, shared_home):
    folder = tmp_path_factory.mktemp("watched")
    with serve_watched(folder, DIGITS_HOME=str(folder / "home"), DIGITS_OFFLINE="1") as (address, witness):
        yield address, witness


@pytest.fixture
def port(watched) -> int:
    return urlsplit(watched[0]).port


def ask(port: int, path: str, headers: dict[str, str | None], method: str = "GET") -> tuple[int, str]:
    """Send exactly these headers, as no browser library would, and return status and the beginning of the answer."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items() if text is not None)]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = b""
        while b" 101 " not in answer[:14] and (portion := connection.recv(65_536)):
            answer += portion
    return int(answer.split()[1]), answer.decode("latin-1")


def open_websocket(port: int, host: str | None, origin: str | None) -> int:
    """Ask for the connection that drives the app, and return the status: 101 where it is granted."""
    headers = {
        "Host": host,
        "Origin": origin,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "streamlit",
    }
    return ask(port, "/_stcore/stream", headers)[0]


def test_only_this_machine_can_connect(port):
    listening = [one for one in psutil.net_connections("inet") if one.status == "LISTEN" and one.laddr.port == port]
    assert {one.laddr.ip for one in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_app_itself_is_answered(port, name):
    host = f"{name}:{port}"
    status, answer = ask(port, "/", {"Host": host, "Connection": "close"})
    assert status == 200
    assert "<title>Streamlit</title>" in answer
    assert open_websocket(port, host, f"http://{host}") == 101
    assert open_websocket(port, host, None) == 101, "a program of this machine, which could do anything anyway"


@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_host_gets_nothing(watched, port, host):
    host = host and host.format(port=port)
    for path in PATHS:
        status, answer = ask(port, path, {"Host": host, "Connection": "close"})
        assert status in (400, 403), path
        assert "Streamlit" not in answer
    assert open_websocket(port, host, f"http://{host}") in (400, 403)
    assert open_websocket(port, host, f"http://127.0.0.1:{port}") in (400, 403)
    assert watched[1].list_outside() == set(), "nor is anyone asked about it"


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_foreign_origin_gets_nothing(watched, port, origin):
    headers = {"Host": f"127.0.0.1:{port}", "Origin": origin.format(port=port), "Connection": "close"}
    for path in PATHS:
        assert ask(port, path, headers)[0] == 403, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(port, "/_stcore/upload_file/a/b", headers | {"Content-Length": "0"}, method)[0] == 403
    assert open_websocket(port, headers["Host"], headers["Origin"]) == 403
    assert watched[1].list_outside() == set(), "nor is anyone asked about it"


def test_every_answer_forbids_foreign_frames_and_foreign_contents(port):
    for path in PATHS:
        answer = ask(port, path, {"Host": f"127.0.0.1:{port}", "Connection": "close"})[1]
        [policy] = re.findall(r"(?i)content-security-policy: (.*)\r\n", answer)
        assert "frame-ancestors 'self'" in policy
        assert "http" not in policy
        assert re.search(r"(?i)x-content-type-options: nosniff\r\n", answer)
