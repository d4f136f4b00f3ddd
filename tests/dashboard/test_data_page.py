"""Data over real digits: what is chosen, in which order, and what a click and a link open."""

from functools import partial

import numpy as np
import pytest
from app_pages import click, list_tiles, open_view, read_sheet, run_again, unfold_table
from run_folders import copy_run

from core.data import datasets
from core.evaluation.metrics import hardest_first
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.report import load_predictions

pytestmark = pytest.mark.usefixtures("no_download")
open_page = partial(open_view, "data")


@pytest.fixture
def digits(home):
    return datasets.load("sklearn-digits")


def read_text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.subheader) for one in kind)


def test_the_first_page_is_the_beginning_of_the_training_digits(digits):
    at = open_page()
    assert list_tiles(at) == list(range(200))
    assert [tile["text"] for tile in read_sheet(at)["tiles"]] == [str(label) for label in digits.train.labels[:200]]
    assert "**1,437** digits; showing 1 to 200" in read_text(at)


def test_the_last_page_holds_the_rest(digits):
    at = open_page()
    at.session_state["data_page"] = 8
    run_again(at)
    assert list_tiles(at) == list(range(1400, 1437))
    assert "showing 1,401 to 1,437" in read_text(at)


def test_only_the_digits_asked_for(digits):
    at = open_page(split="Test", only=["4", "7"])
    wanted = np.flatnonzero(np.isin(digits.test.labels, [4, 7]))
    assert list_tiles(at) == wanted.tolist()
    assert f"**{len(wanted)}** digits labelled 4, 7" in read_text(at)


def test_a_change_of_filter_goes_back_to_the_first_page(digits):
    at = open_page()
    at.session_state["data_page"] = 8
    run_again(at)
    at.button_group(key="only").set_value([3])
    run_again(at)
    assert list_tiles(at)[0] == np.flatnonzero(digits.train.labels == 3)[0]


@pytest.mark.parametrize(("order", "sign"), [("most ink", -1), ("least ink", 1)])
def test_order_by_ink(digits, order, sign):
    ink = digits.train.images.mean(axis=(1, 2))
    expected = np.argsort(sign * ink, kind="stable")[:200]
    assert list_tiles(open_page(order=order)) == expected.tolist()


@pytest.mark.parametrize(("order", "by"), [("least probable truth", "loss"), ("surest wrong answer", "confidence")])
def test_order_by_what_a_run_finds_hard(finished_run, order, by):
    answers = load_predictions(finished_run)
    expected = hardest_first(answers.probabilities, answers.labels, by)[:200]
    at = open_page(split="Test", order=order, run=finished_run.id)
    assert list_tiles(at) == expected.tolist()
    tile = read_sheet(at)["tiles"][0]
    predicted = answers.predictions[expected[0]]
    assert tile["text"] == f"{answers.labels[expected[0]]} → {predicted}"
    assert f"{100 * answers.probabilities[expected[0], predicted]:.1f}" in tile["detail"]


def test_leaving_the_test_digits_keeps_the_order_of_a_run(digits, finished_run):
    at = open_page(split="Test", order="least probable truth")
    at.button_group(key="split").set_value("Training")
    run_again(at)
    assert at.selectbox(key="order").value == "least probable truth"
    assert len(list_tiles(at)) == 200
    assert read_sheet(at)["tiles"][0]["text"] != str(digits.train.labels[0]), "with what the run says of it"


def test_a_run_on_other_digits_orders_nothing(home, finished_run):
    copy_run(finished_run, home, id="20260101-000009-mlp-else", dataset_checksum="0" * 64)
    at = open_page(split="Test", order="least probable truth")
    assert len(at.selectbox(key="run_picker").options) == 1


def test_a_click_opens_the_digit_and_a_link_reopens_it(digits):
    index = int(np.flatnonzero(digits.test.labels == 5)[3])
    at = click(open_page(split="Test", only=["5"]), "sheet", index)
    assert at.subheader[0].value == "Label 5"
    assert at.query_params["digit"] == str(index)
    linked = open_page(split="Test", digit=str(index))
    assert linked.subheader[0].value == "Label 5"
    assert read_sheet(linked)["selected"] == index


