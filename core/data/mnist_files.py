"""MNIST's unpacked files on disk: where they lie, whether they are whole, and their bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from core.errors import DataError
from core.paths import datasets_dir

if TYPE_CHECKING:
    from pathlib import Path

# Unpacked file: its bytes, header included, and their sha256.
RAW_FILES = {
    "train-images-idx3-ubyte": (47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    "train-labels-idx1-ubyte": (60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    "t10k-images-idx3-ubyte": (7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    "t10k-labels-idx1-ubyte": (10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}
ORIGIN_FILE = "origin.txt"
_LONGEST_ORIGIN = 500


def mnist_dir() -> Path:
    """Return the folder of MNIST's unpacked files."""
    return datasets_dir() / "mnist"


def is_complete(folder: Path) -> bool:
    """Whether the unpacked files are there with their sizes; their contents are not read."""
    try:
        return all((folder / name).stat().st_size == size for name, (size, _) in RAW_FILES.items())
    except OSError:
        return False


def read_raw_files(folder: Path) -> dict[str, np.ndarray]:
    """Read the unpacked files and check them.

    Returns:
        File name -> (bytes,) uint8, header included.

    Raises:
        DataError: if a file is missing, or is not byte for byte as published.
    """
    contents = {}
    for name, (size, digest) in RAW_FILES.items():
        try:
            # What has another size is not read, however large; a pipe, which has none, would be waited on for ever.
            if (folder / name).stat().st_size != size:
                raise DataError(f"The cached file {name} is damaged: it has another size; MNIST must be fetched again.")
            contents[name] = np.fromfile(folder / name, dtype=np.uint8)
        except OSError as error:
            raise DataError(
                f"The cached file {name} cannot be read ({error.strerror}); MNIST must be fetched again."
            ) from error
        if hashlib.sha256(contents[name].data).hexdigest() != digest:
            raise DataError(
                f"The cached file {name} is damaged: its checksum does not match; MNIST must be fetched again."
            )
    return contents


def read_origin(folder: Path) -> str:
    """Return the words on where the cached files came from, on one line, at most 500 characters."""
    try:
        with (folder / ORIGIN_FILE).open(encoding="utf-8") as file:
            return " ".join(file.read(_LONGEST_ORIGIN).split())
    except (OSError, ValueError):
        return "origin unknown, checksums match"
