"""Drawings as one zip: a CSV with a label for each picture, and the pictures. What comes in is not trusted."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.data.picture import read_picture
from core.drawings.store import (
    MOST_DRAWINGS,
    clean_label,
    list_drawings,
    load_drawing,
    save_drawing,
)
from core.errors import CoreError, DataError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from core.drawings.store import Drawing

TABLE = "drawings.csv"
MOST_BYTES = 20_000_000
# Of one picture, and of all together, once unpacked: more is a bomb, or nothing that was drawn.
MOST_PICTURE_BYTES = 5_000_000
MOST_UNPACKED_BYTES = 100_000_000
_SAFE_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,119}\.(png|jpe?g|webp|bmp|gif|tiff?)", re.ASCII | re.IGNORECASE)


@dataclass
class Imported:
    """What became of a zip.

    Attributes:
        saved: drawings that are new.
        known: how many were kept already.
        problems: a sentence for each file that was left out.
    """

    saved: list[Drawing] = field(default_factory=list)
    known: int = 0
    problems: list[str] = field(default_factory=list)


def export_zip(drawings: list[Drawing]) -> bytes:
    """Return a zip of pictures and their labels, which `import_zip` takes.

    Raises:
        CoreError: if one of them is gone or damaged.
    """
    table, buffer = io.StringIO(), io.BytesIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["file", "label"])
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for drawing in drawings:
            load_drawing(drawing)
            rows.writerow([drawing.path.name, drawing.label])
            archive.writestr(drawing.path.name, drawing.path.read_bytes())
        archive.writestr(TABLE, table.getvalue())
    return buffer.getvalue()


def import_zip(content: bytes) -> Imported:
    """Keep the pictures of a zip under the labels of its drawings.csv; nothing is unpacked to the disk.

    Args:
        content: a zip of at most 20 MB and 1,000 pictures.

    Raises:
        DataError: if it is no such zip, or too large; nothing is kept then.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"The zip is larger than {MOST_BYTES // 1_000_000} MB; split it.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _import(archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, ValueError, OSError, zlib.error):
        raise DataError("The file is not a zip, or a damaged one; export it again.") from None


def _import(archive: zipfile.ZipFile) -> Imported:
    # Not by is_dir, which fails on a file without a name.
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    if len(members) > MOST_DRAWINGS + 1:
        raise DataError(f"The zip holds {len(members):,} files; at most {MOST_DRAWINGS:,} pictures are taken.")
    if sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        raise DataError(f"The zip unpacks to more than {MOST_UNPACKED_BYTES // 1_000_000} MB; split it.")
    labels = _read_labels(archive, {member.filename: member for member in members})
    imported, ready = Imported(), []
    for member in members:
        if member.filename == TABLE:
            continue
        try:
            ready.append((member.filename, *_read_member(archive, member, labels)))
        except CoreError as error:
            imported.problems.append(str(error))
    for name in sorted(labels.keys() - {member.filename for member in members} - {""}):
        imported.problems.append(f"{name[:60]!r} is left out: {TABLE} names it, but the zip does not hold it.")
    _save(ready, imported)
    return imported


def _read_labels(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    """Return label by file name from drawings.csv."""
    if TABLE not in members:
        raise DataError(f"The zip holds no {TABLE} with the columns file and label, so nothing says what it shows.")
    try:
        text = _unpack(archive, members[TABLE]).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{TABLE} in the zip is not a table of text; save it as CSV in UTF-8.") from None
    if rows and not {"file", "label"} <= rows[0].keys():
        raise DataError(f"{TABLE} in the zip lacks the columns file and label.")
    return {row["file"] or "": row["label"] or "" for row in rows}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, labels: dict[str, str]) -> tuple[np.ndarray, str]:
    """Return picture and label of one file. Raises CoreError with the sentence that leaves it out."""
    name = member.filename
    if not _SAFE_NAME.fullmatch(name):
        raise DataError(f"{name[:60]!r} is left out: its name is not that of a plain picture.")
    if name not in labels:
        raise DataError(f"{name} is left out: {TABLE} has no label for it.")
    try:
        label = clean_label(labels[name])
        picture = read_picture(_unpack(archive, member))
    except UsageError as error:
        raise DataError(f"{name} is left out: {error}") from None
    return picture, label


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return a file's content, of which no more is unpacked than is allowed, whatever the zip says of its size."""
    # Other methods unpack a whole block at once, whatever is asked for.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{member.filename[:60]!r} is packed in an unusual way; pack it as an ordinary zip.")
    if member.flag_bits & 0x1:
        raise DataError(f"{member.filename[:60]!r} is locked by a password; pack it without one.")
    with archive.open(member) as file:
        content = file.read(MOST_PICTURE_BYTES + 1)
    if len(content) > MOST_PICTURE_BYTES:
        raise DataError(f"{member.filename[:60]!r} unpacks to more than {MOST_PICTURE_BYTES // 1_000_000} MB.")
    return content


def _save(ready: list[tuple[str, np.ndarray, str]], imported: Imported) -> None:
    kept = list_drawings()
    for name, picture, label in ready:
        before = len(kept)
        try:
            drawing = save_drawing(picture, label, kept)
        except CoreError as error:
            imported.problems.append(f"{name} is left out: {error}")
            continue
        if len(kept) > before:
            imported.saved.append(drawing)
        else:
            imported.known += 1
