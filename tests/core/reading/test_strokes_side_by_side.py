"""Numbers of ones: strokes side by side are digits each, though letters are made of such strokes, too."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data.ink import find_ink
from core.evaluation.predict import load_classifier
from core.evaluation.read import read_numbers
from core.reading.candidates import find_candidates
from core.reading.lines import find_lines
from core.runs.store import find_run


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(find_run("drawing"))


def draw_lines(*lines, width):
    picture = Image.new("L", (320, 320), 255)
    pen = ImageDraw.Draw(picture)
    for line in lines:
        pen.line(line, fill=30, width=width, joint="curve")
    return np.asarray(picture)


def draw_ones(count, step, width):
    lefts = [20 + step * number for number in range(count)]
    return draw_lines(*([(x + 4, 60), (x, 260)] for x in lefts), width=width)


@pytest.mark.parametrize("width", [12, 22])
@pytest.mark.parametrize(("count", "step"), [(2, 34), (2, 120), (3, 34), (3, 40), (3, 60), (5, 40), (5, 60), (8, 40)])
def test_ones_side_by_side_are_read_one_by_one(classifier, count, step, width):
    [number] = read_numbers(classifier, draw_ones(count, step, width))
    assert number.text == "1" * count


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
