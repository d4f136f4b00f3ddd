"""Digits in memory: every image of a dataset as one array, loaded once per process. Imports no torch."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.catalog import DATASETS, DatasetSpec, get_dataset_spec
from core.data.download import fetch_mnist
from core.data.mnist_files import is_complete, mnist_dir, read_origin, read_raw_files
from core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.data.download import DownloadProgress

CLASS_NAMES = tuple("0123456789")
SIDE = 28

# Splits are the same for every run, whatever its own seed; changing this would make stored figures incomparable.
_SPLIT_SEED = 20_240_229


@dataclass(frozen=True)
class Split:
    """One part of a dataset.

    The arrays stay writable, as torch.from_numpy warns of any other; they are shared by all of the process, so copy
    before changing anything.

    Attributes:
        images: (n, 28, 28) uint8, white ink (255) on black (0).
        labels: (n,) int64 in 0..9.
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class DigitData:
    """A dataset in memory.

    Attributes:
        name: as in the catalogue.
        title: what pages call it.
        train: the training part, validation digits included.
        test: the test part.
        class_names: name of each label.
        checksum: sha256 over images and labels of train, then of test.
        source: who made it and where this copy came from.
    """

    name: str
    title: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    checksum: str
    source: str


_loaded: dict[str, DigitData] = {}
_locks = {spec.name: threading.Lock() for spec in DATASETS}


def load(name: str, on_progress: Callable[[DownloadProgress], None] | None = None) -> DigitData:
    """Return a dataset, one copy for all threads of the process; MNIST is downloaded if it is not there.

    Args:
        name: as in the catalogue.
        on_progress: told how a download goes on; not called if there is none.

    Raises:
        UsageError: if there is no such dataset.
        DataError: if it cannot be downloaded or stored.
    """
    spec = get_dataset_spec(name)
    with _locks[name]:
        if name not in _loaded:
            _loaded[name] = _load_mnist(spec, on_progress) if name == "mnist" else _load_sklearn_digits(spec)
        return _loaded[name]


def is_cached(name: str) -> bool:
    """Whether `load` needs no download; looks at file sizes only."""
    return get_dataset_spec(name).name != "mnist" or is_complete(mnist_dir())


def clear_cache() -> None:
    """Forget what this process has loaded; the next `load` reads from disk."""
    _loaded.clear()


def _load_mnist(spec: DatasetSpec, on_progress: Callable[[DownloadProgress], None] | None) -> DigitData:
    folder = mnist_dir()
    try:
        files = read_raw_files(folder)
    except DataError:
        fetch_mnist(folder, on_progress)
        files = read_raw_files(folder)
    train = _read_idx(files, "train")
    test = _read_idx(files, "t10k")
    return _describe(spec, train, test, f"{spec.source}; {read_origin(folder)}")


def _read_idx(files: dict[str, np.ndarray], part: str) -> Split:
    """Cut the images and labels of one part out of its two IDX files, whose headers are 16 and 8 bytes long."""
    images = files[f"{part}-images-idx3-ubyte"]
    labels = files[f"{part}-labels-idx1-ubyte"]
    magic, n, height, width = (int(value) for value in images[:16].view(">u4"))
    label_magic, n_labels = (int(value) for value in labels[:8].view(">u4"))
    if (magic, height, width, label_magic, n) != (0x803, SIDE, SIDE, 0x801, n_labels):
        raise DataError(f"The {part} files of MNIST do not belong together; remove {mnist_dir()} and load it again.")
    return Split(images[16:].reshape(n, SIDE, SIDE), labels[8:].astype(np.int64))


def _load_sklearn_digits(spec: DatasetSpec) -> DigitData:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images, labels = _enlarge(bunch.images), bunch.target.astype(np.int64)
    train, test = split_indices(labels, validation_size=spec.test_size)
    return _describe(spec, Split(images[train], labels[train]), Split(images[test], labels[test]), spec.source)


def _enlarge(small: np.ndarray) -> np.ndarray:
    """Turn 8×8 digits into 28×28 ones, placed as MNIST's are.

    Args:
        small: (n, 8, 8) float, ink 0..16.

    Returns:
        (n, 28, 28) uint8: 20×20 digits whose centre of mass lies within half a pixel of (14, 14), largest ink 255.

    Source: LeCun et al. 1998, section III.A; the position (14, 14) is measured on MNIST's own digits.
    """
    from scipy.ndimage import zoom

    digits = zoom(small, (1, 2.5, 2.5), order=3, grid_mode=True, mode="nearest").clip(min=0)  # (n, 20, 20)
    digits *= 255 / digits.max(axis=(1, 2), keepdims=True)
    placed = np.pad(digits, ((0, 0), (8, 8), (8, 8)))  # (n, 36, 36): the frame and 4 px to shift in
    mass = placed.sum(axis=(1, 2))
    grid = np.arange(placed.shape[1])
    rows = placed.sum(axis=2) @ grid / mass
    columns = placed.sum(axis=1) @ grid / mass
    # Pixel (top + 14, left + 14) becomes (14, 14); beyond ±4 px ink would leave the frame.
    top = np.rint(rows - SIDE / 2).astype(int).clip(0, 8)[:, None, None] + np.arange(SIDE)[:, None]
    left = np.rint(columns - SIDE / 2).astype(int).clip(0, 8)[:, None, None] + np.arange(SIDE)
    framed: np.ndarray = np.rint(placed[np.arange(len(placed))[:, None, None], top, left]).astype(np.uint8)
    return framed


def _describe(spec: DatasetSpec, train: Split, test: Split, source: str) -> DigitData:
    digest = hashlib.sha256()
    for array in (train.images, train.labels, test.images, test.labels):
        digest.update(np.ascontiguousarray(array).data)
    return DigitData(spec.name, spec.title, train, test, CLASS_NAMES, digest.hexdigest(), source)


def split_indices(
    labels: np.ndarray, validation_size: int, train_size: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split a training part into training and validation digits, the same way each time.

    All digits are put into one fixed order of which every beginning and every end has the classes in the proportions
    of the whole. Training takes from its beginning, validation from its end; so a smaller part is a subset of a larger.

    Args:
        labels: (n,) int64.
        validation_size: digits to hold out, 0..n.
        train_size: digits to train on; None takes all the others.

    Returns:
        Training and validation indices, each int64 and ascending.

    Raises:
        ConfigError: if the sizes are negative or do not fit into n.
    """
    n = len(labels)
    wanted = n - validation_size if train_size is None else train_size
    if validation_size < 0 or wanted < 1 or wanted + validation_size > n:
        problem = f"{wanted} training and {validation_size} validation digits cannot be taken from {n}."
        raise ConfigError([f"{problem} Choose other sizes."])
    shuffled = np.random.default_rng(_SPLIT_SEED).permutation(n)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.unique(labels, return_counts=True)[1]
    # The k-th of a class's c digits belongs at the share (k + ½)/c of the order.
    share = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    order = by_class[np.argsort(share, kind="stable")].astype(np.int64)
    return np.sort(order[:wanted]), np.sort(order[n - validation_size :])
