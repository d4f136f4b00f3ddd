"""Errors over real runs: the right digits, in the right order, and a way through them."""

from functools import partial

import numpy as np
import pytest
from app_pages import click, list_tiles, open_view, press, read_sheet, run_again
from run_folders import copy_run, rewrite_answers

from core.evaluation.report import load_predictions

pytestmark = pytest.mark.usefixtures("no_download")
open_page = partial(open_view, "errors")


def list_markdown(at):
    return [markdown.value for markdown in at.markdown]


def list_misread(run):
    """Return the misread digits, least probable truth first, worked out by hand."""
    answers = load_predictions(run)
    losses = -np.log(answers.probabilities[np.arange(len(answers.labels)), answers.labels])
    wrong = answers.probabilities.argmax(1) != answers.labels
    return [int(i) for i in np.argsort(-losses, kind="stable") if wrong[i]]


def test_the_misread_digits_come_hardest_first(finished_run):
    misread = list_misread(finished_run)
    answers = load_predictions(finished_run)
    at = open_page()
    assert list_tiles(at) == misread
    assert f"**{len(misread)} of 360** test digits are misread, hardest first" in list_markdown(at)
    hardest = read_sheet(at)["tiles"][0]
    predicted = int(answers.probabilities[misread[0]].argmax())
    assert hardest["text"] == f"{answers.labels[misread[0]]} → {predicted}"
    assert hardest["detail"].replace("\u00a0", " ") == f"{100 * answers.probabilities[misread[0]].max():.1f} %"


def test_they_can_come_by_the_confidence_of_the_wrong_answer(finished_run):
    at = open_page()
    at.selectbox(key="by").set_value("confidence")
    run_again(at)
    sureness = load_predictions(finished_run).probabilities.max(1)[list_tiles(at)]
    assert len(sureness) == len(list_misread(finished_run))
    assert (np.diff(sureness) <= 0).all()


def test_filters_narrow_the_list(finished_run):
    answers = load_predictions(finished_run)
    misread = list_misread(finished_run)
    true, predicted = int(answers.labels[misread[0]]), int(answers.predictions[misread[0]])
    at = open_page()
    at.selectbox(key="true").set_value(str(true))
    assert list_tiles(run_again(at)) == [i for i in misread if answers.labels[i] == true]
    at.selectbox(key="read_as").set_value(str(predicted))
    wanted = [i for i in misread if answers.labels[i] == true and answers.predictions[i] == predicted]
    assert list_tiles(run_again(at)) == wanted
    assert at.query_params["cell"] == f"{true}-{predicted}"
    assert at.button(key="remove_cell").label == f"Remove the filter: *true {true}, read as {predicted}*"
    at.selectbox(key="true").set_value("any")
    at.selectbox(key="read_as").set_value("any")
    at.slider(key="sure").set_range(30, 50)
    sureness = answers.probabilities.max(1)
    assert list_tiles(run_again(at)) == [i for i in misread if 0.3 <= sureness[i] <= 0.5]


def test_the_address_opens_the_same_list(finished_run):
    answers = load_predictions(finished_run)
    at = open_page(cell="any-8", sure="0.25..0.75", by="confidence")
    chosen = (answers.predictions == 8) & ~answers.right & (answers.confidence >= 0.25) & (answers.confidence <= 0.75)
    assert sorted(list_tiles(at)) == np.flatnonzero(chosen).tolist()
    assert (np.diff(answers.confidence[list_tiles(at)]) <= 0).all()
    assert at.selectbox(key="read_as").value == "8"
    assert at.slider(key="sure").value == (25, 75)
    press(at, "clear_filter")
    assert sorted(list_tiles(at)) == sorted(list_misread(finished_run))
    assert at.query_params["right"] == "no"
    assert "clear_filter" not in [button.key for button in at.button]


def test_an_exact_range_from_elsewhere_survives_another_filter(finished_run):
    at = open_page(sure="0.30123..0.71")
    assert at.slider(key="sure").value == (30, 71)
    at.selectbox(key="true").set_value("8")
    run_again(at)
    assert at.query_params["sure"] == "0.30123..0.71"
    at.slider(key="sure").set_range(0, 100)
    run_again(at)
    assert "sure" not in at.query_params


def test_a_filter_that_nothing_passes_says_so(finished_run):
    at = open_page()
    at.slider(key="sure").set_range(0, 1)
    assert read_sheet(run_again(at))["empty"] == "No digit passes these filters."


def test_difficult_digits_are_right_and_the_least_certain_come_first(finished_run):
    answers = load_predictions(finished_run)
    at = open_page()
    at.segmented_control(key="show").set_value("yes")
    shown = list_tiles(run_again(at))
    assert (answers.predictions[shown] == answers.labels[shown]).all()
    certainty = answers.probabilities[shown, answers.labels[shown]]
    assert len(shown) == 100
    assert (np.diff(certainty) >= 0).all()
    assert certainty[0] == answers.probabilities.max(1)[answers.predictions == answers.labels].min()


