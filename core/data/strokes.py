"""Drawings that are no digits, made with a pen of our own: letters and symbols in many hands, and scribbles."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from core.data.forms import draw_curve

# Strokes as points x, y on a grid 6 wide and 8 high, y downwards; "~" marks a stroke that is drawn round.
_LETTERS = {
    "A": ("08 30 68", "15 55"),
    "B": ("00 08", "~00 30 52 34 04", "~04 44 66 38 08"),
    "C": ("~61 40 11 04 17 48 67",),
    "D": ("00 08", "~00 30 62 66 38 08"),
    "E": ("60 00 08 68", "04 44"),
    "F": ("60 00 08", "04 44"),
    "G": ("~61 40 11 04 17 48 67 65", "65 35"),
    "H": ("00 08", "60 68", "04 64"),
    "I": ("30 38", "10 50", "18 58"),
    "J": ("50 56", "~56 48 28 06", "20 60"),
    "K": ("00 08", "60 04 68"),
    "L": ("00 08 58",),
    "M": ("08 00 35 60 68",),
    "N": ("08 00 68 60",),
    "O": ("~30 01 04 07 38 67 64 61 30",),
    "P": ("00 08", "~00 40 62 44 04"),
    "Q": ("~30 01 04 07 38 67 64 61 30", "45 68"),
    "R": ("00 08", "~00 40 62 44 04", "24 68"),
    "S": ("~61 30 02 34 66 38 07",),
    "T": ("00 60", "30 38"),
    "U": ("00 05", "~05 17 38 57 65", "65 60"),
    "V": ("00 38 60",),
    "W": ("00 18 33 58 60",),
    "X": ("00 68", "60 08"),
    "Y": ("00 34 60", "34 38"),
    "Z": ("00 60 08 68",),
}
# What stands beside digits in sums; no slash, bar or bracket: each is some hand's 1.
_SYMBOLS = {
    "+": ("04 64", "31 37"),
    "=": ("03 63", "05 65"),
    "÷": ("04 64", "~31 41 42 32 31", "~36 46 47 37 36"),
    "%": ("08 60", "~10 01 12 21 10", "~56 47 58 67 56"),
    "#": ("21 17", "51 47", "03 63", "05 65"),
    "*": ("31 37", "02 66", "06 62"),
    "<": ("61 04 67",),
    ">": ("01 64 07",),
}
LETTERS = tuple(_LETTERS)
SYMBOLS = tuple(_SYMBOLS)
# Letters that in some hand have the very shape of a digit: nobody can tell them apart out of context.
LOOKALIKES = ("B", "G", "I", "O", "Q", "S", "Z")
UNLIKE_DIGITS = tuple(letter for letter in LETTERS if letter not in LOOKALIKES)
_MARGIN = 30


def draw_letter(letter: str, rng: np.random.Generator) -> np.ndarray:
    """Draw a letter or symbol in a hand of its own: slant, proportions, width of the pen and every point vary.

    Args:
        letter: one of LETTERS or SYMBOLS.
        rng: source of all chance.

    Returns:
        (h, w) uint8, dark ink on white paper.
    """
    height = rng.uniform(80, 160)
    size = np.array([height * rng.uniform(0.5, 0.8) / 6, height / 8])
    slant = rng.uniform(-0.1, 0.35)
    strokes = []
    for text in (_LETTERS | _SYMBOLS)[letter]:
        points = np.array([[int(x) for x in pair] for pair in text.removeprefix("~").split()], np.float64)
        points += rng.normal(0, 0.25, points.shape)
        points[:, 0] += slant * (8 - points[:, 1])
        strokes.append(draw_curve(points * size) if text.startswith("~") else points * size)
    return _ink(strokes, height * rng.uniform(0.05, 0.13))


def draw_unlike_letter(rng: np.random.Generator) -> np.ndarray:
    """Draw any letter that does not look like a digit, as `draw_letter` does."""
    return draw_letter(UNLIKE_DIGITS[int(rng.integers(len(UNLIKE_DIGITS)))], rng)


def draw_symbol(rng: np.random.Generator) -> np.ndarray:
    """Draw any symbol, as `draw_letter` does."""
    return draw_letter(SYMBOLS[int(rng.integers(len(SYMBOLS)))], rng)


def draw_strokes(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw single straight strokes of one pen, alike but for the unsteadiness of a hand: ones without flag or base.

    Args:
        count: how many.
        rng: source of all chance.

    Returns:
        Each (h, w) uint8, dark ink on white paper.
    """
    height, width, lean = rng.uniform(80, 160), rng.uniform(0.03, 0.13), rng.uniform(-0.2, 0.45)
    ends = np.array([[lean, 0.0], [0.0, 1.0]])
    return [_ink([(ends + rng.normal(0, 0.015, (2, 2))) * height], height * width) for _ in range(count)]


def draw_scribble(rng: np.random.Generator) -> np.ndarray:
    """Draw a scribble: a wandering line, a zigzag, hatching, loops or a blot.

    Returns:
        (h, w) uint8, dark ink on white paper.
    """
    size = rng.uniform(80, 160)
    kind = int(rng.integers(5))
    if kind == 0:
        strokes = [draw_curve(rng.uniform(0, size, (int(rng.integers(5, 12)), 2)))]
    elif kind == 1:
        n = int(rng.integers(5, 12))
        heights = np.where(np.arange(n) % 2, 0.0, size * rng.uniform(0.4, 1))
        zigzag = np.stack([np.linspace(0, size, n), heights], axis=1)
        strokes = [_turn(zigzag + rng.normal(0, size / 25, zigzag.shape), rng)]
    elif kind == 2:
        ends = rng.uniform(0, size, (int(rng.integers(4, 9)), 2, 2))
        strokes = list(ends)
    elif kind == 3:
        turns = np.linspace(0, 2 * np.pi * rng.uniform(2, 5), 80)
        radius = np.linspace(rng.uniform(0.1, 1), 1, 80) * size / 2
        loops = np.stack([radius * np.cos(turns), radius * np.sin(turns) * rng.uniform(0.5, 1)], axis=1)
        loops[:, 0] += np.linspace(0, size * rng.uniform(0, 1.5), 80)
        strokes = [_turn(loops, rng)]
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radius = size / 2 * rng.uniform(0.5, 1, 9)
        blot = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
        strokes = [blot * share for share in np.linspace(0.1, 1, 8)]
    return _ink(strokes, size * rng.uniform(0.05, 0.13))


def _turn(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    turned: np.ndarray = points @ np.array([[cos, -sin], [sin, cos]])
    return turned


def _ink(strokes: list[np.ndarray], width: float) -> np.ndarray:
    """Draw lines through points, each (n, 2) in pixels, with a round pen."""
    everything = np.concatenate(strokes)
    corner = everything.min(axis=0) - _MARGIN
    w, h = np.ceil(everything.max(axis=0) - corner + _MARGIN).astype(int)
    sheet = Image.new("L", (2 * int(w), 2 * int(h)), 255)
    pen = ImageDraw.Draw(sheet)
    radius = width  # half the width, on a sheet of twice the size
    for stroke in strokes:
        points = [(float(x), float(y)) for x, y in 2 * (stroke - corner)]
        pen.line(points, fill=0, width=round(2 * width), joint="curve")
        for x, y in points:
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return np.asarray(sheet.reduce(2))
