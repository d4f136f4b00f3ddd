"""Pictures of reasons: evidence laid over a digit, and the region that would change the answer. Arrays in, PNG out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.explain.counterfactual import Change

# The dark theme's blue and orange: the digit is drawn as a network sees it, on black, whatever the theme.
_FOR, _AGAINST, _OUTLINE = (120, 174, 232), (235, 154, 82), (255, 214, 10)
# Ink lightens a cell by this share and paper darkens it, so that the digit shows through the colours.
_INK_SHARE = 0.35
# Cells with at least this share of the strongest evidence bear a plus or a minus, so that colour is not needed.
_SIGNED = 0.35
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def make_evidence_picture(image: NDArray[np.uint8], evidence: NDArray[np.float32], scale: int = 12) -> bytes:
    """Draw a digit in grey with the evidence over it: blue with a plus for, orange with a minus against.

    Args:
        image: (28, 28) uint8, white ink on black.
        evidence: (28, 28) float32, of any scale; the strongest pixel is drawn in full colour.
        scale: side of a pixel of the digit in the picture, at least 8 for the signs to be legible.

    Returns:
        PNG bytes of a picture 28 * scale on a side.
    """
    share = _compute_share(evidence)
    ink = image[..., None] / 255
    # By its root, because weak evidence would drown in the grey of the ink.
    colours = np.where(share[..., None] > 0, _FOR, _AGAINST) * np.abs(share[..., None]) ** 0.5
    on_paper = colours * (1 - _INK_SHARE * (1 - ink))
    cells = on_paper + (255 - on_paper) * _INK_SHARE * ink
    picture = _enlarge(cells.round().astype(np.uint8), scale)
    for y, x in np.argwhere(np.abs(share) >= _SIGNED):
        _draw_sign(picture[y * scale : (y + 1) * scale, x * scale : (x + 1) * scale], plus=bool(share[y, x] > 0))
    return _encode(picture)


def describe_evidence(evidence: NDArray[np.float32], target: int, other: int | None) -> str:
    """Say in words where evidence is strongest: 'Evidence for 9 rather than 4 is strongest at the upper right; …'.

    Args:
        evidence: (28, 28) float32.
        target: what it is evidence for.
        other: what it is evidence against, if anything.
    """
    what = f"{target}" if other is None else f"{target} rather than {other}"
    places = [(_find_place(evidence), f"Evidence for {what}"), (_find_place(-evidence), "evidence against it")]
    if places[0][0] and places[0][0] == places[1][0]:
        return f"Evidence for {what}, and evidence against it, are both strongest {places[0][0]}, side by side."
    parts = [f"{words} is strongest {place}" if place else f"{words}: none" for place, words in places]
    return "; ".join(parts) + "."


def make_change_picture(image: NDArray[np.uint8], change: Change, scale: int = 8) -> bytes:
    """Draw a digit with the region that is to change in a yellow frame: erased ink crossed out, new ink in blue.

    Args:
        image: (28, 28) uint8, white ink on black, before the change.
        change: of this image.
        scale: side of a pixel of the digit in the picture, at least 4.

    Returns:
        PNG bytes of a picture 28 * scale on a side.
    """
    picture = _enlarge(np.repeat(image[..., None], 3, axis=2), scale)
    region = change.region.repeat(scale, axis=0).repeat(scale, axis=1)
    if change.kind == "add":
        picture[region] = _FOR
    else:
        y, x = np.indices(region.shape)
        picture[region & ((x + y) % scale < max(2, scale // 4))] = _AGAINST
    thick = max(2, scale // 4)
    frame = ndimage.binary_dilation(region, np.ones((3, 3), dtype=np.bool_), iterations=thick) & ~region
    picture[frame] = _OUTLINE
    return _encode(picture)


def _compute_share(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    strongest = np.abs(evidence).max()
    return evidence / strongest if strongest > 0 else np.zeros_like(evidence)


def _find_place(evidence: NDArray[np.float32]) -> str:
    """Return 'at the upper right' and the like for where positive evidence is densest; '' if there is none."""
    positive = np.maximum(evidence, 0)
    if not positive.any():
        return ""
    density = ndimage.uniform_filter(positive, 5, mode="constant")
    y, x = np.unravel_index(density.argmax(), density.shape)
    # Strokes keep to the middle 20 pixels; the 8 in the middle of those count as neither side.
    row, column = (names[int(n > 9) + int(n > 17)] for names, n in ((_ROWS, y), (_COLUMNS, x)))
    if (row, column) == ("middle", "centre"):
        return "in the centre"
    return f"at the {row} {column}"


def _draw_sign(cell: NDArray[np.uint8], *, plus: bool) -> None:
    """Draw a black bar across a cell, and for a plus one down it."""
    side = len(cell)
    ends, bar = slice(side // 4, side - side // 4), slice((side - 1) // 2, side // 2 + 1)
    cell[bar, ends] = 0
    if plus:
        cell[ends, bar] = 0


def _enlarge(cells: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    return cells.repeat(scale, axis=0).repeat(scale, axis=1)


def _encode(picture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()
