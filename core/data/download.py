"""Fetch MNIST with torchvision's own downloader, so that a cache is either whole or not there.

Everything that changes the cache happens under one file lock, in a staging folder that is moved into place at the end.
The progress goes to a callback and to a small JSON file, by which a page follows a download in another process.
"""

from __future__ import annotations

import errno
import http.client
import logging
import os
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from filelock import FileLock

from core.data.download_status import ARCHIVE_BYTES, INTERRUPTED, TOTAL_BYTES, build_status, write_status
from core.data.mnist_files import ORIGIN_FILE, read_origin, read_raw_files
from core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger(__name__)

TIMEOUT_S = 15.0
# A mirror may send a byte now and then for ever, and each of them in time.
ARCHIVE_LIMIT_S = 600.0
TRIES_PER_MIRROR = 2

_STATUS_INTERVAL_S = 0.2
_PORTION_BYTES = 32_768


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is.

    Attributes:
        file: archive at hand.
        bytes_done: of all four archives together.
        bytes_total: of all four archives together.
        message: one line for a person.
    """

    file: str
    bytes_done: int
    bytes_total: int
    message: str


def fetch_mnist(folder: Path, on_progress: Callable[[DownloadProgress], None] | None = None) -> str:
    """Make sure that a whole MNIST lies in `folder`, downloading it if need be; a damaged one is replaced.

    DIGITS_MIRROR (an http or https address, or a folder with the four archives) is tried before torchvision's mirrors,
    which DIGITS_OFFLINE=1 leaves out. The archives are kept beside the unpacked files, so that the folder can serve as
    a mirror in turn.
    A second process that asks at the same time waits, and finds the first one's files.

    Returns:
        Words on where the files came from.

    Raises:
        DataError: if no mirror delivers, or the folder cannot be written; nothing half done is left behind.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / ".mnist.lock"):
            return _fetch_locked(folder, _Meter(on_progress))
    except OSError as error:
        raise DataError(
            f"MNIST cannot be stored in {folder} ({error.strerror or error}); make room there, or set DIGITS_HOME to "
            "a folder that can be written, then retry."
        ) from error


def _fetch_locked(folder: Path, meter: _Meter) -> str:
    staging = folder.with_name(".mnist.staging")
    state: Literal["ready", "failed"] = "failed"
    message = INTERRUPTED
    try:
        if folder.exists():
            try:
                read_raw_files(folder)
            except DataError as error:
                _log.warning("%s", error)
                meter.say(str(error))
                shutil.rmtree(folder)
        if not folder.exists():
            # A killed download leaves its staging folder; whoever holds the lock may clear it.
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            _fill(staging, meter)
            staging.replace(folder)
        state, message = "ready", f"MNIST is ready: {read_origin(folder)}."
        meter.bytes_before, meter.bytes_current = TOTAL_BYTES, 0
        return read_origin(folder)
    except (DataError, OSError) as error:
        message = str(error)
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        meter.finish(state, message)


def _fill(staging: Path, meter: _Meter) -> None:
    """Unpack the four files into an empty folder, each from the first mirror that delivers it.

    Raises:
        DataError: naming what failed at which mirror.
    """
    from torchvision.datasets import MNIST

    own = os.environ.get("DIGITS_MIRROR", "").strip()
    offline = os.environ.get("DIGITS_OFFLINE") == "1"
    missing: dict[str, str] = dict(MNIST.resources)  # archive -> md5
    used, failures = [], []
    with _settings_of_torchvision(meter):
        for mirror in [*([own] if own else []), *([] if offline else MNIST.mirrors)]:
            before = len(missing)
            try:
                for name in list(missing):
                    _fetch_archive(mirror, name, missing[name], staging, meter)
                    del missing[name]
            except DataError as error:
                failures.append(str(error))
                meter.say(f"{error}.")
            if len(missing) < before:
                used.append(mirror)
            if not missing:
                break
    if missing:
        reasons = "; ".join(failures) or "DIGITS_OFFLINE=1 forbids it"
        raise DataError(
            f"MNIST cannot be downloaded: {reasons}. Connect to the network, or set DIGITS_MIRROR to an "
            "address or a folder that has the four archives, then retry."
        )
    (staging / ORIGIN_FILE).write_text(f"fetched from {' and '.join(used)} on {time.strftime('%Y-%m-%d')}", "utf-8")


