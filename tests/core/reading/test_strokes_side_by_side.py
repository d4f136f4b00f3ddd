"""Numbers of ones: strokes side by side are digits each, though letters are made of such strokes, too."""

from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data.ink import find_ink
from core.data.strings import make_string
from core.evaluation.predict import load_classifier
from core.evaluation.read import read_numbers
from core.reading.candidates import find_candidates
from core.reading.lines import find_lines
from core.runs.store import find_run

LEAST_READ = 0.9


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("drawing"))


def draw_lines(*lines, width):
    picture = Image.new("L", (320, 320), 255)
    pen = ImageDraw.Draw(picture)
    for line in lines:
        pen.line(line, fill=30, width=width, joint="curve")
    return np.asarray(picture)


def draw_ones(count, step, width, lean=4):
    lefts = [max(20, 10 - lean) + step * number for number in range(count)]
    return draw_lines(*([(x + lean, 60), (x, 260)] for x in lefts), width=width)


@pytest.mark.parametrize(
    ("count", "step", "width"),
    [
        *[(count, step, 12) for count, step in ((2, 40), (2, 120), (3, 34), (3, 40), (3, 60), (5, 40), (5, 60))],
        *[
            (count, step, 22)
            for count, step in ((2, 34), (2, 120), (3, 34), (3, 40), (3, 60), (5, 40), (5, 60), (8, 40))
        ],
    ],
)
def test_ones_side_by_side_are_read_one_by_one(classifier, count, step, width):
    [number] = read_numbers(classifier, draw_ones(count, step, width))
    assert number.text == "1" * count


@pytest.mark.parametrize("lean", [-20, 40])
@pytest.mark.parametrize(("count", "step"), [(2, 60), (3, 60), (4, 60)])
def test_slanted_ones_are_read_one_by_one_where_they_reach_over_each_other(classifier, count, step, lean):
    [number] = read_numbers(classifier, draw_ones(count, step, 22, lean))
    assert number.text == "1" * count


def test_most_ones_are_read_however_thin_close_or_slanted(classifier):
    shapes = product(range(2, 9), (34, 40, 60, 90, 120), (8, 12, 22), (-20, 4, 40))
    shapes = [(count, step, width, lean) for count, step, width, lean in shapes if 40 + step * (count - 1) < 280]
    read = [
        [number.text for number in read_numbers(classifier, draw_ones(count, step, width, lean))] == ["1" * count]
        for count, step, width, lean in shapes
    ]
    print(f"{sum(read)} of {len(read)} numbers of ones read")
    assert sum(read) >= LEAST_READ * len(read)


def test_each_stroke_between_gaps_could_be_a_digit():
    [line] = find_lines(find_ink(draw_ones(3, 60, 12)))
    boxes = [one.preparation.box for one in find_candidates(line)]
    narrow = {left // 60 for left, _, right, _ in boxes if right - left < 25}
    assert narrow == {0, 1, 2}


def test_a_bar_beside_its_five_is_no_stroke_of_its_own(classifier):
    body = [(110, 70), (105, 150), (190, 160), (200, 230), (110, 260)]
    bar = [(215, 70), (270, 72)]
    [line] = find_lines(find_ink(draw_lines(body, bar, width=18)))
    boxes = [one.preparation.box for one in find_candidates(line)]
    assert max(box[2] for box in boxes) > 260
    [number] = read_numbers(classifier, draw_lines(body, bar, width=18))
    assert number.text == "5"


def test_what_could_be_a_digit_keeps_no_more_of_a_long_line_than_is_near(mnist):
    string = make_string(mnist.test, "separate", 40, np.random.default_rng(0))
    [line] = find_lines(find_ink(string.picture))
    candidates = find_candidates(line)
    assert len(candidates) > 80
    kept = [ink if (ink := one.preparation.ink).base is None else ink.base for one in candidates]
    assert max(ink.shape[1] for ink in kept if ink.shape[1] < line.ink.shape[1]) < 5 * line.height
    assert sum(ink.shape == line.ink.shape for ink in kept) <= 2
