"""Charts hold the data they were given, say it in words, and survive having none."""

import json
import tomllib
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import dashboard
from core.charts import look
from core.charts.answers import plot_confidence_histogram, plot_probabilities
from core.charts.curves import Curve, plot_curves
from core.charts.dataset import SPLIT_LOOKS, plot_class_balance, plot_heatmap_image, plot_ink_histogram
from core.errors import ShapeError

TRAIN = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
TEST = np.array([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
NUMBERS = np.zeros(0)


def make_ink(n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Ink that grows with the class, from about 0.05 to 0.5, and the labels."""
    labels = np.arange(n) % 10
    return 0.05 * (labels + 1) * np.random.default_rng(0).uniform(0.8, 1.0, n), labels


def alt_of(figure: go.Figure) -> str:
    return figure.layout.meta["alt"]


def make_figures() -> dict[str, go.Figure]:
    """One of every chart, and every chart of nothing."""
    ink, labels = make_ink()
    probabilities = np.full(10, 0.05)
    probabilities[4] = 0.55
    images = np.random.default_rng(0).random((10, 28, 28))
    confidence = np.linspace(0.3, 1.0, 50)
    return {
        "balance": plot_class_balance({"train": TRAIN, "test": TEST}),
        "ink": plot_ink_histogram(ink),
        "ink by class": plot_ink_histogram(ink, labels),
        "probabilities": plot_probabilities(probabilities, 9),
        "curves": plot_curves([Curve("train", [1, 2], [0.5, 0.1]), Curve("val", [1, 2], [0.6, 0.2])], "Epoch", "Loss"),
        "images": plot_heatmap_image(images),
        "confidence": plot_confidence_histogram(confidence, confidence > 0.5),
        "no balance": plot_class_balance({}),
        "no ink": plot_ink_histogram(NUMBERS),
        "no ink by class": plot_ink_histogram(NUMBERS, np.zeros(0, np.int64)),
        "no probabilities": plot_probabilities(NUMBERS),
        "no curves": plot_curves([], "Epoch", "Loss"),
        "an empty curve": plot_curves([Curve("train", [], [])], "Epoch", "Loss"),
        "no images": plot_heatmap_image(np.zeros((0, 28, 28))),
        "no confidence": plot_confidence_histogram(NUMBERS, np.zeros(0, bool)),
    }


FIGURES = make_figures()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_one_sentence_transparent_and_serialisable(name):
    figure = FIGURES[name]
    layout = json.loads(figure.to_json())["layout"]
    alt = layout["meta"]["alt"]
    assert alt.endswith(".")
    assert alt[0].isupper()
    assert ". " not in alt
    assert "nan" not in alt
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert layout["dragmode"] is False
    if name.startswith(("no ", "an ")):
        assert alt.endswith(": nothing to show yet.")
        assert [note["text"] for note in layout["annotations"]] == ["Nothing to show yet"]
        assert layout["xaxis"]["visible"] is False
    else:
        assert all(trace.hovertemplate.endswith("<extra></extra>") for trace in figure.data)


def test_class_balance():
    figure = FIGURES["balance"]
    assert [trace.name for trace in figure.data] == ["train", "test"]
    assert_array_equal(figure.data[0].y, TRAIN)
    assert_array_equal(figure.data[1].y, TEST)
    assert_allclose(figure.data[1].customdata, TEST / 10_000)
    assert figure.data[0].marker.pattern.shape != figure.data[1].marker.pattern.shape
    assert alt_of(figure) == (
        "Bar chart of digits per class: train from 5,421 fives to 6,742 ones; test from 892 fives to 1,135 ones."
    )
    with pytest.raises(ShapeError, match="train"):
        plot_class_balance({"train": TRAIN[:9]})


def test_class_balance_of_an_empty_split_divides_by_nothing():
    figure = plot_class_balance({"validation": np.zeros(10, np.int64)})
    assert_array_equal(figure.data[0].customdata, np.zeros(10))
    assert "validation from 0" in alt_of(figure)


def test_ink_histogram_counts_every_digit_once():
    ink = np.array([0.1, 0.1, 0.2, 0.4])
    figure = plot_ink_histogram(ink, n_bins=4)
    assert_array_equal(figure.data[0].y, [0, 2, 1, 1])
    assert_allclose(figure.data[0].x, [0.05, 0.15, 0.25, 0.35])
    assert "4 digits, median 15.00 %, from 10.00 % to 40.00 %" in alt_of(figure)


def test_ink_histogram_of_blank_digits():
    assert plot_ink_histogram(np.zeros(3)).data[0].y[0] == 3


def test_ink_histogram_by_class():
    ink, labels = make_ink()
    rows, medians = FIGURES["ink by class"].data
    assert list(rows.y) == [str(digit) for digit in range(10)]
    assert_allclose(rows.z.sum(axis=1), np.ones(10))
    assert_allclose(medians.x, [np.median(ink[labels == digit]) for digit in range(10)])
    assert alt_of(FIGURES["ink by class"]).endswith("% for the nines.")
    assert "for the zeros to" in alt_of(FIGURES["ink by class"])
    with pytest.raises(ShapeError):
        plot_ink_histogram(ink, labels[:-1])


def test_ink_histogram_leaves_out_classes_that_do_not_occur():
    figure = plot_ink_histogram(np.array([0.1, 0.2, 0.3]), np.array([7, 7, 2]))
    assert list(figure.data[0].y) == ["2", "7"]
    assert "30.00 % for the twos" in alt_of(figure)


def make_probabilities() -> np.ndarray:
    probabilities = np.full(10, 0.005)
    probabilities[[4, 9]] = 0.9, 0.06
    return probabilities


def test_probabilities_of_a_right_answer():
    figure = plot_probabilities(make_probabilities(), true_label=4)
    bars = figure.data[0]
    assert_array_equal(bars.x, make_probabilities())
    assert bars.text[4] == "90.00 % · predicted · true"
    assert bars.text[9] == "6.00 %"
    assert bars.marker.color[4] == look.BLUE
    assert set(bars.marker.color[:4] + bars.marker.color[5:]) == {look.GRAY}
    assert alt_of(figure).endswith("4 with 90.00 %, then 9 with 6.00 %; the prediction is right.")


def test_probabilities_of_a_wrong_answer_say_so_in_colour_and_in_words():
    figure = plot_probabilities(make_probabilities(), true_label=9)
    bars = figure.data[0]
    assert (bars.text[4], bars.text[9]) == ("90.00 % · predicted", "6.00 % · true")
    assert bars.marker.color[4] == look.ORANGE
    assert [digit for digit, width in enumerate(bars.marker.line.width) if width] == [9]
    assert alt_of(figure).endswith("; the prediction is wrong, the true digit is 9 with 6.00 %.")


def test_probabilities_without_a_truth_claim_nothing():
    figure = plot_probabilities(make_probabilities())
    assert figure.data[0].marker.color[4] == look.BLUE
    assert "true" not in "".join(figure.data[0].text)
    assert alt_of(figure).endswith("then 9 with 6.00 %.")
    with pytest.raises(ShapeError):
        plot_probabilities(np.ones(9))


def test_curves():
    noisy = Curve("steps", np.arange(100), np.linspace(2.3, 0.1, 100), faint=True)
    epochs = Curve("epochs", [50, 99], [float("nan"), 0.2], hue=1, dashed=True)
    figure = plot_curves([noisy, epochs], "Step", "Loss", y_format=".2f", log_y=True)
    assert_array_equal(figure.data[0].y, noisy.y)
    assert_array_equal(figure.data[1].x, epochs.x)
    assert (figure.data[0].mode, figure.data[1].mode) == ("lines", "lines+markers")
    assert figure.data[0].opacity < figure.data[1].opacity
    assert (figure.data[0].line.dash, figure.data[1].line.dash) == ("solid", "dash")
    assert figure.data[0].line.color != figure.data[1].line.color
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol
    assert figure.layout.yaxis.type == "log"
    assert alt_of(figure) == "Line chart of Loss over Step: steps from 2.30 to 0.10; epochs from 0.20 to 0.20."
    with pytest.raises(ShapeError, match="short"):
        plot_curves([Curve("short", [1, 2], [1])], "Step", "Loss")


def test_curves_in_percent():
    figure = plot_curves([Curve("accuracy", [1, 2], [0.9, 0.991])], "Epoch", "Accuracy", y_format=".2%")
    assert figure.layout.yaxis.tickformat == ".2~%"
    assert figure.layout.yaxis.type == "linear"
    assert "from 90.00% to 99.10%" in alt_of(figure)


def test_images():
    images = np.zeros((10, 28, 28))
    images[8], images[3, 0, 0] = 0.5, 0.75
    images[1] = 0.0
    figure = plot_heatmap_image(images, title="Variance")
    assert len(figure.data) == 10
    for digit in range(10):
        assert_array_equal(figure.data[digit].z, images[digit])
    assert [note.text for note in figure.layout.annotations] == [str(digit) for digit in range(10)]
    assert "pixels from 0.00 to 0.75" in alt_of(figure)
    assert "most in the eights (0.500) and least in the zeros (0.000)" in alt_of(figure)


def test_images_have_dark_ink_in_the_light_theme_and_light_ink_in_the_dark_one():
    images = np.ones((3, 8, 8))
    light, dark = (plot_heatmap_image(images, dark=dark).layout.coloraxis.colorscale for dark in (False, True))
    assert light[0][1].endswith(",0)")
    assert (light[1][1], dark[1][1]) == ("rgba(35,38,43,1)", "rgba(233,229,219,1)")
    with pytest.raises(ShapeError, match=r"\(8, 8\)"):
        plot_heatmap_image(images[0])


def test_confidence_histogram_keeps_right_and_wrong_apart():
    confidence = np.array([0.55, 0.95, 1.0, 1.0, 0.65])
    figure = plot_confidence_histogram(confidence, np.array([False, True, True, True, False]), n_bins=10)
    right, wrong = figure.data
    # Bins without digits have no bar, so nothing but digits can be clicked.
    assert_allclose(right.x, [0.95])
    assert_array_equal(right.y, [3])
    assert_allclose(wrong.x, [0.55, 0.65])
    assert_array_equal(wrong.y, [1, 1])
    assert [row[:4] for row in right.customdata] == [[9, 0.95, 1.0, True]]
    assert [row[:4] for row in wrong.customdata] == [[15, 0.55, 0.55, False], [16, 0.65, 0.65, False]]
    assert right.marker.color != wrong.marker.color
    assert right.marker.pattern.shape != wrong.marker.pattern.shape
    assert [note.text for note in figure.layout.annotations] == ["3 right", "2 wrong"]
    assert alt_of(figure).endswith("5 predictions: 3 right (median 100.00 %) and 2 wrong (median 60.00 %).")
    with pytest.raises(ShapeError):
        plot_confidence_histogram(confidence, np.array([True]))


def test_confidence_histogram_can_give_each_nine_equal_room():
    confidence = np.array([0.2, 0.5, 0.95, 0.995, 0.99995, 1.0])
    right, wrong = plot_confidence_histogram(confidence, confidence > 0.3, stretched=True).data
    assert_allclose(right.x, [0.25, 1.25, 2.25, 4.25, 4.75])
    assert_array_equal(right.y, [1, 1, 1, 1, 1])
    assert_allclose(wrong.x, [0.25])
    assert right.customdata[1][4] == "90.00 % to 96.84 %"


def test_confidence_histogram_of_a_perfect_classifier():
    assert alt_of(plot_confidence_histogram(np.ones(4), np.ones(4, bool))).endswith("(median 100.00 %) and 0 wrong.")


def _luminance(color: str) -> float:
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_the_data_are_legible_on_the_paper_of_both_themes(theme):
    config = Path(dashboard.__file__).parent / ".streamlit" / "config.toml"
    paper = _luminance(tomllib.loads(config.read_text())["theme"][theme]["backgroundColor"])
    for color in (*look.HUES, *(color for color, _ in SPLIT_LOOKS)):
        bright, dim = sorted((_luminance(color), paper), reverse=True)
        # 3 to 1 is what the Web Content Accessibility Guidelines 2.2 ask of graphics, criterion 1.4.11.
        assert (bright + 0.05) / (dim + 0.05) >= 3, color
