import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data.ink import find_ink
from core.data.segment import prepare_picture
from core.data.strings import make_string
from core.data.strokes import draw_letter
from core.evaluation.gate import DIGIT_FROM, ask_gate, compute_digit_scores
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.read import ReadDigit, ReadNumber, read_digits, read_numbers
from core.reading.lines import find_lines
from core.runs.store import find_run


@pytest.fixture(scope="module")
def classifier(trained_mnist):
    return load_classifier(trained_mnist)


def read_many(classifier, part, condition, length, n):
    rng = np.random.default_rng(0)
    strings = [make_string(part, condition, length, rng) for _ in range(n)]
    return [(string.text, [digit.label for digit in read_digits(classifier, string.picture)]) for string in strings]


@pytest.mark.parametrize(("condition", "least"), [("separate", 11), ("broken", 9), ("touching", 6)])
def test_numbers_keep_their_number_of_digits(mnist, classifier, condition, least):
    read = read_many(classifier, mnist.test, condition, 3, 12)
    assert sum(len(labels) == 3 for _, labels in read) >= least


def test_a_lone_digit_is_not_cut(mnist, classifier):
    read = read_many(classifier, mnist.test, "separate", 1, 60)
    assert sum(len(labels) == 1 for _, labels in read) >= 59
    assert sum([str(label) for label in labels] == [text] for text, labels in read) >= 54


def test_what_is_alone_is_left_to_the_classifier_and_in_a_number_the_gate_has_a_say(mnist, classifier):
    def compute_difference(length):
        string = make_string(mnist.test, "separate", length, np.random.default_rng(3))
        digits = read_digits(classifier, string.picture)
        assert len(digits) == length
        images = np.stack([digit.preparation.image for digit in digits])
        own = predict_probabilities(classifier, images)
        return np.abs(np.stack([digit.probabilities for digit in digits]) - own).max(axis=1)

    assert compute_difference(1) < 1e-5
    assert (compute_difference(3) > 1e-5).any()


def test_most_letters_taken_whole_are_no_digits():
    rng = np.random.default_rng(5)
    images = [prepare_picture(draw_letter(letter, rng))[0].image for letter in "ACEFHKMNPRUVWX"]
    assert (compute_digit_scores(ask_gate(np.stack(images))) >= DIGIT_FROM).sum() <= 2


@pytest.mark.parametrize("squared", [False, True])
def test_numbers_on_notebook_paper_are_read_as_on_a_blank_sheet(mnist, squared):
    classifier = load_classifier(find_run("drawing"))
    rng = np.random.default_rng(0)
    blank = ruled = 0
    for _ in range(12):
        string = make_string(mnist.test, "separate", 4, rng)
        sheet = np.pad(string.picture, 120, constant_values=255)
        page = np.full(sheet.shape, 230, np.uint8)
        for axis in range(1 + squared):
            for first in (0, 1):  # lines of two pixels
                page[(slice(None), slice(first, None, 40))[:: 1 if axis else -1]] = 150
        texts = [
            [number.text for number in read_numbers(classifier, photograph(np.minimum(picture, sheet), rng))]
            for picture in (np.full_like(page, 230), page)
        ]
        blank += texts[0] == [string.text]
        ruled += texts[1] == [string.text]
    print(f"{ruled} of 12 numbers on {'squared' if squared else 'ruled'} paper read, {blank} on blank paper")
    assert ruled >= max(10, blank - 1)


def photograph(picture, rng):
    return (picture * 0.8 + rng.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)


def test_a_number_says_how_sure_it_is(mnist, classifier):
    string = make_string(mnist.test, "separate", 4, np.random.default_rng(1))
    (number,) = read_numbers(classifier, string.picture)
    sure = np.prod([digit.probabilities.max() * digit.digit_score**0.5 for digit in number.digits])
    assert number.confidence == pytest.approx(sure)
    boxes = [digit.preparation.box for digit in number.digits]
    assert boxes == sorted(boxes)
    assert json.loads(json.dumps(number.digits[0].describe()))["is_digit"] is True


def test_what_is_no_digit_is_a_question_mark(mnist, classifier):
    string = make_string(mnist.test, "separate", 1, np.random.default_rng(2))
    (digit,) = read_digits(classifier, string.picture)
    stranger = ReadDigit(digit.preparation, digit.probabilities, digit_score=0.0, is_digit=False)
    assert ReadNumber([digit, stranger]).text == f"{digit.label}?"
    assert stranger.describe()["is_digit"] is False
    assert ReadNumber([digit, stranger]).confidence == 0


def test_a_five_and_the_bar_above_it_are_one_digit(classifier):
    sheet = Image.new("L", (200, 240), 255)
    pen = ImageDraw.Draw(sheet)
    pen.line([(95, 60), (165, 25)], fill=0, width=12)
    body = [(88, 90), (82, 130), (115, 125), (135, 150), (125, 185), (95, 200), (65, 190)]
    pen.line(body, fill=0, width=12, joint="curve")
    picture = np.asarray(sheet)
    assert len(find_lines(find_ink(picture))) == 2
    assert [number.text for number in read_numbers(classifier, picture)] == ["5"]


def test_two_digits_one_above_the_other_stay_two(mnist, classifier):
    pairs = [(3, 2), (1, 0), (5, 4), (0, 3)]
    for above, below in pairs:
        sheet = np.zeros((64, 40), np.uint8)
        sheet[4:32, 6:34] = mnist.test.images[above]
        sheet[30:58, 6:34] = mnist.test.images[below]
        picture = 255 - np.asarray(Image.fromarray(sheet).resize((160, 256), Image.Resampling.BICUBIC))
        assert len(read_numbers(classifier, picture)) == 2


def test_a_blank_sheet_holds_no_number(classifier):
    assert read_numbers(classifier, np.full((100, 200), 255, np.uint8)) == []
