"""Any picture of digits, drawn or photographed, turned into digits as MNIST has them: 28×28, white ink on black."""

from __future__ import annotations

import io
import math
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from core.errors import ImageError

SIDE = 28
FIT = 20
# Where MNIST has the centre of mass: all its 70,000 digits but five lie in [13.5, 14.5) along both axes.
CENTRE = 14.0

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
LONGEST_SIDE = 2000
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

# Ink fainter than this share of a digit's darkest is the soft edge of a stroke and does not widen its box.
_EDGE = 0.15
# Grey levels that ink must stand out from its paper.
_LEAST_CONTRAST = 12
_MOST_PARTS = 150

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Preparation:
    """One digit's way from a picture to the network, every step kept so that a page can show it.

    Attributes:
        ink: (h, w) float32 in [0, 1], the ink inside `box`; a view of the picture's ink where no other digit reaches in.
        box: (left, top, right, bottom) in pixels of the picture, right and bottom exclusive.
        fitted: (h, w) float32 in [0, 1], the longer side 20, largest ink 1.
        image: (28, 28) uint8, white ink (255) on black (0).
    """

    ink: np.ndarray
    box: Box
    fitted: np.ndarray
    image: np.ndarray


def read_picture(source: Path | bytes) -> np.ndarray:
    """Read a picture file as grey values, upright, transparency laid on paper; an animation gives its first frame.

    Args:
        source: a file, or its content; PNG, JPEG, WebP, BMP, GIF or TIFF, up to 20 MB and 40 megapixels.

    Returns:
        (h, w) uint8, 0 black to 255 white; reduced if a side was longer than 2000 pixels.

    Raises:
        ImageError: if it is missing, empty, too large, damaged or no picture.
    """
    name = f"'{source}'" if isinstance(source, Path) else "The picture"
    data = _read_bytes(source, name) if isinstance(source, Path) else source
    if not data:
        raise ImageError(f"{name} is empty; choose another file.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read.")
    with _reading, warnings.catch_warnings():
        # Pillow warns of oddities that a person cannot act on; whatever stops the reading is raised.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
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
    factor = math.ceil(max(width, height) / LONGEST_SIDE)
    image.draft(None, (math.ceil(width / factor), math.ceil(height / factor)))  # JPEG can decode at a reduced size
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith(("I", "F")):
        return _reduce(Image.fromarray(_scale_deep(np.asarray(image), image.mode)))
    if image.has_transparency_data:
        return _lay_on_paper(_reduce(image.convert("RGBA")))
    if image.mode not in ("L", "1", "P", "RGB"):
        image = image.convert("RGB")
    return _reduce(image.convert("L"))


def _reduce(image: Image.Image) -> np.ndarray:
    """Average blocks of pixels until no side is longer than LONGEST_SIDE; (h, w) or (h, w, 4) uint8."""
    factor = math.ceil(max(image.size) / LONGEST_SIDE)
    return np.array(image.reduce(factor) if factor > 1 else image)


def _scale_deep(values: np.ndarray, mode: str) -> np.ndarray:
    """Bring pixels of more than 8 bits to uint8: 16 bits by their full range, wider ones by the range they use."""
    if mode.startswith("I;16"):
        return (values >> 8).astype(np.uint8)
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    values -= values.min()
    return np.rint(values * (255 / (values.max() or 1))).astype(np.uint8)


def _lay_on_paper(pixels: np.ndarray) -> np.ndarray:
    """Lay (h, w, 4) uint8 on white paper, or on black if it is mostly transparent and would vanish on white."""
    alpha = pixels[..., 3] / np.float32(255)
    shade = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32) * alpha
    on_white = shade + 255 * (1 - alpha)
    vanishes = alpha.mean() < 0.5 and np.ptp(on_white) < min(32, np.ptp(shade))
    return np.rint(shade if vanishes else on_white).astype(np.uint8)


