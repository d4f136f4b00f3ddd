"""Downloads from real servers on the loopback interface, with every fault that a network has."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torchvision

from core.data import datasets, download, download_status, mnist_files
from core.data.download import fetch_mnist
from core.data.download_status import ARCHIVE_BYTES, TOTAL_BYTES, DownloadStatus, read_status
from core.data.mnist_files import mnist_dir
from core.errors import DataError
from core.paths import datasets_dir

_SMALL = "t10k-labels-idx1-ubyte.gz"
_LARGE = "train-images-idx3-ubyte.gz"


pytestmark = pytest.mark.usefixtures("no_network")


def _assert_whole(folder: Path) -> None:
    assert set(mnist_files.read_raw_files(folder)) == set(mnist_files.RAW_FILES)
    assert {path.name for path in folder.glob("*.gz")} == set(ARCHIVE_BYTES)
    assert not (folder.parent / ".mnist.staging").exists()
    status = read_status()
    assert status is not None
    assert (status.state, status.bytes_done, status.pid) == ("ready", TOTAL_BYTES, os.getpid())


def _assert_nothing_left() -> None:
    assert not mnist_dir().exists()
    assert not (datasets_dir() / ".mnist.staging").exists()
    status = read_status()
    assert status is not None
    assert status.state == "failed"


def test_clean_download_counts_every_byte_and_is_quiet(mirror, monkeypatch, capfd):
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    seen = []
    limit, retrieve = socket.getdefaulttimeout(), torchvision.datasets.utils._urlretrieve
    words = fetch_mnist(mnist_dir(), seen.append)
    assert mirror.url in words
    _assert_whole(mnist_dir())
    assert mirror.sent == list(ARCHIVE_BYTES)
    done = [progress.bytes_done for progress in seen]
    assert done == sorted(done)
    assert done[-1] == TOTAL_BYTES == seen[-1].bytes_total
    assert len(set(done)) > 100
    assert capfd.readouterr() == ("", "")
    assert (socket.getdefaulttimeout(), torchvision.datasets.utils._urlretrieve) == (limit, retrieve)


def test_whole_cache_is_not_fetched_again(mirror, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    words = fetch_mnist(mnist_dir())
    assert fetch_mnist(mnist_dir()) == words
    assert len(mirror.sent) == len(ARCHIVE_BYTES)


@pytest.mark.parametrize("fault", ["truncated", "corrupt"])
def test_damaged_transfer_is_tried_again(mirror, monkeypatch, fault):
    mirror.faults[_SMALL] = [fault]
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    seen = []
    fetch_mnist(mnist_dir(), seen.append)
    _assert_whole(mnist_dir())
    assert mirror.sent.count(_SMALL) == 2
    assert any("checksum does not match, trying again" in progress.message for progress in seen)


def test_mirror_that_stays_damaged_is_given_up_after_two_tries(mirror, monkeypatch):
    mirror.faults[_LARGE] = ["truncated"] * 5
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    with pytest.raises(DataError, match=rf"{_LARGE} from {mirror.url} is damaged.*cannot be reached.*then retry\."):
        fetch_mnist(mnist_dir())
    assert mirror.sent == [_LARGE, _LARGE]
    _assert_nothing_left()


def test_missing_file_is_taken_from_the_next_mirror(mirror, second_mirror, monkeypatch):
    mirror.faults[_SMALL] = ["missing"] * 5
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [f"{second_mirror.url}/"])
    seen = []
    words = fetch_mnist(mnist_dir(), seen.append)
    _assert_whole(mnist_dir())
    assert mirror.sent.count(_SMALL) == 1
    assert second_mirror.sent == [_SMALL]
    assert f"{mirror.url} and {second_mirror.url}/" in words
    assert any("answered 404" in progress.message for progress in seen)


def test_hanging_mirror_is_left_after_the_time_limit(mirror, second_mirror, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_S", 1.5)
    mirror.faults[_LARGE] = ["hanging"] * 5
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [second_mirror.url])
    seen = []
    started = time.monotonic()
    fetch_mnist(mnist_dir(), seen.append)
    assert time.monotonic() - started < 20
    _assert_whole(mnist_dir())
    assert any("did not answer within" in progress.message for progress in seen)


def test_folder_mirror_needs_no_network(archives, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    assert str(archives) in fetch_mnist(mnist_dir())
    _assert_whole(mnist_dir())


def test_folder_without_a_file_falls_through_to_the_mirrors(archives, mirror, monkeypatch, tmp_path):
    folder = tmp_path / "part"
    shutil.copytree(archives, folder)
    (folder / _SMALL).unlink()
    monkeypatch.setenv("DIGITS_MIRROR", str(folder))
    with pytest.raises(DataError, match=f"the folder {folder} has no {_SMALL}"):
        fetch_mnist(mnist_dir())
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [mirror.url])
    fetch_mnist(mnist_dir())
    _assert_whole(mnist_dir())
    assert mirror.sent == [_SMALL]


def test_damaged_archive_in_a_folder_is_refused(archives, monkeypatch, tmp_path):
    folder = tmp_path / "altered"
    shutil.copytree(archives, folder)
    (folder / _SMALL).chmod(0o644)
    (folder / _SMALL).write_bytes(b"not an archive")
    monkeypatch.setenv("DIGITS_MIRROR", str(folder))
    with pytest.raises(DataError, match=f"{_SMALL} from {folder} is damaged"):
        fetch_mnist(mnist_dir())
    _assert_nothing_left()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no/such/folder", "neither an http address nor a folder"),
        ("ftp://127.0.0.1/mnist", "neither an http address nor a folder"),
        ("http://[127.0.0.1", "is not an address"),
        ("http://127.0.0.1:port/", "is not an address"),
    ],
)
def test_unusable_mirror_is_named(monkeypatch, value, words):
    monkeypatch.setenv("DIGITS_MIRROR", value)
    with pytest.raises(DataError, match=words) as caught:
        fetch_mnist(mnist_dir())
    assert value in str(caught.value)


def test_no_network_says_what_to_do():
    with pytest.raises(DataError) as caught:
        datasets.load("mnist")
    message = str(caught.value)
    assert message.startswith("MNIST cannot be downloaded: http://127.0.0.1:")
    assert "cannot be reached (Connection refused)" in message
    assert message.endswith(
        "Connect to the network, or set DIGITS_MIRROR to an address or a folder that has the four archives, then retry."
    )
    _assert_nothing_left()
    assert read_status().message == message


def test_home_that_cannot_be_written_is_explained(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("DIGITS_HOME", str(blocked))
    with pytest.raises(DataError, match=r"cannot be stored in .*DIGITS_HOME"):
        fetch_mnist(mnist_dir())


def test_full_disk_is_not_blamed_on_the_mirror(archives, monkeypatch):
    def copy_onto_full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    monkeypatch.setattr(shutil, "copyfile", copy_onto_full_disk)
    with pytest.raises(DataError, match=r"cannot be stored in .*No space left.*make room"):
        fetch_mnist(mnist_dir())
    _assert_nothing_left()


@pytest.mark.parametrize("damage", ["altered", "cut", "removed"])
def test_damaged_cache_is_replaced(archives, monkeypatch, caplog, damage):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    checksum = datasets.load("mnist").checksum
    datasets.clear_cache()
    file = mnist_dir() / "train-images-idx3-ubyte"
    if damage == "altered":
        with file.open("r+b") as opened:
            opened.seek(1_000_000)
            opened.write(b"\xaa\x55\xaa")
    elif damage == "cut":
        os.truncate(file, 1_000_000)
    else:
        file.unlink()
    assert datasets.is_cached("mnist") is (damage == "altered")
    seen = []
    assert datasets.load("mnist", seen.append).checksum == checksum
    _assert_whole(mnist_dir())
    assert "train-images-idx3-ubyte" in caplog.text
    assert "MNIST must be fetched again." in seen[0].message


def test_damaged_cache_without_network_is_not_used(archives, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    fetch_mnist(mnist_dir())
    os.truncate(mnist_dir() / "t10k-labels-idx1-ubyte", 10_007)
    monkeypatch.delenv("DIGITS_MIRROR")
    with pytest.raises(DataError, match="cannot be downloaded"):
        datasets.load("mnist")
    _assert_nothing_left()


def test_interrupted_download_leaves_nothing(mirror, monkeypatch):
    def interrupt(progress: download.DownloadProgress) -> None:
        if progress.bytes_done > 1_000_000:
            raise KeyboardInterrupt

    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    with pytest.raises(KeyboardInterrupt):
        fetch_mnist(mnist_dir(), interrupt)
    _assert_nothing_left()
    assert read_status().message == "The download was interrupted."


def test_threads_share_one_download_and_one_copy(mirror, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(datasets.load, ["mnist"] * 4)
    assert all(data is first for data in others)
    assert sorted(mirror.sent) == sorted(ARCHIVE_BYTES)


_LOAD = """
import sys
from torchvision.datasets import MNIST
MNIST.mirrors = [sys.argv[1]]
from core.data.datasets import load
print(load("mnist").checksum)
"""


def _start_loading(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _LOAD, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_download_once(mirror):
    with _start_loading(mirror.url) as one, _start_loading(mirror.url) as other:
        outputs = [process.communicate(timeout=120) for process in (one, other)]
    assert [process.returncode for process in (one, other)] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0] != ""
    assert sorted(mirror.sent) == sorted(ARCHIVE_BYTES)


def test_killed_download_reads_as_failed_and_can_be_repeated(mirror, monkeypatch):
    mirror.faults[_LARGE] = ["hanging"]
    with _start_loading(mirror.url) as process:
        deadline = time.monotonic() + 60
        while not mirror.sent and time.monotonic() < deadline:
            time.sleep(0.05)
        status = read_status()
        assert status is not None
        assert (status.state, status.pid) == ("downloading", process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert read_status() == replace(status, state="failed", message="The download was interrupted.")
    assert (datasets_dir() / ".mnist.staging").exists()
    monkeypatch.setenv("DIGITS_MIRROR", mirror.url)
    fetch_mnist(mnist_dir())
    _assert_whole(mnist_dir())


def _own_status() -> DownloadStatus:
    own = psutil.Process()
    return DownloadStatus("downloading", own.pid, own.create_time(), "Fetching.", 5, TOTAL_BYTES, time.time())


def test_status_round_trip():
    assert read_status() is None
    download_status.write_status(_own_status())
    assert replace(read_status(), updated=0) == replace(_own_status(), updated=0)


def test_status_of_another_process_with_the_same_pid_reads_as_failed():
    download_status.write_status(replace(_own_status(), process_started=1.0))
    assert read_status().state == "failed"


def test_status_of_a_cache_that_was_removed_is_none():
    download_status.write_status(replace(_own_status(), state="ready"))
    assert read_status() is None


def test_status_of_a_zombie_reads_as_failed():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        started = psutil.Process(process.pid).create_time()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.02)
        download_status.write_status(replace(_own_status(), pid=process.pid, process_started=started))
        assert read_status().state == "failed"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "ready"}'])
def test_unreadable_status_is_none(text):
    datasets_dir().mkdir(parents=True)
    (datasets_dir() / "mnist.download.json").write_text(text)
    assert read_status() is None


def test_start_download_does_nothing_while_one_runs():
    download_status.write_status(_own_status())
    download_status.start_download()
    assert not (datasets_dir() / "mnist.download.log").exists()
    assert read_status().pid == os.getpid()


def test_start_download_runs_the_command_line_to_the_end(archives, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", str(archives))
    download_status.start_download()
    deadline = time.monotonic() + 120
    while read_status().state == "downloading" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert read_status().state == "ready", (datasets_dir() / "mnist.download.log").read_text()
    assert datasets.is_cached("mnist")


def test_offline_asks_no_public_mirror(mirror, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [mirror.url])
    monkeypatch.setenv("DIGITS_OFFLINE", "1")
    with pytest.raises(DataError, match="DIGITS_OFFLINE=1 forbids it"):
        fetch_mnist(mnist_dir())
    assert mirror.sent == []