def test_a_click_on_a_digit_that_is_no_longer_shown_opens_nothing(digits):
    at = click(open_page(split="Test", only=["5"]), "sheet", int(np.flatnonzero(digits.test.labels == 6)[0]))
    assert "Click a digit" in read_text(at)


def test_a_linked_digit_is_on_the_page_shown(digits):
    at = open_page(digit="777")
    assert 777 in list_tiles(at)
    assert "778 of 1,437" in read_text(at)


@pytest.mark.parametrize("number", ["1437", "-1", "x", ""])
def test_a_number_that_no_digit_has_opens_nothing(digits, number):
    at = open_page(digit=number)
    assert "Click a digit" in read_text(at)
    assert list_tiles(at)[0] == 0


def test_go_to_number(digits):
    at = open_page()
    at.number_input(key="go_to").set_value(1000)
    run_again(at)
    assert at.subheader[0].value == f"Label {digits.train.labels[1000]}"
    assert list_tiles(at)[0] == 1000


def test_next_goes_to_the_next_page_of_the_sheet(digits):
    at = open_page(digit="199")
    at.button(key="next_digit").click()
    run_again(at)
    assert at.query_params["digit"] == "200"
    assert list_tiles(at)[0] == 200
    at.button(key="close_digit").click()
    run_again(at)
    assert "digit" not in at.query_params


def test_another_split_closes_the_digit(digits):
    at = open_page(digit="5")
    at.button_group(key="split").set_value("Test")
    run_again(at)
    assert "digit" not in at.query_params
    assert "**360** digits" in read_text(at)


def test_class_balance_counts_the_labels(digits):
    table = unfold_table(open_page(), "class_balance")
    assert table["Training"].tolist() == np.bincount(digits.train.labels).tolist()
    assert table["Test"].tolist() == np.bincount(digits.test.labels).tolist()


@pytest.mark.parametrize(
    ("tab", "alt"),
    [("Mean", "Mean image of each"), ("Variance", "Variance image of each"), ("Ink", "mean ink of")],
)
def test_the_other_statistics_are_drawn_when_they_are_opened(digits, tab, alt):
    at = open_page()
    at.session_state["statistics"] = tab
    run_again(at)
    [chart] = at.get("plotly_chart")
    assert alt in chart.proto.alt


def test_augmentation_changes_with_its_settings_and_its_seed(digits):
    at = open_page(digit="3")
    at.session_state["augmentation"] = True
    run_again(at)
    first = list_samples(at)
    assert len(set(first)) == 8
    run_again(at)
    assert list_samples(at) == first
    at.button(key="augment-new").click()
    run_again(at)
    assert list_samples(at) != first
    for slider in at.slider:
        if slider.key.startswith("augment-") and slider.min == 0:
            slider.set_value(0.0)
    run_again(at)
    assert len(set(list_samples(at))) == 1


def list_samples(at):
    """Return the addresses of the samples' pictures, which are made of what is in them."""
    pictures = [image for element in at.get("image") for image in element.proto.imgs]
    return [picture.url for picture in pictures if picture.alt.startswith("Augmented")]


def test_mnist_and_the_bundled_digits_are_both_there(mnist_home, mnist):
    at = open_page()
    assert "**60,000** digits" in read_text(at)
    at.button_group(key="dataset").set_value("sklearn-digits")
    run_again(at)
    assert "**1,437** digits" in read_text(at)


def test_without_mnist_the_page_says_so(home):
    at = open_page()
    assert "There is no network." in at.warning[0].value


def test_damaged_predictions_are_said(finished_run):
    (finished_run.path / "test.npz").write_bytes(b"not numbers")
    at = open_page(split="Test", order="least probable truth")
    assert "test.npz is damaged" in at.error[0].value


def test_training_digits_are_ordered_by_what_a_run_finds_hard(digits, finished_run):
    at = open_page(order="least probable truth")
    probabilities = predict_probabilities(load_classifier(finished_run), digits.train.images)
    hardest = hardest_first(probabilities, digits.train.labels)[:200].tolist()
    assert list_tiles(at) == hardest