def _fetch_archive(mirror: str, name: str, md5: str, staging: Path, meter: _Meter) -> None:
    """Download, check and unpack one archive, with a second try if it arrives damaged.

    Raises:
        DataError: half a sentence on what failed at this mirror.
    """
    from torchvision.datasets.utils import check_integrity, download_and_extract_archive

    archive = staging / name
    is_address = mirror.startswith(("http://", "https://"))
    url = f"{mirror.rstrip('/')}/{name}"
    for attempt in range(1, TRIES_PER_MIRROR + 1):
        meter.begin(name)
        try:
            if not is_address:
                _copy_archive(Path(mirror).expanduser() / name, archive)
                if not check_integrity(archive, md5):
                    raise RuntimeError
            with meter.connections.limit(ARCHIVE_LIMIT_S):
                download_and_extract_archive(url, download_root=staging, filename=name, md5=md5, remove_finished=False)
            meter.end(name)
            return
        except (_TransferError, RuntimeError, OSError, ValueError, http.client.HTTPException) as error:
            archive.unlink(missing_ok=True)
            reason = _explain(error, mirror, name)
            # A wrong or dead address, and a file on disk, are no better a moment later.
            hopeless = isinstance(error, (urllib.error.URLError, ValueError, http.client.InvalidURL))
            if hopeless or not is_address or attempt == TRIES_PER_MIRROR:
                raise DataError(reason) from error
            _log.warning("%s; trying again", reason)
            meter.say(f"{reason}, trying again.")


def _copy_archive(source: Path, target: Path) -> None:
    """Copy an archive out of a folder; what has not its size (or is a pipe, which has none) is not even opened."""
    if source.stat().st_size != ARCHIVE_BYTES.get(source.name):
        raise RuntimeError
    shutil.copyfile(source, target)


def _explain(error: Exception, mirror: str, name: str) -> str:
    """Say in half a sentence why a mirror did not deliver; a full disk is no mirror's fault and is raised again."""
    if isinstance(error, _TransferError):
        return f"{name} from {mirror} {error}"
    if isinstance(error, RecursionError):
        return f"{mirror} leads from one address to the next without end"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        raise error
    if isinstance(error, urllib.error.HTTPError):
        return f"{mirror} answered {error.code} for {name}"
    if isinstance(error, (ValueError, http.client.InvalidURL)):
        return f"{mirror} is not an address ({error})"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"{mirror} did not answer within {TIMEOUT_S:.0f} seconds"
    if isinstance(error, urllib.error.URLError):
        return f"{mirror} cannot be reached ({getattr(reason, 'strerror', None) or reason})"
    if isinstance(error, FileNotFoundError) and not Path(mirror).expanduser().is_dir():
        return f"{mirror} (from DIGITS_MIRROR) is neither an http address nor a folder"
    if isinstance(error, FileNotFoundError):
        return f"the folder {mirror} has no {name}"
    if isinstance(error, RuntimeError):
        return f"{name} from {mirror} is damaged, its checksum does not match"
    return f"{name} from {mirror} broke off ({error})"


class _TransferError(Exception):
    """A transfer is broken off; the message says why, after the names of file and mirror.

    No CoreError, as it never leaves this file, and no OSError, of which torchvision makes a second try of its own.
    """


