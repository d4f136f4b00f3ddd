"""Files that someone made to harm whoever opens them; each is small, or takes no room on the disk."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Trap:
    """Creates a file as soon as it is unpickled."""

    def __reduce__(self):
        return exec, ("import pathlib, os; pathlib.Path(os.environ['HOSTILE_TRAP']).touch()",)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def build_png(
    width: int, height: int, *, depth: int = 8, color: int = 0, more: bytes = b"", pixels: bytes = b""
) -> bytes:
    """A PNG that claims a size; its pixels are the given bytes, zlib-packed, or a few zeros."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([depth, color, 0, 0, 0])
    body = _chunk(b"IHDR", header) + more + _chunk(b"IDAT", pixels or zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def build_blank_png(width: int, height: int, channels: int, depth: int, color: int) -> bytes:
    """A whole PNG of zeros, packed to a thousandth."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width * channels * depth // 8)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return build_png(width, height, depth=depth, color=color, pixels=pixels)


def build_jpeg_of_many_scans(n: int) -> bytes:
    """A JPEG of 36 megapixels that refines itself n times more than it has to; each time costs as much as the first."""
    image = encode(Image.new("L", (6000, 6000), 255), "JPEG", progressive=True)
    last = image.rindex(b"\xff\xda")
    return image[:last] + image[last:-2] * n + image[-2:]


def build_pictures() -> dict[str, bytes]:
    """Files that come as a picture, and shall be refused in a sentence."""
    ink = Image.new("L", (300, 200), 255)
    ink.paste(0, (100, 40, 120, 160))
    whole = {kind: encode(ink, kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")}
    text_bomb = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
    profile_bomb = _chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(100_000_000)))
    gif = b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\x80\x00\x00" + bytes(6)
    bmp = bytearray(whole["BMP"])
    bmp[18:26] = struct.pack("<ii", 2**31 - 1, 2**31 - 1)
    tiff = bytearray(whole["TIFF"])
    return {
        "empty.png": b"",
        "pickle.png": pickle.dumps(Trap()),
        "zip.png": pack({"a": bytes(10_000_000)}),
        "vector.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "vector.png": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>',
        "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nsystemdict /run get\n",
        "page.pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
        "100,000 wide.png": build_png(100_000, 100_000),
        "100,000 wide 16 bits.png": build_png(100_000, 100_000, depth=16, color=6),
        "over the limit.png": build_png(8000, 6000),
        "over the limit and whole.png": build_blank_png(9000, 9000, 4, 8, 6),
        "40,000,000 by 1.png": build_png(40_000_000, 1),
        "1 by 40,000,000.png": build_blank_png(1, 40_000_000, 1, 8, 0),
        "claims 2 to the 31.png": build_png(2**31 - 1, 2**31 - 1),
        "claims none.png": build_png(0, 0),
        "text bomb.png": build_png(300, 200, more=text_bomb),
        "profile bomb.png": build_png(300, 200, more=profile_bomb),
        "pixels missing.png": build_png(300, 200),
        "claims 65,535.gif": gif + b",\0\0\0\0\xff\xff\xff\xff\0\x08\x02L\x01\0;",
        "claims 2 to the 31.bmp": bytes(bmp),
        "claims 16,383.webp": encode(Image.new("RGB", (16_383, 16_383)), "WEBP", lossless=True, quality=0, method=0),
        "many scans.jpg": build_jpeg_of_many_scans(400),
        "a jpeg's head.jpg": whole["JPEG"][:200],
        **{f"cut.{kind.lower()}": content[: len(content) // 2] for kind, content in whole.items() if kind != "GIF"},
        "directory in a circle.tiff": bytes(tiff[:4]) + struct.pack("<I", 8) + bytes(tiff[8:40]),
        "21 MB.png": bytes(21_000_000),
    }


def build_odd_pictures() -> dict[str, bytes]:
    """Whole pictures of unusual kinds: they are answered, within the same bounds."""
    ink = Image.new("L", (300, 200), 255)
    ink.paste(0, (100, 40, 120, 160))
    frames = [Image.new("P", (300, 200), shade % 256) for shade in range(500)]
    rng = np.random.default_rng(0)
    dots = np.full((2000, 2000), 255, np.uint8)
    dots[::8, ::8] = dots[::8, 1::8] = dots[1::8, ::8] = 0
    deep = np.zeros((6000, 6000), np.float32)
    deep[0, 0], deep[100:200, 100:120] = np.nan, 5
    return {
        "mislabelled.png": encode(ink, "JPEG"),
        "16 bits.png": encode(Image.fromarray(np.asarray(ink).astype(np.uint16) * 257)),
        "cmyk.jpg": encode(ink.convert("CMYK"), "JPEG"),
        "cmyk.tiff": encode(ink.convert("CMYK"), "TIFF"),
        "animated.gif": encode(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "animated.webp": encode(frames[0].convert("RGB"), "WEBP", save_all=True, append_images=frames[1:20]),
        "36 megapixels.png": build_blank_png(6000, 6000, 1, 8, 0),
        "36 megapixels in colour.png": build_blank_png(6000, 6000, 3, 8, 2),
        "36 megapixels see-through 16 bits.png": build_blank_png(6000, 6000, 4, 16, 6),
        "36 megapixels 16 bits.png": build_blank_png(6000, 6000, 1, 16, 0),
        "36 megapixels.jpg": encode(Image.new("RGB", (6000, 6000), "white"), "JPEG", progressive=True),
        "36 megapixels deep.tiff": encode(Image.fromarray(deep), "TIFF", compression="tiff_deflate"),
        "65,000 by 500.png": build_blank_png(65_000, 500, 1, 8, 0),
        "62,500 dots.png": encode(Image.fromarray(dots)),
        "noise.png": encode(Image.fromarray(rng.integers(0, 256, (2000, 2000)).astype(np.uint8))),
        "stripes.png": encode(Image.fromarray(np.tile(np.repeat([0, 255], 4).astype(np.uint8), (1500, 250)))),
    }


def build_zips(picture: bytes) -> dict[str, bytes]:
    """Zips of drawings that shall be refused, or of which nothing may be kept."""
    table = b"file,label\na.png,1\n"
    bomb = pack({"drawings.csv": table, "a.png": bytes(900_000_000)})
    large = pack({"drawings.csv": table, "a.png": bytes(60_000_000)})
    blocks = pack({"drawings.csv": table, "a.png": bytes(400_000_000)}, zipfile.ZIP_BZIP2)
    nested = pack({"drawings.csv": table, "a.png": pack({"a.png": bytes(50_000_000)})})
    many = pack({"drawings.csv": table} | {f"{n}.png": b"" for n in range(60_000)}, zipfile.ZIP_STORED)
    long_table = b"file,label\n" + b"a.png,1\n" * 10_000_000
    escapes = dict.fromkeys(("../a.png", "/a.png", "a/../../b.png", "..\\c.png", "d\0.png", "x" * 5000), picture)
    return {
        "empty.zip": b"",
        "pickle.zip": pickle.dumps(Trap()),
        "picture.zip": picture,
        "bomb.zip": bomb,
        "lies of its size.zip": bomb.replace(struct.pack("<I", 900_000_000), struct.pack("<I", 10)),
        "lies a little.zip": large.replace(struct.pack("<I", 60_000_000), struct.pack("<I", 4_000_000)),
        "nested.zip": nested,
        "60,000 files.zip": many,
        "long table.zip": pack({"drawings.csv": long_table, "a.png": picture}),
        "table of one row.zip": pack({"drawings.csv": b"file,label\n" + b"a" * 4_000_000 + b",1\n", "a.png": picture}),
        "table of one column name.zip": pack({"drawings.csv": b"," * 4_000_000 + b"\n", "a.png": picture}),
        "escapes.zip": pack(
            {"drawings.csv": b"file,label\n" + b"".join(n.encode() + b",1\n" for n in escapes)} | escapes
        ),
        "lzma.zip": pack({"drawings.csv": table, "a.png": bytes(1000)}, zipfile.ZIP_LZMA),
        "bzip2.zip": pack({"drawings.csv": table, "a.png": bytes(10_000_000)}, zipfile.ZIP_BZIP2),
        "bzip2 that lies of its size.zip": blocks.replace(struct.pack("<I", 400_000_000), struct.pack("<I", 10)),
        "21 MB.zip": bytes(21_000_000),
        "picture bomb.zip": pack({"drawings.csv": table, "a.png": build_png(100_000, 100_000)}),
        "nameless.zip": pack({"drawings.csv": table, "zz.png": picture}).replace(b"zz.png", b"\0z.png"),
        "cut.zip": pack({"drawings.csv": table, "a.png": picture})[:-30],
    }


def _safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def build_weights(whole: dict[str, np.ndarray]) -> dict[str, bytes | Callable[[Path], None]]:
    """Files of weights that shall be refused; `whole` are tensors that would be taken."""
    from safetensors.numpy import save

    name = next(name for name, value in whole.items() if value.ndim == 2)
    vast = {name: {"dtype": "F32", "shape": [10**9, 5], "data_offsets": [0, 20 * 10**9]}}
    tensors = {f"t{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(300_000)}
    good = save(whole)

    def write_vast(path: Path) -> None:
        with path.open("wb") as file:
            file.write(_safetensors(vast))
            file.truncate(file.tell() + 20 * 10**9)

    return {
        "empty.safetensors": b"",
        "pickle.safetensors": pickle.dumps(Trap()),
        "zip.safetensors": pack({"data.pkl": pickle.dumps(Trap())}, zipfile.ZIP_STORED),
        "no header.safetensors": bytes(8),
        "header without end.safetensors": _safetensors({}, length=2**63),
        "header past the end.safetensors": _safetensors({}, length=90_000_000),
        "header of 90 MB.safetensors": _safetensors(b"{" + b" " * 90_000_000 + b"}"),
        "300,000 tensors.safetensors": _safetensors(tensors),
        "deep header.safetensors": _safetensors(b"[" * 100_000),
        "20 GB.safetensors": write_vast,
        "other shapes.safetensors": save(whole | {name: whole[name][:-1]}),
        "shapes swapped.safetensors": save(whole | {name: np.ascontiguousarray(whole[name].T)}),
        "one more.safetensors": save(whole | {"another": np.zeros(3, np.float32)}),
        "one less.safetensors": save({other: value for other, value in whole.items() if other != name}),
        "other kind.safetensors": save(whole | {name: whole[name].astype(np.int64)}),
        "not a number.safetensors": save(whole | {name: np.full_like(whole[name], np.nan)}),
        "infinite.safetensors": save(whole | {name: np.full_like(whole[name], np.inf)}),
        "cut.safetensors": good[:-100],
        "longer.safetensors": good + bytes(100),
        "overlapping.safetensors": _safetensors(
            {part: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for part in "ab"}, bytes(16)
        ),
        "negative.safetensors": _safetensors(
            {name: {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}, bytes(16)
        ),
    }


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _npy_header(shape: str, dtype: str = "<f4") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(118) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def build_predictions(n: int = 50) -> dict[str, bytes]:
    """Files of stored answers that shall be refused."""
    labels = np.arange(n) % 10
    sure = np.full((n, 10), 0.1, np.float32)

    def archive(probabilities: bytes, truth: bytes | None = None) -> bytes:
        return pack({"probabilities.npy": probabilities, "labels.npy": _npy(labels) if truth is None else truth})

    trap = np.empty(n, object)
    trap[0] = Trap()
    long = _npy_header("(60000000, 10)") + bytes(800_000_000)
    return {
        "empty": b"",
        "pickle": pickle.dumps(Trap()),
        "one array": _npy(sure),
        "pickle within": archive(_npy(trap)),
        "pickle as truth": archive(_npy(sure), _npy(trap)),
        "bomb": archive(long),
        "claims a terabyte": archive(_npy_header("(25000000000, 10)")),
        "claims more than there is": archive(_npy_header("(100000000, 10)")),
        "claims less than none": archive(_npy_header("(-5, 10)")),
        "long header": archive(b"\x93NUMPY\x02\x00" + struct.pack("<I", 50_000_000) + bytes(50_000_000)),
        "a program as header": archive(_npy_header("__import__('os').system('true')")),
        "other shape": archive(_npy(sure[:, :9])),
        "truth of other length": archive(_npy(sure), _npy(labels[:-1])),
        "truth of two dimensions": archive(_npy(sure), _npy(labels[:, None])),
        "truth out of range": archive(_npy(sure), _npy(labels + 5)),
        "truth below zero": archive(_npy(sure), _npy(labels - 1)),
        "truth in fractions": archive(_npy(sure), _npy(labels / 2)),
        "truth in words": archive(_npy(sure), _npy(labels.astype(str))),
        "not a number": archive(_npy(np.full_like(sure, np.nan))),
        "above one": archive(_npy(sure * 100)),
        "below zero": archive(_npy(sure - 1)),
        "complex": archive(_npy(sure.astype(np.complex64))),
        "words": archive(_npy(sure.astype(str))),
        "no digit": archive(_npy(sure[:0]), _npy(labels[:0])),
        "no truth": pack({"probabilities.npy": _npy(sure)}),
        "lzma": pack({"probabilities.npy": _npy(sure), "labels.npy": _npy(labels)}, zipfile.ZIP_LZMA)[:-40],
    }


def build_reports(whole: dict) -> dict[str, bytes | Callable[[Path], None]]:
    """Files of a run's figures that shall be refused; `whole` is one that would be taken."""
    huge = 10**400
    changes = {
        "accuracy in words": {"accuracy": "high"},
        "accuracy above one": {"accuracy": 2.0},
        "not a number": {"loss": float("nan")},
        "more right than there are": {"correct": whole["total"] + 1},
        "no digits": {"total": 0},
        "a total beyond all": {"total": huge},
        "an interval of one": {"interval": [0.5]},
        "a matrix of nine": {"confusion": whole["confusion"][:9]},
        "a matrix in words": {"confusion": [["x"] * 10] * 10},
        "a matrix below zero": {"confusion": [[-1] * 10] * 10},
        "nine classes": {"classes": whole["classes"][:9]},
        "classes without figures": {"classes": [{}] * 10},
        "pairs of other digits": {"pairs": [{"true": 77, "predicted": 3, "count": 1, "share": 0.5}]},
        "pairs that are none": {"pairs": "43"},
        "no ranking": {"ranking": None},
        "no calibration": {"calibration": {}},
        "half a temperature": {"temperature": {"value": 1.0}},
        "a temperature below zero": {"temperature": {**(whole["temperature"] or {}), "value": -1.0}},
        "another version": {"version": 99},
    }

    def write_sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(20 * 10**9)

    return {
        "empty": b"",
        "pickle": pickle.dumps(Trap()),
        "a list": b"[]",
        "nothing": b"null",
        "deep": b"[" * 1_000_000,
        "a long number": b"9" * 1_000_000,
        "not text": b"\xff\xfe{}",
        "20 GB": write_sparse,
        "a pipe that nobody writes to": os.mkfifo,
        **{name: json.dumps({**whole, **change}).encode() for name, change in changes.items()},
    }
