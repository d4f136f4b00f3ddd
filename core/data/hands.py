"""Drawings of digits in many hands, as the sheet of the Draw page gives them: forms, deformed, slanted and inked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from core.data.forms import Part, list_forms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.data.forms import Form

SIDE_PX = 320
# No hand of development writes in test.
HANDS: dict[Part, range] = {"development": range(40), "test": range(1000, 1030)}
# Drawn at this many times the size, then averaged: a soft edge of a pixel, as on a canvas.
_FINER = 3
_MARGIN_PX = 8


@dataclass(frozen=True)
class Hand:
    """How somebody writes; lengths are shares of the digit's height where no unit is given.

    Attributes:
        number: identifies the hand, and is the seed of all its chance.
        slant: how far the top leans right, per height.
        aspect: factor on the width.
        turn: rotation of the whole, in radians.
        height_px: of a digit on the sheet.
        brush_px: width of the pen.
        pressure: how much the pen's width varies along a stroke, as a share of it.
        unsteadiness: typical distance of a stroke from where the form has it.
    """

    number: int
    slant: float
    aspect: float
    turn: float
    height_px: float
    brush_px: float
    pressure: float
    unsteadiness: float


@dataclass(frozen=True)
class Drawing:
    """A sheet with one digit on it.

    Attributes:
        picture: (320, 320) uint8, dark ink on white paper.
        form: what was written.
        hand: who wrote.
    """

    picture: np.ndarray
    form: Form
    hand: Hand


def make_hand(number: int) -> Hand:
    """Return the hand of that number, always the same; its ranges are wider than one person's habits."""
    rng = np.random.default_rng([2, number])
    return Hand(
        number=number,
        slant=rng.uniform(-0.15, 0.4),
        aspect=rng.uniform(0.75, 1.4),
        turn=rng.normal(0, 0.06),
        height_px=rng.uniform(90, 280),
        # The range of the Draw page's brush, thin and thick alike.
        brush_px=float(np.exp(rng.uniform(np.log(8), np.log(34)))),
        pressure=rng.uniform(0, 0.35),
        unsteadiness=rng.uniform(0.005, 0.03),
    )


def make_drawings(part: Part) -> Iterator[Drawing]:
    """Draw every form of a part in every hand of that part: always the same pictures."""
    for form in list_forms(part):
        for number in HANDS[part]:
            hand = make_hand(number)
            yield Drawing(draw_form(form, hand), form, hand)


def draw_form(form: Form, hand: Hand) -> np.ndarray:
    """Write a form in a hand; (320, 320) uint8, dark ink on white paper, all of it on the sheet."""
    rng = _start_chance(form, hand)
    strokes, brush = _write(form, hand, rng)
    return _ink(strokes, brush, hand.pressure, rng)


def trace_form(form: Form, hand: Hand) -> tuple[list[np.ndarray], float]:
    """Return the strokes of what `draw_form` writes, and the width of the pen in pixels.

    Each stroke is (n, 2) float, points x, y in pixels of the sheet, a pixel or less apart.
    """
    strokes, brush = _write(form, hand, _start_chance(form, hand))
    return [_space_evenly(stroke) for stroke in strokes], brush


def _start_chance(form: Form, hand: Hand) -> np.random.Generator:
    return np.random.default_rng([3, hand.number, *form.kind.encode()])


def _write(form: Form, hand: Hand, rng: np.random.Generator) -> tuple[list[np.ndarray], float]:
    """Return the strokes on the sheet, each (n, 2) pixels, and the width of the pen."""
    strokes = [_deform(stroke, hand, rng) for stroke in _warp(form.strokes, hand, rng)]
    # A thick pen on a small digit would fill its loops, and nobody would read it.
    brush = min(hand.brush_px, 0.16 * hand.height_px)
    return _place(strokes, brush, rng), brush


def _warp(strokes: tuple[np.ndarray, ...], hand: Hand, rng: np.random.Generator) -> list[np.ndarray]:
    """Bend the whole form smoothly, as no digit is written twice alike, and lift strokes a little off each other."""
    waves = rng.uniform(0.5, 1.5, (2, 2))
    phases = rng.uniform(0, 2 * np.pi, 2)
    moved = []
    for stroke in strokes:
        bend = np.sin(2 * np.pi * stroke @ waves + phases)  # (n, 2)
        moved.append(stroke + hand.unsteadiness * (1.5 * bend + rng.normal(0, 0.7, 2)))
    return moved


def _deform(stroke: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """Give a stroke a wavering line and the hand's proportions; returns (n, 2) in pixels, anywhere."""
    along = np.linspace(0, np.pi, len(stroke))[:, None, None]
    # Long waves only, so that the line wavers and does not tremble.
    waves = np.sin(along * np.array([1.0, 2.0, 3.0, 5.0]) + rng.uniform(0, 2 * np.pi, (2, 4)))  # (n, 2, 4)
    points = stroke + hand.unsteadiness * (waves * rng.normal(0, 0.7, (2, 4))).sum(axis=2)
    x, y = hand.aspect * points[:, 0] + hand.slant * (1 - points[:, 1]), points[:, 1]
    cos, sin = np.cos(hand.turn), np.sin(hand.turn)
    return hand.height_px * np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)


def _place(strokes: list[np.ndarray], brush: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Move (and, if it must be, shrink) strokes in pixels to a place on the sheet that holds all of them."""
    everything = np.concatenate(strokes)
    low, high = everything.min(axis=0), everything.max(axis=0)
    border = _MARGIN_PX + 0.7 * brush
    room = SIDE_PX - 2 * border
    scale = min(1.0, room / float((high - low).max()))
    free = room - scale * (high - low)
    # Near the middle, as people do, but not exactly there.
    corner = border + free * rng.uniform(0.25, 0.75, 2)
    return [corner + scale * (stroke - low) for stroke in strokes]


def _ink(strokes: list[np.ndarray], brush: float, pressure: float, rng: np.random.Generator) -> np.ndarray:
    """Draw strokes with a round pen whose width swells and shrinks along the line."""
    sheet = Image.new("L", (SIDE_PX * _FINER, SIDE_PX * _FINER), 255)
    pen = ImageDraw.Draw(sheet)
    for stroke in strokes:
        fine = _space_evenly(stroke) * _FINER
        swell = np.interp(np.linspace(0, 1, len(fine)), np.linspace(0, 1, 5), rng.uniform(-1, 1, 5))
        radii = 0.5 * brush * (1 + 0.5 * pressure * swell) * _FINER
        for (x, y), radius in zip(fine.tolist(), radii.tolist(), strict=True):
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return np.asarray(sheet.reduce(_FINER))


def _space_evenly(stroke: np.ndarray) -> np.ndarray:
    """Return points a pixel or less apart along a line through (n, 2) points in pixels."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, length[-1], max(2, int(np.ceil(length[-1])) + 1))
    return np.stack([np.interp(at, length, stroke[:, 0]), np.interp(at, length, stroke[:, 1])], axis=1)
