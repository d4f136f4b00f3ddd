"""Mirrors that lie, lead elsewhere or never end, and downloads that are killed: nothing half is ever taken for whole.

What a network does without ill will is in tests/core/data/test_download.py.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import torchvision
from mirrors import JUNK
from streamlit.testing.v1 import AppTest

from core.data import datasets, download, download_status, mnist_files
from core.data.download import fetch_mnist
from core.data.download_status import ARCHIVE_BYTES
from core.data.mnist_files import mnist_dir
from core.errors import DataError
from core.paths import datasets_dir

SMALL = "t10k-labels-idx1-ubyte.gz"
LARGE = "train-images-idx3-ubyte.gz"

pytestmark = pytest.mark.usefixtures("no_network")


def assert_whole():
    assert set(mnist_files.read_raw_files(mnist_dir())) == set(mnist_files.RAW_FILES)
    assert not (datasets_dir() / ".mnist.staging").exists()


@pytest.mark.parametrize("fault", ["extended", "short", "vast", "negative"])
def test_a_mirror_that_lies_about_its_length_is_asked_once_more(mirror, monkeypatch, fault):
    mirror.faults[SMALL] = [fault]
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    fetch_mnist(mnist_dir())
    assert_whole()
    # Of the other two all has arrived, whatever was said of it.
    assert mirror.sent.count(SMALL) == (1 if fault in ("negative", "vast") else 2)


def test_a_transfer_that_does_not_end_is_cut_off_where_the_archive_would_end(mirror, second_mirror, monkeypatch):
    mirror.faults[SMALL] = ["endless"] * 9
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [second_mirror.url])
    seen = []
    fetch_mnist(mnist_dir(), seen.append)
    assert_whole()
    assert mirror.sent.count(SMALL) == download.TRIES_PER_MIRROR
    assert any(f"{SMALL} from {mirror.url} is longer than it can be" in one.message for one in seen)
    done = [one.bytes_done for one in seen]
    assert max(done) == sum(ARCHIVE_BYTES.values())


@pytest.mark.parametrize("fault", ["dripping", "slow header", "slow chunks"])
def test_a_mirror_that_sends_a_byte_now_and_then_is_left(mirror, second_mirror, monkeypatch, fault):
    monkeypatch.setattr(download, "ARCHIVE_LIMIT_S", 1.0)
    mirror.faults[SMALL] = [fault] * 9
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [second_mirror.url])
    seen = []
    started = time.monotonic()
    fetch_mnist(mnist_dir(), seen.append)
    assert time.monotonic() - started < 30
    assert_whole()
    assert any("did not arrive within 1 seconds" in one.message for one in seen)


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/mnist", "file:///etc", "ftp://127.0.0.1", "data:text/plain"]
)
def test_a_mirror_that_leads_elsewhere_is_not_followed(mirror, second_mirror, monkeypatch, target):
    port = second_mirror.server.server_port
    mirror.elsewhere = target.format(port=port)
    mirror.faults = {name: ["redirect"] * 9 for name in ARCHIVE_BYTES}
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    with pytest.raises(DataError, match=mirror.url):
        fetch_mnist(mnist_dir())
    assert len(mirror.sent) <= download.TRIES_PER_MIRROR
    assert second_mirror.sent == []
    assert not mnist_dir().exists()


def test_a_redirect_on_the_same_host_is_followed(mirror, second_mirror, monkeypatch):
    mirror.elsewhere = second_mirror.url
    mirror.faults = {SMALL: ["redirect"]}
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    fetch_mnist(mnist_dir())
    assert_whole()
    assert second_mirror.sent == [SMALL]


def test_redirects_in_a_circle_end(mirror, monkeypatch):
    mirror.elsewhere = mirror.url
    mirror.faults = {LARGE: ["redirect"] * 500}
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    with pytest.raises(DataError, match=f"{mirror.url} answered 302 for {LARGE}"):
        fetch_mnist(mnist_dir())
    assert len(mirror.sent) < 50


def test_the_page_shows_the_reason_as_text_and_the_bundled_digits(mirror, monkeypatch):
    from dashboard.layout import escape

    def page():
        import streamlit as st

        from dashboard.loaders import choose_dataset
        from dashboard.notice import render_dataset_notice

        render_dataset_notice()
        st.text(choose_dataset())

    mirror.faults = {LARGE: ["junk"] * 9}
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    with pytest.raises(DataError, match="broke off"):
        fetch_mnist(mnist_dir())
    at = AppTest.from_function(page, default_timeout=30).run()
    assert at.text[0].value == "sklearn-digits"
    [warning] = at.warning
    assert "1,797 digits bundled with scikit-learn" in warning.value
    assert escape(JUNK) in warning.value
    assert JUNK not in warning.value


@pytest.mark.parametrize("kind", ["device", "pipe", "huge"])
def test_a_folder_that_holds_something_else_is_refused_at_once(archives, monkeypatch, tmp_path, kind):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ARCHIVE_BYTES:
        (folder / name).symlink_to(archives / name)
    (folder / LARGE).unlink()
    if kind == "device":
        (folder / LARGE).symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(folder / LARGE)
    else:
        with (folder / LARGE).open("wb") as file:
            file.truncate(10**12)
    monkeypatch.setenv("DIGITS_MIRROR", str(folder))
    started = time.monotonic()
    with pytest.raises(DataError, match=f"{LARGE} from {folder} is damaged"):
        fetch_mnist(mnist_dir())
    assert time.monotonic() - started < 20
    assert not mnist_dir().exists()


@pytest.mark.parametrize("kind", ["pipe", "huge"])
def test_a_cached_file_that_is_something_else_is_not_read(archives, monkeypatch, kind):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    fetch_mnist(mnist_dir())
    file = mnist_dir() / "train-images-idx3-ubyte"
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        with file.open("wb") as opened:
            opened.truncate(10**12)
    assert not datasets.is_cached("mnist")
    with pytest.raises(DataError, match="train-images-idx3-ubyte is damaged"):
        mnist_files.read_raw_files(mnist_dir())
    datasets.load("mnist")
    assert_whole()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 5_000_000, b"one\ntwo\x00three"])
def test_a_note_on_the_origin_that_is_none_is_left_out_or_cut(archives, monkeypatch, content):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    fetch_mnist(mnist_dir())
    (mnist_dir() / "origin.txt").write_bytes(content)
    words = mnist_files.read_origin(mnist_dir())
    assert len(words) <= 500
    assert "\n" not in words
    assert datasets.load("mnist").source.endswith(words)


WHOLE = {
    "state": "failed",
    "pid": 1,
    "process_started": 0,
    "message": "",
    "bytes_done": 0,
    "bytes_total": 1,
    "updated": 0,
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(WHOLE | {"state": "downloading", "pid": "one"}),
        json.dumps(WHOLE | {"message": 5}),
        json.dumps(WHOLE | {"bytes_done": "a", "bytes_total": []}),
        json.dumps(WHOLE | {"state": "done"}),
        "[" * 100_000,
        "9" * 10_000,
        "null",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_a_status_that_is_none_is_passed_over(text):
    datasets_dir().mkdir(parents=True)
    (datasets_dir() / "mnist.download.json").write_bytes(text.encode("latin-1"))
    assert download_status.read_status() is None


# Where a fetch can be killed: after an archive is unpacked, before or after the folder is moved into place.
_FETCH_AND_DIE = """
import os, pathlib, sys
from core.data import download, mnist_files

