"""Evaluate over real runs: its numbers are those of the report, and every number leads to its digits."""

import base64
import io
import json
import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from app_pages import HOME_PAGE, click, list_tiles, open_view, press, read_component, run_again, unfold_table
from PIL import Image
from run_folders import copy_run, rewrite_answers

from core.data import datasets
from core.evaluation.calibration import scale
from core.evaluation.ensemble import create_ensemble
from core.evaluation.report import load_predictions
from core.runs import store
from dashboard.gallery import format_probability
from dashboard.layout import escape
from dashboard.run_state import _poll_for

pytestmark = pytest.mark.usefixtures("no_download")
open_page = partial(open_view, "evaluate")


def read_report(run):
    return json.loads((run.path / "report.json").read_text())


def metric_texts(at):
    return {metric.label: (metric.value, metric.delta) for metric in at.metric}


def find_by_loss(run, keep):
    """Return the indices for which keep(labels, predictions) holds, least probable truth first."""
    answers = load_predictions(run)
    indices = np.flatnonzero(keep(answers.labels, answers.probabilities.argmax(1)))
    of_truth = answers.probabilities[indices, answers.labels[indices]]
    return indices[np.argsort(of_truth, kind="stable")].tolist()


def test_the_figures_are_those_of_the_report(finished_run):
    report, record = read_report(finished_run), store.read_record(finished_run)
    at = open_page()
    shown = metric_texts(at)
    low, high = (100 * bound for bound in report["interval"])
    assert shown["Test accuracy"] == (
        f"{100 * report['correct'] / 360:.2f} %",
        f"{report['correct']} of 360 [{low:.2f}–{high:.2f}]",
    )
    assert shown["Misread"][0] == str(360 - report["correct"])
    assert shown["Loss"][0] == f"{report['loss']:.4f}"
    assert shown["Parameters"] == (f"{record.parameters:,}", "mlp")
    assert shown["Dataset"] == ("scikit-learn digits", "360 test digits")
    assert "Training time" in shown


def test_the_matrix_shows_the_counts_of_the_report(finished_run):
    at = open_page()
    cells = read_component(at, "digits.matrix")["cells"]
    assert [[int(cell["text"] or 0) for cell in row] for row in cells] == read_report(finished_run)["confusion"]
    at.toggle(key="matrix_errors_only").set_value(True)
    cells = read_component(run_again(at), "digits.matrix")["cells"]
    assert [cells[digit][digit]["text"] for digit in range(10)] == [""] * 10


def test_the_matrix_can_show_shares_of_the_true_digit(finished_run):
    at = open_page()
    at.segmented_control(key="matrix_mode").set_value("true")
    cell = read_component(run_again(at), "digits.matrix")["cells"][0][0]
    row = read_report(finished_run)["confusion"][0]
    assert f"{100 * row[0] / sum(row):.2f} % of true 0" in cell["description"]


def list_markdown(at):
    return [markdown.value for markdown in at.markdown]


def list_captions(at):
    return [caption.value for caption in at.caption]


def test_the_matrix_can_show_the_mean_picture_of_each_cell(finished_run):
    at = open_page()
    assert read_component(at, "digits.matrix")["sheet"] == ""
    at.segmented_control(key="matrix_mode").set_value("pictures")
    sheet = read_component(run_again(at), "digits.matrix")["sheet"]
    means = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet)))).reshape(10, 28, 10, 28).swapaxes(1, 2)
    answers, images = load_predictions(finished_run), datasets.load("sklearn-digits").test.images
    fives = images[(answers.labels == 5) & (answers.predictions == 5)]
    np.testing.assert_array_equal(means[5, 5], fives.mean(0, dtype=np.float32).round())
    true, predicted = np.argwhere(np.array(read_report(finished_run)["confusion"]) == 0)[0]
    assert not means[true, predicted].any()


def test_a_confused_pair_leads_to_its_digits(finished_run):
    pair = read_report(finished_run)["pairs"][0]
    true, predicted = pair["true"], pair["predicted"]
    at = open_page()
    row = read_component(at, "digits.pairs")["pairs"][0]
    assert row["text"] == f"{true} → {predicted}"
    assert row["count"] == f"{pair['count']} digits"
    assert row["share"].startswith(f"{100 * pair['share']:.2f} % of the ")
    click(at, "pairs", {"true": true, "predicted": predicted, "digit": None})
    assert at.query_params["cell"] == f"{true}-{predicted}"
    assert at.button(key="remove_cell").label == f"Remove the filter: *true {true}, read as {predicted}*"
    expected = find_by_loss(finished_run, lambda labels, found: (labels == true) & (found == predicted))
    assert list_tiles(at) == expected
    assert len(expected) == pair["count"]
    assert [tile["index"] for tile in row["tiles"]] == expected[:6]
    assert read_component(at, "digits.matrix")["selected"] == {"true": true, "predicted": predicted}


