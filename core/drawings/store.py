"""Drawings on the disk: one PNG each, whose name says when it was made, what it shows and what it is."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core import paths
from core.data.datasets import SIDE
from core.data.picture import read_picture
from core.errors import DataError, ShapeError, UsageError
from core.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

MOST_DRAWINGS = 1000
LONGEST_LABEL = 20
_NAME = re.compile(rf"(\d{{8}}-\d{{6}}-([0-9a-f]{{12}}))_([0-9]{{1,{LONGEST_LABEL}}})\.png", re.ASCII)


@dataclass(frozen=True)
class Drawing:
    """A drawing that is kept.

    Attributes:
        path: the picture, named `<id>_<label>.png`.
        id: when it was made, and twelve digits that stand for its pixels.
        label: what it is: a digit, or the digits of a number from left to right.
    """

    path: Path
    id: str
    label: str

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits, the same for the same pixels."""
        return self.id.rsplit("-", 1)[-1]


def list_drawings() -> list[Drawing]:
    """Return every drawing, newest first; other files in the folder are left alone.

    Raises:
        DataError: if the folder cannot be listed.
    """
    try:
        files = list(paths.drawings_dir().iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(
            f"{paths.drawings_dir()} cannot be listed ({error.strerror or error}); check its permissions."
        ) from None
    found = [Drawing(path, match[1], match[3]) for path in files if (match := _NAME.fullmatch(path.name))]
    return sorted(found, key=lambda drawing: drawing.id, reverse=True)


def find_drawing(name: str) -> Drawing:
    """Return the drawing with this id.

    Raises:
        DataError: if there is none.
    """
    for drawing in list_drawings():
        if drawing.id == name:
            return drawing
    raise DataError(f"The drawing {name[:60]!r} is not there any more.")


def clean_label(text: str) -> str:
    """Return a label as it is kept, without spaces.

    Raises:
        UsageError: if it is not made of 1 to 20 digits.
    """
    label = "".join(text.split())
    if not re.fullmatch(rf"[0-9]{{1,{LONGEST_LABEL}}}", label, re.ASCII):
        given = f"{text[:30]!r} is not" if label else "this one is empty"
        raise UsageError(f"A label is 1 to {LONGEST_LABEL} digits and nothing between, such as 7 or 1984; {given}.")
    return label


def save_drawing(picture: np.ndarray, label: str, kept: list[Drawing] | None = None) -> Drawing:
    """Keep a drawing under its right label; one that is kept already stays as it is.

    Args:
        picture: (h, w) uint8 grey; one of 28×28 is taken for a prepared digit, white ink on black.
        label: a digit, or those of a number from left to right.
        kept: those that are kept, if they are listed already; the new one joins them.

    Raises:
        UsageError: if the label is none, or the picture is kept under another label.
        DataError: if there are 1,000 already, or the disk refuses.
        ShapeError: if the picture is not grey.
    """
    if picture.ndim != 2 or picture.dtype != np.uint8 or not picture.size:
        raise ShapeError(f"A drawing is grey, (h, w) uint8, but got {picture.shape} {picture.dtype}.")
    label, fingerprint = clean_label(label), compute_fingerprint(picture)
    kept = list_drawings() if kept is None else kept
    for drawing in kept:
        if drawing.fingerprint == fingerprint:
            if drawing.label == label:
                return drawing
            raise UsageError(f"This very drawing is kept as {drawing.label} already; change its label there.")
    if len(kept) >= MOST_DRAWINGS:
        raise DataError(f"There are {MOST_DRAWINGS:,} drawings already; delete some, or export and delete them.")
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{fingerprint}"
    path = paths.drawings_dir() / f"{name}_{label}.png"
    _write(path, encode_drawing(picture))
    kept.append(drawing := Drawing(path, name, label))
    return drawing


def relabel_drawing(drawing: Drawing, label: str) -> Drawing:
    """Give a drawing another label, in one step.

    Raises:
        UsageError: if the label is none.
        DataError: if the drawing is gone, or the disk refuses.
    """
    label = clean_label(label)
    path = drawing.path.with_name(f"{drawing.id}_{label}.png")
    try:
        drawing.path.rename(path)
    except OSError as error:
        raise DataError(f"{drawing.path.name} could not be renamed ({error.strerror or error}).") from None
    return Drawing(path, drawing.id, label)


def load_drawing(drawing: Drawing) -> np.ndarray:
    """Return its picture, (h, w) uint8 grey.

    Raises:
        DataError: if it is not there any more.
        ImageError: if it is damaged.
    """
    if not drawing.path.is_file():
        raise DataError(f"The drawing {drawing.id} is not there any more.")
    return read_picture(drawing.path)


def delete_drawing(drawing: Drawing) -> None:
    """Remove a drawing; nothing happens if it is gone already.

    Raises:
        DataError: if the disk refuses.
    """
    try:
        drawing.path.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{drawing.path} could not be deleted ({error.strerror or error}).") from None


def is_prepared(picture: np.ndarray) -> bool:
    """Whether a picture is a digit as networks see them, to be read as it is: 28×28, white ink on black."""
    return picture.shape == (SIDE, SIDE) and float(picture.mean()) < 128


def make_thumbnail(picture: np.ndarray) -> np.ndarray:
    """Return a drawing (h, w) uint8 as a tile (28, 28) uint8, white ink on black, as if all of it were one digit."""
    # SciPy, which is slow to import: pages that list drawings need none of it.
    from core.data.ink import find_ink, prepare_digit

    if is_prepared(picture):
        return picture
    preparation = prepare_digit(find_ink(picture))
    return np.zeros((SIDE, SIDE), np.uint8) if preparation is None else preparation.image


def compute_fingerprint(picture: np.ndarray) -> str:
    """Return twelve hexadecimal digits that stand for the pixels of (h, w) uint8."""
    shape = f"{picture.shape[0]}x{picture.shape[1]}:".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(picture).tobytes()).hexdigest()[:12]


def encode_drawing(picture: np.ndarray) -> bytes:
    """Return (h, w) uint8 as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, format="PNG")
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise DataError(f"{path} could not be written ({error.strerror or error}); free some space.") from None