moment, number = sys.argv[1], int(sys.argv[2])
finished, replace, calls = download._Meter.end, pathlib.Path.replace, []

def die_at(here):
    calls.append(here)
    if calls.count(moment) == number:
        os.kill(os.getpid(), 9)

def end(self, file):
    finished(self, file)
    die_at("unpacked")

def move(self, target):
    is_cache = self.name == ".mnist.staging"
    die_at("moving" if is_cache else "")
    replace(self, target)
    die_at("moved" if is_cache else "")

download._Meter.end, pathlib.Path.replace = end, move
download.fetch_mnist(mnist_files.mnist_dir())
"""


@pytest.mark.parametrize("moment", ["unpacked 2", "moving 1", "moved 1"])
def test_a_kill_leaves_a_whole_cache_or_none(archives, monkeypatch, moment):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    done = subprocess.run([sys.executable, "-c", _FETCH_AND_DIE, *moment.split()], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert datasets.is_cached("mnist") is (moment == "moved 1")
    status = download_status.read_status()
    assert status.state == ("ready" if moment == "moved 1" else "failed")
    assert len(datasets.load("mnist").train.labels) == 60_000
    assert_whole()


def test_a_process_that_waits_for_another_takes_over_when_that_is_killed(mirror, monkeypatch):
    mirror.faults[LARGE] = ["hanging"]
    code = "from core.data.datasets import load; print('asks', flush=True); print(load('mnist').checksum)"
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    monkeypatch.setenv("DIGITS_OFFLINE", "1")

    def start():
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    with start() as first:
        end = time.monotonic() + 60
        while not mirror.sent:
            assert time.monotonic() < end
            time.sleep(0.05)
        with start() as second:
            assert second.stdout.readline() == "asks\n"
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(timeout=1)
            assert mirror.sent == [LARGE]
            first.kill()
            output, _ = second.communicate(timeout=120)
    assert second.returncode == 0
    assert len(output.strip()) == 64
    assert_whole()


def test_a_mirror_that_never_answers_is_left(monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_S", 1.0)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        monkeypatch.setenv("DIGITS_MIRROR", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(DataError, match="did not answer within 1 seconds"):
            fetch_mnist(mnist_dir())
        assert time.monotonic() - started < 30
    assert not mnist_dir().exists()