def test_a_picture_of_a_pair_opens_that_digit_and_the_pairs_stay_at_hand(finished_run):
    at = open_page()
    row = read_component(at, "digits.pairs")["pairs"][1]
    tile = row["tiles"][-1]["index"]
    click(at, "pairs", {"true": row["true"], "predicted": row["predicted"], "digit": tile})
    assert at.query_params["digit"] == str(tile)
    assert read_component(at, "digits.sheet")["selected"] == tile
    chosen = {"true": row["true"], "predicted": row["predicted"]}
    assert read_component(at, "digits.pairs")["selected"] == chosen
    click(at, "matrix", {"true": 1, "predicted": 1})
    assert at.query_params["cell"] == "1-1"
    assert "digit" not in at.query_params


@pytest.mark.parametrize(
    ("place", "address", "words"),
    [
        ({"true": 8, "predicted": None}, "8-any", "Remove the filter: *true 8*"),
        ({"true": None, "predicted": 3}, "any-3", "Remove the filter: *read as 3*"),
        ({"true": 5, "predicted": 5}, "5-5", "Remove the filter: *true 5, read right*"),
    ],
)
def test_a_click_in_the_matrix_chooses_a_cell_a_row_or_a_column(finished_run, place, address, words):
    at = click(open_page(), "matrix", place)
    assert at.query_params["cell"] == address
    assert at.button(key="remove_cell").label == words

    def is_chosen(labels, found):
        row = True if place["true"] is None else labels == place["true"]
        return row & (True if place["predicted"] is None else found == place["predicted"])

    assert list_tiles(at) == find_by_loss(finished_run, is_chosen)
    press(at, "remove_cell")
    assert "cell" not in at.query_params
    assert at.subheader[0].value == "Most confused"


def test_the_address_reopens_the_cell_and_the_digit(finished_run):
    indices = find_by_loss(finished_run, lambda labels, _: labels == 9)
    at = open_page(cell="9-any", digit=str(indices[1]))
    assert list_tiles(at) == indices
    assert read_component(at, "digits.sheet")["selected"] == indices[1]
    assert any(f"number {indices[1]} " in caption.value for caption in at.caption)
    assert any(caption.value == f"2 of {len(indices)}" for caption in at.caption)


@pytest.mark.parametrize("cell", ["10-3", "any-any", "4", "4-", "-9", "４-9", "4-9-1", "<b>"])
def test_a_cell_that_does_not_exist_is_ignored_and_said_so(finished_run, cell):
    at = open_page(cell=cell)
    assert at.subheader[0].value == "Most confused"
    assert len([caption for caption in list_captions(at) if "in the address means nothing here" in caption]) == 1


def test_every_view_has_its_address_and_a_bad_one_shows_the_matrix(finished_run):
    at = open_page()
    at.segmented_control(key="view").set_value("compare")
    run_again(at)
    assert at.query_params["view"] == "compare"
    assert all(one.proto.component_name != "digits.matrix" for one in at.get("bidi_component"))
    at = open_page(view="maps")
    assert at.segmented_control(key="view").value == "matrix"
    assert any("'view=maps' in the address is none of" in caption for caption in list_captions(at))
    assert open_page(view="compare", cell="9-any").segmented_control(key="view").value == "compare"


def test_leaving_the_scaling_takes_back_what_was_chosen_by_scaled_probabilities(finished_run):
    at = open_page(cell="9-any", scaled="on", sure="0.5..1.0")
    press(at, "remove_scaled")
    assert set(at.query_params) & {"scaled", "sure", "cell"} == {"cell"}


