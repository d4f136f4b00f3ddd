"""Reading picture files of the common kinds, whatever is wrong with them, as grey values."""

from __future__ import annotations

import io
import math
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ImageError

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
MAX_SIDE = 65_535  # as in JPEG; in memory, every row costs more than its pixels
LONGEST_SIDE = 2000
_STRIP = 256
# A JPEG may refine itself again and again, each time at the cost of all its pixels; programs write about ten scans.
MAX_SCANS = 100
# EPS is left out on purpose: Pillow would start Ghostscript on it.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
# What Pillow's decoders raise on damaged files.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
)
# Warning filters belong to the whole process, and a large picture takes some hundred megabytes: one at a time.
_reading = threading.Lock()


def read_picture(source: Path | bytes) -> np.ndarray:
    """Read a picture file as grey values, upright, transparency laid on paper; an animation gives its first frame.

    Args:
        source: a file, or its content; PNG, JPEG, WebP, BMP, GIF or TIFF, up to 20 MB and 40 megapixels.

    Returns:
        (h, w) uint8, 0 black to 255 white; reduced if a side was longer than 2000 pixels.

    Raises:
        ImageError: if it is missing, empty, too large, damaged or no picture.
    """
    name = f"'{source}'" if isinstance(source, Path) else "The file"
    data = _read_bytes(source, name) if isinstance(source, Path) else source
    if not data:
        raise ImageError(f"{name} is empty; choose another file.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; make it smaller.")
    with _reading, warnings.catch_warnings():
        # Pillow warns of oddities that a person cannot act on; whatever stops the reading is raised.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                if image.format == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
                    raise ImageError(f"{name} is packed in an unusual way; save it again as PNG.")
                return _decode(image, name)
        except UnidentifiedImageError:
            raise ImageError(f"{name} is not a picture; use PNG, JPEG, WebP, BMP, GIF or TIFF.") from None
        except Image.DecompressionBombError:
            raise ImageError(f"{name} has too many pixels; make it smaller than 40 megapixels.") from None
        except _DECODER_ERRORS:
            raise ImageError(f"{name} is damaged or of a kind that cannot be read; save it again as PNG.") from None


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise ImageError(f"There is no picture {name}; check the path.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{name} cannot be read ({error.strerror}); check its permissions.") from None


def _decode(image: Image.Image, name: str) -> np.ndarray:
    """Return an opened but not yet decoded picture as grey values."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name} has {width} × {height} pixels; make it smaller than {MAX_PIXELS // 1_000_000} megapixels."
        )
    if max(width, height) > MAX_SIDE:
        raise ImageError(f"{name} has {width} × {height} pixels; cut out the part that shows digits.")
    factor = math.ceil(max(width, height) / LONGEST_SIDE)
    image.draft(None, (math.ceil(width / factor), math.ceil(height / factor)))  # JPEG can decode at a reduced size
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16"):
        return _reduce(Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)))
    if image.mode in ("I", "F"):
        return _scale_deep(_reduce(image))
    if image.has_transparency_data:
        sheet = _reduce(image if image.mode == "RGBA" else image.convert("RGBA"))
        return _lay_on_paper(np.asarray(Image.fromarray(sheet).convert("LA")))
    if image.mode not in ("L", "1", "P", "RGB"):
        image = image.convert("RGB")
    return _reduce(image.convert("L"))


def _reduce(image: Image.Image) -> np.ndarray:
    """Average blocks of pixels until no side is longer than LONGEST_SIDE; (h, w) or (h, w, 4), its kind of numbers."""
    factor = math.ceil(max(image.size) / LONGEST_SIDE)
    if factor == 1:
        return np.array(image)
    # Strip by strip: of what has transparency Pillow makes a whole copy first.
    width, height = image.size
    tops = range(0, height, _STRIP * factor)
    strips = [image.crop((0, top, width, min(top + _STRIP * factor, height))).reduce(factor) for top in tops]
    return np.concatenate([np.asarray(strip) for strip in strips])


def _scale_deep(values: np.ndarray) -> np.ndarray:
    """Bring pixels of 32 bits to uint8 by the range they use."""
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    values -= values.min()
    return np.rint(values * (255 / (values.max() or 1))).astype(np.uint8)


def _lay_on_paper(pixels: np.ndarray) -> np.ndarray:
    """Lay grey and alpha, (h, w, 2) uint8, on white paper, or on black if nearly clear and invisible on white."""
    alpha = pixels[..., 1] / np.float32(255)
    shade = pixels[..., 0] * alpha
    on_white = shade + 255 * (1 - alpha)
    vanishes = alpha.mean() < 0.5 and np.ptp(on_white) < min(32, np.ptp(shade))
    return np.rint(shade if vanishes else on_white).astype(np.uint8)