def test_a_click_opens_the_digit_and_the_buttons_walk_through_the_list(finished_run):
    misread = list_misread(finished_run)
    at = open_page()
    click(at, "selection_digits", misread[0])
    assert at.query_params["digit"] == str(misread[0])
    assert read_sheet(at)["selected"] == misread[0]
    assert any(f"number {misread[0]:,} " in caption.value for caption in at.caption)
    assert at.button(key="previous_digit").disabled
    press(at, "next_digit")
    assert at.query_params["digit"] == str(misread[1])
    press(at, "previous_digit")
    assert at.query_params["digit"] == str(misread[0])
    press(at, "close_digit")
    assert "digit" not in at.query_params
    assert any("Click a digit" in caption.value for caption in at.caption)


def test_the_last_digit_has_no_next(finished_run):
    at = open_page(digit=str(list_misread(finished_run)[-1]))
    assert at.button(key="next_digit").disabled
    assert not at.button(key="previous_digit").disabled


def test_the_address_opens_any_digit_even_one_that_is_not_in_the_list(finished_run):
    answers = load_predictions(finished_run)
    right = int(np.flatnonzero(answers.predictions == answers.labels)[0])
    at = open_page(digit=str(right))
    assert any(f"number {right:,} " in caption.value for caption in at.caption)
    assert any(caption.value == "not in this list" for caption in at.caption)
    assert at.button(key="next_digit").disabled


@pytest.mark.parametrize("digit", ["360", "-1", "x", "1.5", "9" * 5000, "٣"])
def test_a_digit_that_does_not_exist_is_ignored(finished_run, digit):
    at = open_page(digit=digit)
    assert any("Click a digit" in caption.value for caption in at.caption)


def test_a_long_list_has_pages_and_the_walk_turns_them(mnist_home, trained_mnist):
    copy_run(trained_mnist, mnist_home)
    at = open_page(right="yes")
    first = list_tiles(at)
    at.pagination(key="selection_page").set_value(2)
    second = list_tiles(run_again(at))
    assert len(first) == len(second) == 100
    assert not set(first) & set(second)
    assert any("; 101 to 200, hardest first" in text for text in list_markdown(at))
    click(at, "selection_digits", second[0])
    press(at, "previous_digit")
    assert at.query_params["digit"] == str(first[-1])
    assert list_tiles(at) == first
    assert list_tiles(open_page(right="yes", digit=str(second[7]))) == second


def test_another_filter_starts_at_the_first_page(mnist_home, trained_mnist):
    copy_run(trained_mnist, mnist_home)
    at = open_page(right="yes")
    at.pagination(key="selection_page").set_value(3)
    run_again(at)
    at.selectbox(key="true").set_value("4")
    run_again(at)
    assert any("of them pass the filters; 1 to 100, hardest first" in text for text in list_markdown(at))


def test_a_run_without_errors_says_so_and_still_has_difficult_digits(finished_run):
    labels = load_predictions(finished_run).labels
    rewrite_answers(finished_run, 0.9 * np.eye(10)[labels] + 0.01)
    at = open_page()
    assert read_sheet(at)["empty"] == "Nothing to see: every one of the 360 test digits is read right."
    assert any("**0 of 360** test digits are misread" in markdown.value for markdown in at.markdown)
    at.segmented_control(key="show").set_value("yes")
    assert len(list_tiles(run_again(at))) == 100


def test_a_run_without_a_right_answer_is_all_errors(finished_run):
    labels = load_predictions(finished_run).labels
    rewrite_answers(finished_run, np.eye(10)[(labels + 1) % 10])
    at = open_page()
    assert "**360 of 360** test digits are misread; 1 to 100, hardest first" in list_markdown(at)
    at.segmented_control(key="show").set_value("yes")
    assert read_sheet(run_again(at))["empty"] == "Not one of the 360 test digits is read right."


def test_without_the_dataset_the_list_is_a_table(home, trained_mnist):
    run = copy_run(trained_mnist, home)
    misread = list_misread(run)
    at = open_page(digit=str(misread[0]))
    assert any("MNIST is not on this machine" in warning.value for warning in at.warning)
    assert at.dataframe[0].value["Number"].tolist() == misread[:100]


def test_an_unfinished_run_says_why(runs_in_every_state):
    at = open_page(run=runs_in_every_state["failed"].id)
    assert "The loss is not finite at step 3." in at.error[0].value
    assert at.button(key="evaluate_run").label == "Evaluate it as it is"


def test_without_runs_the_page_says_where_to_start(home):
    assert "There is no run yet" in open_page().info[0].value


def test_another_run_shows_its_own_errors(finished_run, home):
    other = copy_run(finished_run, home, id="20990101-000000-mlp-oooo")
    labels = load_predictions(other).labels
    wrong = np.eye(10)[labels]
    wrong[7] = np.eye(10)[(labels[7] + 1) % 10]
    rewrite_answers(other, wrong)
    at = open_page(run=finished_run.id)
    assert list_tiles(at) == list_misread(finished_run)
    at.selectbox(key="run_picker").set_value(other.id)
    assert list_tiles(run_again(at)) == [7]
