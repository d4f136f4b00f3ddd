"""Ways of writing the ten digits, recorded as strokes: the material of drawings that are not MNIST's.

One person wrote all of them for this project, from knowing how digits are written in several countries. They are no
sample of the world's handwriting: a network may read all of these and still fail for somebody else's.

The split into two parts is fixed. "development" may be used to choose settings; "test" was written separately, holds
kinds that development lacks, and serves only to report.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

Part = Literal["development", "test"]

# Points x,y on a grid 60 wide and 100 high, y downwards, with a curve through them; "|" is a corner, ";" lifts the pen.
_DEVELOPMENT: dict[str, str] = {
    "0 round": "36,2 16,10 5,36 6,68 20,95 38,97 54,72 56,38 46,10 34,2",
    "0 narrow": "32,1 20,16 16,50 20,84 31,99 43,84 46,48 42,14 33,2",
    "0 overlapping": "24,12 38,1 52,20 54,56 44,88 28,99 12,84 6,50 12,18 28,2 44,6",
    "1 plain": "31,0 | 29,100",
    "1 flag": "14,24 | 34,0 | 34,100",
    "1 flag and base": "14,20 | 32,0 | 32,98 ; 10,98 | 54,98",
    "2 flat base": "8,22 18,4 38,1 52,16 48,38 28,66 6,98 | 56,97",
    "2 looped": "10,26 20,5 40,2 52,20 42,48 20,84 8,96 4,86 16,78 30,88 46,98 58,92",
    "2 angular": "8,10 | 48,6 | 8,94 | 54,94",
    "3 round": "8,12 26,1 46,10 46,32 26,46 | 48,56 54,76 40,96 20,99 5,86",
    "3 flat top": "8,3 | 50,3 | 24,40 44,46 55,68 46,90 24,99 6,88",
    "4 open": "16,2 | 8,56 | 54,54 ; 44,22 | 42,100",
    "4 closed": "40,0 | 4,66 | 56,66 ; 40,0 | 40,100",
    "4 crossing": "12,4 | 6,48 | 58,46 ; 48,2 | 36,100",
    "5 two strokes": "14,2 | 10,42 32,36 52,50 54,74 38,96 18,98 4,88 ; 14,2 | 54,2",
    "5 one stroke": "52,3 | 14,4 | 10,44 34,38 54,56 52,82 32,98 6,92",
    "6 high loop": "46,2 24,20 10,50 8,78 22,98 42,96 53,74 46,52 28,46 12,60",
    "6 low loop": "30,0 18,30 11,62 14,88 28,99 44,92 46,76 34,66 18,74 12,86",
    "7 plain": "5,6 | 55,4 | 22,100",
    "7 barred": "6,8 | 56,5 | 24,98 ; 16,52 | 54,48",
    "7 hooked": "8,24 | 6,6 | 54,6 | 20,98",
    "8 one stroke": "46,14 30,1 14,12 18,32 40,50 52,74 38,97 18,95 8,76 20,54 40,36 48,18 45,12",
    "8 two circles": (
        "30,0 16,8 12,24 20,42 32,46 44,38 48,20 42,6 29,0 ; 30,46 12,56 6,76 18,96 36,99 52,84 50,60 32,46"
    ),
    "9 straight tail": "48,16 32,2 12,12 8,34 22,48 40,42 49,18 | 47,100",
    "9 curved tail": "48,22 36,2 14,6 6,28 20,48 42,40 49,20 50,52 40,86 18,99 6,92",
}
_TEST: dict[str, str] = {
    "0 round": "30,3 10,18 3,50 12,84 32,98 50,88 58,54 50,18 30,3",
    "0 narrow": "38,0 26,12 17,46 18,80 26,98 36,92 44,58 46,22 40,3",
    "0 overlapping": "38,10 22,3 8,26 4,60 16,92 36,98 52,76 55,40 44,10 26,4 20,14",
    "1 plain": "35,0 30,50 26,100",
    "1 flag": "18,30 28,16 | 36,1 | 33,100",
    "1 long flag": "6,46 | 36,0 | 36,100",
    "1 flag and base": "18,18 | 33,2 | 31,97 ; 14,99 32,97 | 50,98",
    "2 flat base": "10,18 28,0 48,8 50,28 34,54 8,97 | 54,99",
    "2 looped": "6,20 24,1 46,8 48,32 32,64 14,92 5,96 8,84 24,84 40,96 56,94",
    "2 angular": "6,14 22,2 | 52,14 | 6,98 | 50,96",
    "2 wavy base": "8,20 30,0 50,18 40,46 12,90 | 26,86 40,98 58,90",
    "3 round": "6,16 22,0 44,4 50,22 38,40 24,45 | 42,48 55,66 48,90 26,100 4,90",
    "3 flat top": "6,5 | 54,4 | 26,38 | 46,46 54,70 40,94 18,98 4,86",
    "3 looped middle": "8,12 30,0 48,14 42,36 26,48 20,42 28,40 46,52 54,76 36,98 8,90",
    "4 open": "10,4 12,30 | 10,52 34,54 | 58,50 ; 40,18 | 44,98",
    "4 closed": "42,2 | 2,70 | 58,68 ; 44,0 | 38,98",
    "4 crossing": "18,0 | 4,52 | 60,50 ; 42,14 | 34,100",
    "4 in one stroke": "46,100 | 44,0 | 4,62 | 58,64",
    "5 two strokes": "12,6 | 12,46 36,40 55,58 50,84 28,98 6,94 ; 12,5 30,4 | 56,0",
    "5 one stroke": "50,0 30,3 | 16,4 | 12,40 | 40,40 54,62 46,90 24,99 8,90",
    "5 like an s": "52,6 32,2 14,12 12,32 30,46 50,60 52,82 34,98 6,92",
    "6 high loop": "40,0 18,26 6,58 10,86 30,99 50,88 54,64 40,46 20,50 8,66",
    "6 low loop": "22,0 14,34 10,70 20,94 36,99 48,86 42,70 26,68 14,80",
    "7 plain": "4,3 | 52,7 36,48 | 28,98",
    "7 barred": "8,4 | 54,8 | 20,100 ; 14,46 | 50,50",
    "7 hooked": "4,22 | 7,4 | 52,4 40,36 | 26,98",
    "7 barred and hooked": "6,22 | 9,5 | 55,6 | 26,100 ; 18,54 | 54,50",
    "8 one stroke": "50,10 32,0 14,10 14,28 34,48 50,66 50,88 28,100 8,86 14,62 38,42 50,22 49,9",
    "8 two circles": "32,2 18,6 14,22 22,38 34,42 46,32 47,14 34,2 ; 30,42 10,58 8,82 24,98 42,96 54,78 48,54 32,42",
    "8 open top": "52,4 32,2 14,14 22,36 44,54 50,80 32,99 10,88 14,64 36,44 54,12",
    "9 straight tail": "46,10 26,2 8,18 10,40 28,48 46,34 | 47,6 | 40,99",
    "9 curved tail": "50,16 30,0 10,12 8,36 26,50 46,36 51,14 52,46 46,80 28,98 10,94",
    "9 hooked tail": "46,12 26,2 10,20 16,44 34,46 48,24 | 49,8 | 48,82 36,100 14,94",
}
# Points along each piece of a curve between two of the points above.
_FINENESS = 12


@dataclass(frozen=True)
class Form:
    """One way of writing a digit.

    Attributes:
        kind: the digit and what is particular about it, as in "7 barred".
        part: "development" or "test".
        strokes: each (n, 2) float, points x, y in shares of the digit's height: 0..0.6 across, 0..1 down.
    """

    kind: str
    part: Part
    strokes: tuple[np.ndarray, ...]

    @property
    def digit(self) -> int:
        """The digit it is."""
        return int(self.kind[0])


@cache
def list_forms(part: Part) -> tuple[Form, ...]:
    """Return all forms of a part, by digit."""
    recorded = _DEVELOPMENT if part == "development" else _TEST
    return tuple(Form(kind, part, _read_strokes(text)) for kind, text in recorded.items())


def _read_strokes(text: str) -> tuple[np.ndarray, ...]:
    strokes = []
    for stroke in text.split(";"):
        pieces = [np.array([point.split(",") for point in piece.split()], float) / 100 for piece in stroke.split("|")]
        for number in range(1, len(pieces)):
            # A piece begins at the corner in which the one before it ends.
            pieces[number] = np.concatenate([pieces[number - 1][-1:], pieces[number]])
        strokes.append(np.concatenate([draw_curve(piece) for piece in pieces if len(piece) > 1]))
    return tuple(strokes)


def draw_curve(points: np.ndarray) -> np.ndarray:
    """Lead a curve through (n, 2) points, n ≥ 2, straight between two; (12·(n - 1), 2).

    Source: Catmull and Rom 1974, A class of local interpolating splines.
    """
    around = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, _FINENESS)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False)
    ]
    return np.concatenate(parts)
