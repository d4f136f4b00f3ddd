"""Writing files so that a reader, or a power cut, never meets half of one."""

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import RunError

# The largest of the JSON files, a report, has some 50 kB.
MOST_JSON_BYTES = 64_000_000


_REFUSALS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
}


def describe_refusal(error: BaseException) -> str:
    """Say in a sentence what the disk refused, "" if the error is of another kind."""
    if not isinstance(error, OSError) or error.errno not in _REFUSALS:
        return ""
    what = error.filename or "A file"
    return f"{what} could not be written ({error.strerror}); free some space or check its permissions."


@contextmanager
def explain_refusals(path: Path) -> Iterator[None]:
    """Turn what the disk refuses within the context into a sentence about `path`.

    Raises:
        RunError: if the disk refuses (full, read-only, no permission).
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise  # a lock that another process holds is no refusal of the disk
        raise RunError(
            f"{path} could not be written ({error.strerror or error}); free some space or check its permissions."
        ) from error


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path` in one step.

    Raises:
        RunError: if the disk refuses (full, read-only, no permission); `path` is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with explain_refusals(path):
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        # A disk that refuses this too has been explained above.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path, keep: str) -> None:
    """Remove the temporary files that a killed process left in a folder, but those for a file called `keep`."""
    for path in folder.glob(".*.part"):
        if not path.name.startswith(f".{keep}."):
            path.unlink(missing_ok=True)


def check_links(folder: Path, home: Path) -> None:
    """Refuse a folder that is, or holds, a link to somewhere else than beside it or within `home`.

    Raises:
        RunError: naming the link.
    """
    try:
        with os.scandir(folder) as files:
            links = [Path(file.path) for file in files if file.is_symlink()]
    except OSError:
        links = []  # what is read next says what is wrong
    if folder.is_symlink():
        links.append(folder)
    for link in links:
        target = Path(os.path.realpath(link))  # ends also where links go round in a circle
        if not any(target.is_relative_to(root) for root in (folder.parent.resolve(), home)):
            raise RunError(f"{link} is a link that leads out of {home}; put there what it leads to, or delete it.")


def compute_checksum(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        RunError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}); restore it or delete the run.") from None


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there.

    Raises:
        RunError: if the disk refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path} could not be made ({error.strerror or error}); check its permissions.") from None


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, atomically.

    Raises:
        RunError: if the disk refuses.
    """
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        RunError: if it is missing, not JSON, or nothing that is read as text.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("not a file")  # a pipe would be waited on for ever
        if found.st_size > MOST_JSON_BYTES:
            raise ValueError(f"{found.st_size:,} bytes are too many")
        text = path.read_text(encoding="utf-8")
        value = json.loads(text)
        if "\\ud" in text.lower():  # half a character, escaped, passes for text until it is written or sent
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except FileNotFoundError:
        raise RunError(f"{path} is missing; the folder is not a run, or the run is incomplete.") from None
    except RecursionError:
        raise RunError(f"{path} cannot be read (nested too deeply); restore it or delete the run.") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore it or delete the run.") from None