def find_ink(grey: np.ndarray) -> np.ndarray:
    """Tell ink from paper, whichever is the darker, and even out the paper.

    On paper without noise, as in a drawing or an enlarged MNIST digit, shades are only scaled. On a photo, what does
    not stand out from the noise, or is not near a clear stroke, is taken for paper.

    Args:
        grey: (h, w) uint8.

    Returns:
        (h, w) float32 in [0, 1]: 0 paper, 1 the darkest ink; all 0 on a blank sheet.
    """
    coarse = Image.fromarray(grey).reduce(math.ceil(max(grey.shape) / 128))
    if _has_light_ink(np.asarray(coarse, np.float32)):
        return _find_dark_ink(255 - grey)
    return _find_dark_ink(grey)


def _find_dark_ink(grey: np.ndarray) -> np.ndarray:
    """Find dark ink on light paper; takes and returns what `find_ink` does."""
    depth = _compute_paper(grey).astype(np.int16) - grey  # how much darker than its paper; below 0 only noise is
    counts = np.bincount((depth + 255).ravel(), minlength=511)
    # The commonest depth in the lighter half is the paper's; smoothing by a peak keeps an exact level where it is.
    smooth = np.convolve(counts, [1, 2, 3, 2, 1], mode="same")
    offset = int(smooth[: 256 + max(0, depth.max()) // 2].argmax()) - 255
    depth -= offset
    noise = _compute_noise(counts, offset)
    least = max(_LEAST_CONTRAST, 4 * noise)
    clear = ndimage.uniform_filter(depth.astype(np.float32), 3) if noise else depth
    standing_out = clear[clear > least]
    if not standing_out.size:
        return np.zeros(grey.shape, np.float32)
    if not noise:
        return depth.clip(0).astype(np.float32) / np.float32(depth.max())
    level = float(np.percentile(standing_out, 90))
    strokes = clear > max(least, 0.35 * level)
    near = (depth > 2.5 * noise) & ndimage.maximum_filter(strokes, 2 * _compute_stroke_width(strokes) + 1)
    return np.where(near, (depth / np.float32(level)).clip(0, 1), np.float32(0))


def _has_light_ink(coarse: np.ndarray) -> bool:
    """Whether the ink is lighter than its paper, in (h, w) float32: ink is the rarer shade, or the one off the border."""
    # Against its surroundings, light that falls off across the sheet disappears and the rim of a table evens out. Of
    # windows of 0.1 to 0.4 of the side, 0.3 errs on none of 1,000 MNIST test digits, cropped tightly or not.
    window = max(3, int(0.3 * max(coarse.shape)) | 1)
    level = coarse - ndimage.uniform_filter(coarse, window, mode="nearest")
    spread = float(level.std())
    if spread < 1e-3:
        return False
    skew = float(((level / spread) ** 3).mean())
    if abs(skew) >= 0.5:
        return skew > 0
    border = np.concatenate([coarse[0], coarse[-1], coarse[:, 0], coarse[:, -1]])
    return float(border.mean()) < float(coarse.mean())


def _compute_paper(grey: np.ndarray) -> np.ndarray:
    """Estimate the light paper under dark strokes, (h, w) uint8: strokes narrower than 2/5 of the picture are closed."""
    height, width = grey.shape
    factor = math.ceil(max(height, width) / 128)
    coarse = np.asarray(Image.fromarray(grey).reduce(factor))
    window = 2 * (max(coarse.shape) // 5) + 1
    # A shadow that leaves the picture must look as if it went on, or the closing takes its end for a stroke.
    margin = window // 2 + 1
    closed = ndimage.grey_closing(np.pad(coarse, margin, mode="edge"), (window, window))
    paper = Image.fromarray(closed[margin:-margin, margin:-margin])
    if factor == 1:
        return np.asarray(paper)
    # The last blocks may be partial, so the picture covers only this much of its coarse copy.
    covered = (0, 0, width / factor, height / factor)
    return np.asarray(paper.resize((width, height), Image.Resampling.BILINEAR, box=covered))


def _compute_noise(counts: np.ndarray, offset: int) -> int:
    """Return the paper's noise, one standard deviation in grey levels, from the side where no ink is: the lighter.

    Args:
        counts: (511,) pixels by depth, from -255.
        offset: depth of the paper.
    """
    lighter = counts[: offset + 256][::-1].astype(np.float64)  # by distance from the paper's level
    lighter[0] /= 2
    return int(np.searchsorted(np.cumsum(lighter), 0.683 * lighter.sum()))


def _compute_stroke_width(strokes: np.ndarray) -> int:
    """Return the mean width in pixels of the strokes in a mask (h, w): twice their area over their outline."""
    outline = strokes & ~ndimage.binary_erosion(strokes)
    return math.ceil(2 * np.count_nonzero(strokes) / max(1, np.count_nonzero(outline)))


def find_digits(ink: np.ndarray) -> list[Box]:
    """Find where the digits are: connected strokes, close pieces of one digit joined, specks left out.

    Args:
        ink: (h, w) float32 in [0, 1].

    Returns:
        (left, top, right, bottom) of each in pixels, right and bottom exclusive; row by row, left to right.
    """
    return [box for box, _ in _group_parts(_label_parts(ink))]


def _label_parts(ink: np.ndarray) -> np.ndarray:
    """Number the connected strokes, (h, w) int32 from 1; 0 is paper and soft edges."""
    labels: np.ndarray = ndimage.label(ink > _EDGE * ink.max(initial=0), np.ones((3, 3)))[0]
    return labels


def _group_parts(labels: np.ndarray) -> list[tuple[Box, list[int]]]:
    """Return the box of each digit and the numbers of the parts it is made of, in reading order."""
    boxes = {
        number: (columns.start, rows.start, columns.stop, rows.stop)
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1)
    }
    groups = [(boxes[number], [number]) for number in _choose_parts(boxes, labels.shape)]
    tallest = max((bottom - top for (_, top, _, bottom), _ in groups), default=0)
    joined = True
    while joined:
        joined = False
        for i in range(len(groups)):
            for j in range(len(groups) - 1, i, -1):
                if _belong_together(groups[i][0], groups[j][0], tallest):
                    box, numbers = groups.pop(j)
                    groups[i] = (_unite(groups[i][0], box), groups[i][1] + numbers)
                    joined = True
    # Much wider than high is a line of the sheet, unless it is all there is.
    upright = [group for group in groups if group[0][2] - group[0][0] <= 5 * (group[0][3] - group[0][1])]
    return _sort_for_reading(upright or groups)


def _choose_parts(boxes: dict[int, Box], shape: tuple[int, ...]) -> list[int]:
    """Return the numbers of the parts that can be digits or pieces of one: neither specks nor the edge of the sheet."""
    height, width = shape
    sizes = {number: _size(box) for number, box in boxes.items()}
    inner = [n for n, (left, top, right, bottom) in boxes.items() if min(left, top, width - right, height - bottom) > 0]
    chosen = list(boxes)
    # What runs from one border to the opposite is a table or a shadow, if something inside is large enough to be a digit.
    if any(sizes[number] >= 0.08 * max(shape) for number in inner):
        chosen = [
            n for n, (left, top, right, bottom) in boxes.items() if right - left < width and bottom - top < height
        ]
    largest = max((sizes[number] for number in chosen), default=0)
    chosen = [number for number in chosen if sizes[number] >= 0.15 * largest]
    return sorted(chosen, key=lambda number: -sizes[number])[:_MOST_PARTS]


def _size(box: Box) -> int:
    left, top, right, bottom = box
    return max(right - left, bottom - top)


def _belong_together(a: Box, b: Box, tallest: int) -> bool:
    """Whether two parts are pieces of one digit: one above the other, or a small one close to another.

    Args:
        a: a box.
        b: another box.
        tallest: height of the tallest part, taken for a digit's.
    """
    gap_x = max(a[0], b[0]) - min(a[2], b[2])
    gap_y = max(a[1], b[1]) - min(a[3], b[3])
    narrower = min(a[2] - a[0], b[2] - b[0])
    shorter, taller = sorted((a[3] - a[1], b[3] - b[1]))
    stacked = -gap_x >= 0.5 * narrower and gap_y <= 0.2 * taller
    is_piece = shorter <= 0.4 * tallest and max(gap_x, gap_y) <= 0.15 * tallest
    return stacked or is_piece


def _unite(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _sort_for_reading(groups: list[tuple[Box, list[int]]]) -> list[tuple[Box, list[int]]]:
    """Sort by row, then from left to right; a box that starts below the middle of the one before begins a row."""
    rows: list[list[tuple[Box, list[int]]]] = []
    middle = -1.0
    for group in sorted(groups, key=lambda group: group[0][1] + group[0][3]):
        _, top, _, bottom = group[0]
        if not rows or top > middle:
            rows.append([])
        rows[-1].append(group)
        middle = (top + bottom) / 2
    return [group for row in rows for group in sorted(row)]


def prepare_digit(ink: np.ndarray, box: Box | None = None) -> Preparation | None:
    """Prepare one digit as MNIST's were: fitted into 20×20, centre of mass at the middle of 28×28.

    Args:
        ink: (h, w) float32 in [0, 1].
        box: (left, top, right, bottom) in pixels around the digit; None for the whole picture. It is tightened.

    Returns:
        Every step; None if there is no ink.

    Source: LeCun et al. 1998, section III.A; Yadav and Bottou 2019, Cold Case: the Lost MNIST Digits, section 2.
    """
    left, top, right, bottom = box or (0, 0, ink.shape[1], ink.shape[0])
    inside = ink[top:bottom, left:right]
    strokes = inside > _EDGE * inside.max(initial=0)
    rows, columns = np.flatnonzero(strokes.any(axis=1)), np.flatnonzero(strokes.any(axis=0))
    if not rows.size:
        return None
    tight = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    left, top = left + int(columns[0]), top + int(rows[0])
    fitted = _fit(tight)
    return Preparation(tight, (left, top, left + tight.shape[1], top + tight.shape[0]), fitted, _place(fitted))


def _fit(ink: np.ndarray) -> np.ndarray:
    """Scale (h, w) float32 until its longer side is 20, by the share of each new pixel that ink covers; largest ink 1."""
    scale = FIT / max(ink.shape)
    rows, columns = (_compute_weights(n, scale) for n in ink.shape)
    fitted: np.ndarray = rows @ ink @ columns.T
    return fitted / fitted.max()


def _compute_weights(n: int, scale: float) -> np.ndarray:
    """Weights (m, n) float32 that resample n pixels, centred, to m = n·scale rounded up.

    Reducing averages over area; enlarging interpolates linearly; a scale of 1 copies.
    """
    m = max(1, math.ceil(n * scale - 1e-6))
    centres = (np.arange(m) + 0.5 - (m - n * scale) / 2) / scale
    half = max(0.5, 0.5 / scale)
    distances = np.abs(centres[:, None] - (np.arange(n) + 0.5))
    return ((half + 0.5 - distances).clip(0, 1) / (2 * half)).astype(np.float32)


def _place(fitted: np.ndarray) -> np.ndarray:
    """Place (h, w) float32 in 28×28 uint8 by the integer shift that brings its centre of mass to the middle."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    corner = []
    for axis, length in enumerate(fitted.shape):
        mass = fitted.sum(axis=1 - axis, dtype=np.float64)
        centre = mass @ np.arange(length) / mass.sum()
        corner.append(min(max(math.ceil(CENTRE - 0.5 - centre), 0), SIDE - length))
    top, left = corner
    image[top : top + fitted.shape[0], left : left + fitted.shape[1]] = np.rint(255 * fitted)
    return image


def prepare_picture(grey: np.ndarray) -> list[Preparation]:
    """Find the digits in a picture and prepare each.

    Args:
        grey: (h, w) uint8, ink dark or light.

    Returns:
        The digits in reading order; none if the picture is blank.
    """
    ink = find_ink(grey)
    labels = _label_parts(ink)
    digits = (prepare_digit(_keep_only(ink, labels, box, numbers), box) for box, numbers in _group_parts(labels))
    return [digit for digit in digits if digit is not None]


def _keep_only(ink: np.ndarray, labels: np.ndarray, box: Box, numbers: list[int]) -> np.ndarray:
    """Wipe the strokes of other digits out of a box; returns `ink` itself if there are none."""
    left, top, right, bottom = box
    inside = labels[top:bottom, left:right]
    own = np.isin(inside, numbers)
    others = (inside > 0) & ~own
    if not others.any():
        return ink
    wiped = ink.copy()
    wiped[top:bottom, left:right][ndimage.maximum_filter(others, 5) & ~own] = 0
    return wiped
