"""Whom the app contacts: its browser nobody but the server, its server nobody but the dataset's mirrors."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from run_folders import copy_run
from torchvision.datasets import MNIST
from watched import Witness, serve_watched

PAGES = ["", "data", "train", "recipes", "runs", "evaluate", "errors", "draw", "drawings"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory, trained_small):
    """The app without MNIST, with one finished run, and free to ask every mirror that it knows."""
    folder = tmp_path_factory.mktemp("watched")
    copy_run(trained_small, folder / "home")
    with serve_watched(folder, DIGITS_HOME=str(folder / "home"), DIGITS_MIRROR="", DIGITS_OFFLINE="") as served:
        yield served


@pytest.fixture
def stranger():
    """Another server of this machine: its address, and what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = f"<title>stranger</title><iframe id=app src='{self.path[1:]}'></iframe>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.mark.e2e
def test_the_browser_asks_the_server_alone_and_the_server_the_mirrors_alone(watched, open_page):
    address, witness = watched
    own, asked = urlsplit(address).netloc, set()
    page = open_page("about:blank")
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda opened: asked.add(urlsplit(opened.url).netloc))
    for name in PAGES:
        page.goto(f"{address}/{name}")
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    assert asked - {""} == {own}  # blobs and data have no host
    mirrors = {urlsplit(mirror).hostname for mirror in MNIST.mirrors}
    assert witness.list_outside() == mirrors, "the first page without MNIST asks for it"
    for note in witness.list_notes():
        if note["host"] in mirrors:
            assert note["command"][1:] == ["data", "--dataset", "mnist"], "and the server itself asks nobody"


@pytest.mark.e2e
def test_the_browser_refuses_what_a_page_was_made_to_load_from_elsewhere(watched, stranger, browser):
    place, asked = stranger
    page = browser.new_page()
    page.goto(watched[0])
    expect(page.locator("h1")).to_be_visible()
    refused = page.evaluate(
        """async (place) => {
            const refused = [];
            document.addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
            const load = (element) => new Promise((settle) => {
                element.onload = element.onerror = settle;
                document.body.append(element);
            });
            await fetch(place + "/fetched").catch(() => null);
            await load(Object.assign(new Image(), { src: place + "/image" }));
            await load(Object.assign(document.createElement("script"), { src: place + "/script" }));
            const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: place + "/style" });
            await load(style);
            try { new WebSocket(place.replace("http", "ws") + "/socket"); } catch { }
            navigator.sendBeacon(place + "/beacon");
            await new Promise((settle) => setTimeout(settle, 200));
            return refused.length;
        }""",
        place,
    )
    page.close()
    assert refused >= 5
    assert asked == []


@pytest.mark.e2e
def test_another_site_cannot_show_the_app_in_a_frame(watched, stranger, browser):
    page = browser.new_page()
    complaints = []
    page.on("console", lambda line: complaints.append(line.text))
    page.goto(f"{stranger[0]}/{watched[0]}")
    expect(page.locator("#app")).to_be_visible()
    page.wait_for_load_state("networkidle")
    shown = page.frame_locator("#app").locator("#root").count()
    page.close()
    assert shown == 0
    assert any("frame-ancestors" in text for text in complaints), complaints


def test_the_witness_sees_and_refuses(tmp_path, monkeypatch):
    """What proves that nobody is asked has to notice when somebody is."""
    witness = Witness(tmp_path)
    for name, text in witness.environment.items():
        monkeypatch.setenv(name, text)
    code = "import urllib.request; urllib.request.urlopen('http://outside.example/')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "a test lets nobody reach outside.example" in done.stderr
    assert witness.list_outside() == {"outside.example"}
    code = "import socket; socket.socket().connect(('192.0.2.1', 9))"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ("192.0.2.1", 9) in witness.list_connected()