class _StayAtHome(urllib.request.HTTPRedirectHandler):
    """Follow a mirror to another address on the same host only: nobody is contacted whom the person has not named."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        target = urlsplit(newurl)
        if target.scheme not in ("http", "https") or target.hostname != urlsplit(req.full_url).hostname:
            raise urllib.error.URLError(f"it leads to {target.hostname or target.scheme}, which is not asked")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Connections:
    """The connections of one transfer, which are cut when its time is up, whatever is being waited for.

    A socket's own limit starts anew with each byte: one that comes now and then, in the header of an answer or in the
    length of a chunk, would hold us for ever.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._is_late = threading.Event()

    def build_handlers(self) -> list[urllib.request.BaseHandler]:
        """Return urllib's two handlers of connections, which report here what they open."""
        watch = self._watch

        class Watching(urllib.request.AbstractHTTPHandler):
            def do_open(self, http_class: Any, req: urllib.request.Request, **arguments: Any) -> Any:
                class Watched(http_class):  # type: ignore[misc]
                    def connect(self) -> None:
                        super().connect()
                        watch(self.sock)

                return super().do_open(Watched, req, **arguments)

        class Http(Watching, urllib.request.HTTPHandler):
            pass

        class Https(Watching, urllib.request.HTTPSHandler):
            pass

        return [Http(), Https()]

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Give what is transferred inside so much time.

        Raises:
            _TransferError: if that was not enough.
        """
        self._is_late.clear()
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (RuntimeError, OSError, ValueError, http.client.HTTPException) as error:
            if self._is_late.is_set():
                raise _TransferError(f"did not arrive within {seconds:.0f} seconds") from error
            raise
        finally:
            timer.cancel()
            timer.join()  # it may have begun to cut
            self._sockets.clear()

    def _watch(self, connection: socket.socket) -> None:
        self._sockets.append(connection)
        if self._is_late.is_set():  # opened after the others were cut
            self._cut()

    def _cut(self) -> None:
        self._is_late.set()
        for one in self._sockets:
            with suppress(OSError):  # closed in the meantime
                one.shutdown(socket.SHUT_RDWR)


class _Meter:
    """Counts bytes for a callback and the status file, and breaks off what is too long."""

    def __init__(self, on_progress: Callable[[DownloadProgress], None] | None) -> None:
        self.on_progress = on_progress
        self.connections = _Connections()
        self.file = ""
        self.message = ""
        self.bytes_before = 0  # of archives that are done
        self.bytes_current = 0  # of the archive at hand
        self.last_written = 0.0

    def begin(self, file: str) -> None:
        self.file, self.bytes_current = file, 0
        self.say(f"Fetching {file}.")

    def end(self, file: str) -> None:
        self.bytes_before += ARCHIVE_BYTES.get(file, 0)
        self.bytes_current = 0
        self.say(f"{file} is whole.")

    def say(self, message: str) -> None:
        self.message, self.last_written = message, 0.0
        self.update(0)

    def update(self, n_bytes: int) -> None:
        self.bytes_current += n_bytes
        if self.on_progress:
            self.on_progress(DownloadProgress(self.file, self.bytes_done, TOTAL_BYTES, self.message))
        if time.monotonic() - self.last_written >= _STATUS_INTERVAL_S:
            self.last_written = time.monotonic()
            write_status(build_status("downloading", self.message, self.bytes_done))

    def finish(self, state: Literal["ready", "failed"], message: str) -> None:
        write_status(build_status(state, message, self.bytes_done))

    @property
    def bytes_done(self) -> int:
        return min(self.bytes_before + self.bytes_current, TOTAL_BYTES)

    def retrieve(self, url: str, filename: str | Path, *_: Any) -> None:
        """Store what an address gives; in torchvision's place, which would store whatever comes.

        Raises:
            _TransferError: if it is longer than the archive.
        """
        with urllib.request.urlopen(url) as response, Path(filename).open("wb") as file:
            while portion := response.read1(_PORTION_BYTES):
                if self.bytes_current + len(portion) > ARCHIVE_BYTES.get(self.file, 0):
                    raise _TransferError("is longer than it can be")
                file.write(portion)
                self.update(len(portion))


@contextmanager
def _settings_of_torchvision(meter: _Meter) -> Iterator[None]:
    """Give torchvision's downloader our limits and our rule on redirects; it takes none as an argument.

    Without the time limit a mirror that accepts and then says nothing would hold us forever.
    """
    from torchvision.datasets import utils

    retrieve, limit, opener = utils._urlretrieve, socket.getdefaulttimeout(), urllib.request._opener  # type: ignore[attr-defined]
    utils._urlretrieve = meter.retrieve
    socket.setdefaulttimeout(TIMEOUT_S)
    urllib.request.install_opener(urllib.request.build_opener(_StayAtHome, *meter.connections.build_handlers()))
    try:
        yield
    finally:
        utils._urlretrieve = retrieve
        socket.setdefaulttimeout(limit)
        urllib.request.install_opener(opener)
