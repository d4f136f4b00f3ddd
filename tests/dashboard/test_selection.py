"""The chosen digits: what the address says of them, the chips that name it, and the file with exactly these digits."""

import csv
import io
from functools import partial

import numpy as np
import pytest
from app_pages import list_tiles, open_view, press, run_again
from run_folders import copy_run, rewrite_answers

from core.evaluation.predictions import Predictions
from core.evaluation.report import load_predictions
from core.evaluation.select import DigitFilter
from core.runs import store
from dashboard import selection

pytestmark = pytest.mark.usefixtures("no_download")
open_page = partial(open_view, "evaluate")


def list_chips(at):
    return {button.key: button.label for button in at.button if str(button.key).startswith("remove_")}


def list_captions(at):
    return [caption.value for caption in at.caption]


@pytest.fixture
def answers():
    probabilities = np.full((4, 10), 0.05, dtype=np.float32)
    probabilities[range(4), [3, 3, 5, 7]] = 0.55
    return Predictions(probabilities, np.array([3, 5, 5, 7]))


def test_each_part_has_a_chip_that_removes_it_alone(finished_run):
    found = load_predictions(finished_run)
    at = open_page(cell="9-any", right="yes", sure="0.2..0.99", given="4:0.0..0.5", not_true="3")
    chips = list_chips(at)
    assert chips == {
        "remove_cell": "Remove the filter: *true 9*",
        "remove_not_true": "Remove the filter: *not a 3*",
        "remove_right": "Remove the filter: *read right*",
        "remove_sure": "Remove the filter: *answer given 20.00 % to 99.00 %*",
        "remove_given": "Remove the filter: *4 given at most 50.00 %*",
    }
    is_nine = (found.labels == 9) & found.right & (found.probabilities[:, 4] <= 0.5)
    assert sorted(list_tiles(at)) == np.flatnonzero(is_nine & (found.confidence <= 0.99)).tolist()
    press(at, "remove_sure")
    assert list_chips(at).keys() == chips.keys() - {"remove_sure"}
    assert sorted(list_tiles(at)) == np.flatnonzero(is_nine)[:100].tolist()
    press(at, "clear_filter")
    assert not at.query_params
    assert not list_chips(at)


def test_what_means_nothing_is_said_once_and_the_rest_holds(finished_run):
    at = open_page(cell="9-any", sure="high", digit="360")
    assert list_chips(at) == {"remove_cell": "Remove the filter: *true 9*"}
    problems = [caption for caption in list_captions(at) if "in the address" in caption]
    assert [problem.split(" in the address")[0] for problem in problems] == ["'sure=high'", "'digit=360'"]


def test_the_second_run_is_asked_on_every_view(finished_run, home):
    other = copy_run(finished_run, home, id="20250101-000000-mlp-oooo")
    found = load_predictions(finished_run)
    rewrite_answers(other, np.eye(10)[found.labels])
    at = open_page(run=finished_run.id, second=other.id, versus="only-second")
    assert at.button(key="remove_versus").label == "Remove the filter: *right in the second run only*"
    assert sorted(list_tiles(at)) == np.flatnonzero(~found.right).tolist()
    at = open_page(run=finished_run.id, second=other.id, second_reads="4")
    assert sorted(list_tiles(at)) == np.flatnonzero(found.labels == 4).tolist()
    assert at.query_params["second"] == other.id


def test_a_second_run_that_cannot_be_asked_is_said(finished_run, home):
    assert any("no run 'nobody'" in text for text in list_captions(open_page(second="nobody", cell="9-any")))
    other = copy_run(finished_run, home, id="20250101-000000-mlp-oooo")
    store.update_record(other, dataset_checksum="0" * 64)
    at = open_page(run=finished_run.id, second=other.id, cell="9-any")
    assert any("was tested on other digits" in text for text in list_captions(at))
    at = open_page(run=finished_run.id, versus="only-first")
    assert any("none is chosen; choose one under Compare" in text for text in list_captions(at))


def test_a_digit_without_a_filter_is_open_among_all(finished_run):
    at = open_page(digit="7")
    assert any("test digit number 7 " in text for text in list_captions(at))
    assert any("**360** digits; " in markdown.value for markdown in at.markdown)
    press(at, "close_digit")
    assert at.subheader[0].value == "Most confused"


def test_another_run_keeps_the_filter(finished_run, home):
    other = copy_run(finished_run, home, id="20250101-000000-mlp-oooo")
    at = open_page(run=finished_run.id, cell="9-any")
    at.selectbox(key="run_picker").set_value(other.id)
    run_again(at)
    assert (at.query_params["run"], at.query_params["cell"]) == (other.id, "9-any")


def test_the_file_holds_exactly_the_digits_asked_for(answers):
    rows = list(csv.DictReader(io.StringIO(selection.build_csv(answers, np.array([1, 0])))))
    assert [(row["index"], row["true"], row["predicted"]) for row in rows] == [("1", "5", "3"), ("0", "3", "3")]
    assert np.float32(rows[0]["probability"]) == answers.probabilities[1, 3]
    stored = np.array([[row[f"probability_{digit}"] for digit in range(10)] for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(stored, answers.probabilities[[1, 0]])
    np.testing.assert_allclose([float(row["loss"]) for row in rows], -np.log([0.05, 0.55]), rtol=1e-4)


def test_a_file_of_no_digits_has_its_head(answers):
    assert selection.build_csv(answers, np.empty(0, dtype=np.int64)).splitlines()[0].startswith("index,true,predicted,")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (DigitFilter(true=9), "There is no 9 among the 4 test digits."),
        (DigitFilter(predicted=8), "Not one of the 4 test digits is read as 8."),
        (DigitFilter(true=3, predicted=7), "No digit lies in this cell."),
        (DigitFilter(sure=(0.0, 0.1)), "No digit passes these filters."),
    ],
)
def test_an_empty_list_says_why(answers, wanted, words):
    assert selection.describe_nothing(answers, wanted) == words


def test_an_empty_list_of_a_run_without_errors_or_without_right_answers_says_so(answers):
    all_right = Predictions(answers.probabilities, answers.predictions)
    assert "every one of the 4 test digits is read right" in selection.describe_nothing(
        all_right, DigitFilter(right=False)
    )
    none_right = Predictions(answers.probabilities, (answers.predictions + 1) % 10)
    assert (
        selection.describe_nothing(none_right, DigitFilter(right=True)) == "Not one of the 4 test digits is read right."
    )