def test_after_temperature_scaling_every_probability_is_the_scaled_one(finished_run):
    report, plain = read_report(finished_run), load_predictions(finished_run)
    index = int(np.flatnonzero(plain.labels == 9)[0])
    temperature = report["temperature"]["value"]
    scaled = scale(plain, temperature)
    at = open_page(cell="9-any", scaled="on", digit=str(index))
    assert (
        at.button(key="remove_scaled").label == f"Remove the filter: *after temperature scaling, T = {temperature:.3g}*"
    )
    detail = {tile["index"]: tile["detail"] for tile in read_component(at, "digits.sheet")["tiles"]}
    assert detail[index] == format_probability(float(scaled.confidence[index]))
    shown = unfold_table(at, "selection_detail-probabilities")["Probability"]
    np.testing.assert_array_equal(shown, scaled.probabilities[index])
    press(at, "remove_scaled")
    assert "scaled" not in at.query_params
    detail = {tile["index"]: tile["detail"] for tile in read_component(at, "digits.sheet")["tiles"]}
    assert detail[index] == format_probability(float(plain.confidence[index]))


def test_scaling_that_is_not_there_is_said(finished_run):
    report = read_report(finished_run)
    assert any("write on" in caption for caption in list_captions(open_page(scaled="yes")))
    (finished_run.path / "report.json").write_text(json.dumps({**report, "temperature": None}))
    at = open_page(scaled="on")
    assert any("no validation digits to fit a temperature on" in caption for caption in list_captions(at))


def test_a_report_of_an_earlier_version_is_made_anew(finished_run):
    report = read_report(finished_run)
    (finished_run.path / "report.json").write_text(json.dumps({**report, "version": 1}))
    at = open_page()
    assert "was written by an earlier version" in at.info[0].value
    assert not at.error
    assert at.button(key="evaluate_run").label == "Evaluate it again"
    press(at, "evaluate_run")
    assert not at.info
    assert read_report(finished_run) == report


def test_an_ensemble_shows_its_members_and_no_training_of_its_own(finished_run, home):
    other = copy_run(finished_run, home, id="20250101-000000-mlp-oooo")
    ensemble = create_ensemble([finished_run, other], "both")
    shown = metric_texts(open_page(run=ensemble.id))
    assert shown["Members"][0] == "2"
    assert shown["Parameters"][0] == f"{2 * store.read_record(finished_run).parameters:,}"
    assert "Training time" not in shown


def test_an_untrained_model_is_one_column(finished_run):
    labels = load_predictions(finished_run).labels
    rewrite_answers(finished_run, np.tile(np.eye(10)[3] * 0.1 + 0.09, (len(labels), 1)))
    at = open_page(cell="any-4")
    assert read_component(at, "digits.sheet")["empty"] == "Not one of the 360 test digits is read as 4."
    assert len(list_tiles(open_page(cell="any-3"))) == 100
    assert len(read_component(at, "digits.pairs")["pairs"]) == 9


@pytest.mark.parametrize("view", ["evaluate", "errors", "draw"])
def test_runs_that_cannot_be_listed_are_said(home, view):
    (home / "runs").write_text("in the way")
    assert "cannot be listed" in open_view(view).error[0].value


def test_a_digit_opens_with_a_click_and_closes_with_its_cell(finished_run):
    at = open_page(cell="9-any")
    indices = list_tiles(at)
    click(at, "selection_digits", indices[0])
    assert at.query_params["digit"] == str(indices[0])
    at.button(key="next_digit").click()
    run_again(at)
    assert at.query_params["digit"] == str(indices[1])
    click(at, "matrix", {"true": 1, "predicted": 1})
    assert "digit" not in at.query_params


def test_an_empty_cell_says_so(finished_run):
    confusion = np.array(read_report(finished_run)["confusion"])
    true, predicted = np.argwhere(confusion == 0)[0]
    sheet = read_component(open_page(cell=f"{true}-{predicted}"), "digits.sheet")
    assert sheet["tiles"] == []
    assert sheet["empty"] == "No digit lies in this cell."


def test_a_large_cell_shows_its_hardest_hundred(mnist_home, trained_mnist):
    run = copy_run(trained_mnist, mnist_home)
    at = open_page(cell="1-1")
    ones = find_by_loss(run, lambda labels, found: (labels == 1) & (found == 1))
    assert list_tiles(at) == ones[:100]
    assert f"**{len(ones):,}** digits; 1 to 100, hardest first" in list_markdown(at)
    at.pagination(key="selection_page").set_value(2)
    assert list_tiles(run_again(at)) == ones[100:200]


def test_without_the_dataset_the_figures_stay_and_the_pictures_go(home, trained_mnist):
    run = copy_run(trained_mnist, home)
    at = open_page(cell="any-9")
    assert any("MNIST is not on this machine" in warning.value for warning in at.warning)
    assert metric_texts(at)["Misread"][0] == str(10_000 - read_report(run)["correct"])
    numbers = find_by_loss(run, lambda _, found: found == 9)[:100]
    assert at.dataframe[0].value["Number"].tolist() == numbers


def test_other_digits_than_those_of_the_run_are_not_shown_as_its_own(finished_run):
    store.update_record(finished_run, dataset_checksum="0" * 64)
    at = open_page(cell="9-any")
    assert any("tested on other digits" in warning.value for warning in at.warning)
    assert all(one.proto.component_name != "digits.sheet" for one in at.get("bidi_component"))


def test_a_run_without_errors_says_so(finished_run):
    rewrite_answers(finished_run, np.eye(10)[load_predictions(finished_run).labels])
    at = open_page()
    assert metric_texts(at)["Misread"][0] == "0"
    assert any("every one of the 360 test digits is read right" in caption.value for caption in at.caption)
    assert all(one.proto.component_name != "digits.pairs" for one in at.get("bidi_component"))


def test_a_run_without_a_right_answer_is_shown(finished_run):
    rewrite_answers(finished_run, np.eye(10)[(load_predictions(finished_run).labels + 1) % 10])
    at = open_page()
    assert metric_texts(at)["Test accuracy"][0] == "0.00 %"
    pairs = read_component(at, "digits.pairs")["pairs"]
    assert sorted(pair["text"] for pair in pairs) == [f"{digit} → {(digit + 1) % 10}" for digit in range(10)]


def test_without_runs_the_page_says_where_to_start(home):
    at = open_page()
    assert "There is no run yet" in at.info[0].value
    assert [link.proto.page for link in at.get("page_link")] == ["train"]


@pytest.mark.parametrize(
    ("state", "words", "can_evaluate", "link"),
    [
        ("queued", "waits for its turn", False, "Watch it on Train"),
        ("running", "is training at step 20", False, "Watch it on Train"),
        ("stopped", "was stopped at step 20", True, "Resume it on Train"),
        ("failed", "The loss is not finite at step 3.", True, "Resume it on Train"),
        ("lost", "was ended from outside", True, "Resume it on Train"),
    ],
)
def test_an_unfinished_run_says_why_and_what_to_do(runs_in_every_state, state, words, can_evaluate, link):
    run = runs_in_every_state[state]
    at = open_page(run=run.id)
    assert words in " ".join(element.value for element in [*at.info, *at.error])
    assert bool([button for button in at.button if button.key == "evaluate_run"]) == can_evaluate
    [found] = at.get("page_link")
    assert found.proto.label == link
    assert found.proto.query_string == f"run={run.id}"


def test_each_page_polls_under_a_name_of_its_own():
    # Streamlit tells fragments apart by these names; a late tick must not be taken for the next page's.
    names = {_poll_for(title).__qualname__ for title in ("Evaluate", "Errors")}
    assert len(names) == 2


def test_a_stopped_run_is_evaluated_as_it_is(runs_in_every_state):
    run = runs_in_every_state["stopped"]
    at = open_page(run=run.id)
    assert at.button(key="evaluate_run").label == "Evaluate it as it is"
    at.button(key="evaluate_run").click()
    run_again(at)
    report = read_report(run)
    assert metric_texts(at)["Test accuracy"][0] == f"{100 * report['accuracy']:.2f} %"
    assert any("not complete (stopped)" in caption.value for caption in at.caption)


def test_a_run_that_cannot_be_evaluated_says_why(runs_in_every_state):
    run = runs_in_every_state["stopped"]
    (run.path / "model.safetensors").write_bytes(b"torn")
    at = open_page(run=run.id)
    at.button(key="evaluate_run").click()
    run_again(at)
    assert escape(str(run.path / "model.safetensors")) in at.error[0].value


def test_a_damaged_report_is_named_and_can_be_made_anew(finished_run):
    before = read_report(finished_run)
    (finished_run.path / "report.json").write_text("{")
    at = open_page()
    assert "report.json" in at.error[0].value
    at.button(key="evaluate_run").click()
    run_again(at)
    assert not at.error
    assert read_report(finished_run)["correct"] == before["correct"]


def test_an_unreadable_run_is_named(finished_run):
    (finished_run.path / "run.json").write_text("{")
    assert "run.json" in open_page().error[0].value


@pytest.mark.parametrize("view", ["evaluate", "errors"])
def test_the_page_opens_without_pytorch(finished_run, view):
    script = f"""
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(HOME_PAGE)!r}, default_timeout=60).switch_page("views/{view}.py").run()
assert not at.exception, at.exception
assert at.get("bidi_component")
assert "torch" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
