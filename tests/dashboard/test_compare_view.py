"""The Compare view over real runs: its numbers are core's, and every number leads to exactly its digits."""

from functools import partial

import numpy as np
import pytest
from app_pages import click, list_tiles, open_view, press, read_component
from run_folders import copy_run, rewrite_answers

from core.evaluation.compare import compare, confusion_difference, count_answers, describe
from core.evaluation.ensemble import create_ensemble
from core.evaluation.report import load_predictions
from core.evaluation.select import VERSUS_WORDS, DigitFilter, compute_mask
from core.files import read_json, write_json
from core.runs import store
from dashboard.compare_matrices import choose_side, find_answers_cell, find_difference_cell
from dashboard.matrix import Selection

pytestmark = pytest.mark.usefixtures("no_download")
open_compare = partial(open_view, "evaluate", view="compare")


@pytest.fixture
def pair(home, trained_small):
    """Two runs on the same digits: what the second says is turned at random for some, so that each is right alone."""
    first = copy_run(trained_small, home, id="20260101-000001-mlp-aaaa", name="one")
    second = copy_run(trained_small, home, id="20260101-000002-mlp-bbbb", name="two")
    answers = load_predictions(second)
    rng = np.random.default_rng(5)
    probabilities = answers.probabilities.copy()
    for index in rng.choice(len(probabilities), 60, replace=False):
        probabilities[index] = np.roll(probabilities[index], rng.integers(1, 10))
    for index in np.flatnonzero(~answers.right)[:4]:
        probabilities[index] = np.eye(10, dtype=np.float32)[answers.labels[index]]
    rewrite_answers(second, probabilities)
    return first, second


@pytest.fixture
def both(pair):
    return tuple(load_predictions(run) for run in pair)


def find(both, **wanted):
    return set(np.flatnonzero(compute_mask(both[0], DigitFilter(**wanted), both[1])).tolist())


def read_texts(at):
    return " ".join(element.value for element in at.markdown)


def test_the_sentence_and_the_figures_are_those_of_core(pair, both):
    comparison = compare(*both)
    assert min(comparison.only_first, comparison.only_second, comparison.both_wrong) > 0
    at = open_compare(run=pair[0].id)
    assert at.query_params["second"] == pair[1].id
    texts = read_texts(at)
    assert describe(comparison, "one aaaa", "two bbbb") in texts
    right = 360 - comparison.errors_second
    assert f"Second: **two bbbb** {100 * right / 360:.2f} % ({right} of 360)" in texts
    low, high = comparison.compute_interval()
    expected = f"{100 * comparison.difference:+.2f} percentage points [{100 * low:+.2f} to {100 * high:+.2f}]"
    assert f"Difference: {expected}".replace("-", "−") in texts


@pytest.mark.parametrize("versus", list(VERSUS_WORDS))
def test_each_number_leads_to_exactly_its_digits_and_lets_them_go(pair, both, versus):
    at = open_compare(run=pair[0].id)
    expected = find(both, versus=versus)
    assert f"**{len(expected)}**" in at.button(key=f"versus_{versus}").label
    press(at, f"versus_{versus}")
    assert at.query_params["versus"] == versus
    assert set(list_tiles(at)) <= expected
    assert len(list_tiles(at)) == min(100, len(expected))
    press(at, f"versus_{versus}")
    assert "versus" not in at.query_params


def test_the_difference_is_that_of_the_confusions(pair, both):
    at = open_compare(run=pair[0].id)
    difference = confusion_difference(*both)
    shown = [
        [int(cell["text"].replace("−", "-") or 0) for cell in row]
        for row in read_component(at, "digits.matrix")["cells"]
    ]
    assert shown == difference.tolist()
    errors = compare(*both)
    total = read_component(at, "digits.matrix")["allTotal"]
    assert int(total.replace("−", "-")) == errors.errors_first - errors.errors_second


def test_a_cell_of_the_difference_leads_to_the_digits_behind_it(pair, both):
    difference = confusion_difference(*both)
    true, read = (int(place) for place in np.argwhere(difference == difference[~np.eye(10, dtype=bool)].min())[0])
    at = click(open_compare(run=pair[0].id), "difference_matrix", {"true": true, "predicted": read})
    assert at.query_params["versus"] == "differ"
    assert at.query_params["second_reads"] == str(read)
    only_second = find(both, true=true, second_reads=read, versus="differ")
    only_first = find(both, true=true, predicted=read, versus="differ")
    assert set(list_tiles(at)) == only_second
    assert len(only_first) - len(only_second) == difference[true, read]
    assert f"**{len(only_second)}**" in at.button(key="side_second").label
    assert read_component(at, "digits.matrix")["selected"] == {"true": true, "predicted": read}
    press(at, "side_both")
    assert set(list_tiles(at)) == find(both, true=true, predicted=read, second_reads=read)
    press(at, "side_first")
    assert set(list_tiles(at)) == only_first


def test_a_row_of_the_difference_leads_to_what_the_two_read_differently(pair, both):
    at = click(open_compare(run=pair[0].id), "difference_matrix", {"true": 3, "predicted": None})
    assert set(list_tiles(at)) == find(both, true=3, versus="differ")


@pytest.mark.parametrize("of", [None, 8])
def test_the_answers_of_one_by_the_other_lead_to_their_digits(pair, both, of):
    address = {} if of is None else {"of": str(of)}
    at = open_compare(run=pair[0].id, compare="answers", **address)
    kept = np.ones(360, dtype=bool) if of is None else both[0].labels == of
    counts = count_answers(*(type(one)(one.probabilities[kept], one.labels[kept]) for one in both))
    shown = [[int(cell["text"] or 0) for cell in row] for row in read_component(at, "digits.matrix")["cells"]]
    assert shown == counts.tolist()
    row, column = (int(place) for place in np.argwhere((counts > 0) & ~np.eye(10, dtype=bool))[0])
    click(at, "answers_matrix", {"true": row, "predicted": column})
    assert set(list_tiles(at)) == find(both, true=of, predicted=row, second_reads=column)
    assert len(list_tiles(at)) == counts[row, column]
    assert read_component(at, "digits.matrix")["selected"] == {"true": row, "predicted": column}


def test_the_kind_of_matrix_and_its_digit_are_kept_in_the_address(pair):
    at = open_compare(run=pair[0].id)
    at.segmented_control(key="compare").set_value("answers")
    at.run()
    at.segmented_control(key="of").set_value("4")
    at.run()
    assert (at.query_params["compare"], at.query_params["of"]) == ("answers", "4")
    at = open_compare(run=pair[0].id, compare="<b>", of="11")
    assert at.segmented_control(key="compare").value == "errors"


def test_swapping_keeps_the_digits_that_are_shown(pair):
    at = open_compare(run=pair[0].id, versus="only-first", cell="any-4")
    before = set(list_tiles(at))
    press(at, "swap_runs")
    assert (at.query_params["run"], at.query_params["second"]) == (pair[1].id, pair[0].id)
    assert at.query_params["versus"] == "only-second"
    assert at.query_params["second_reads"] == "4"
    assert set(list_tiles(at)) == before
    assert "First: **two bbbb**" in read_texts(at)


def test_the_second_run_is_chosen_from_the_list_or_the_address(pair, home, trained_small):
    third = copy_run(trained_small, home, id="20260101-000003-mlp-cccc", name="three")
    at = open_compare(run=pair[0].id)
    assert at.query_params["second"] == third.id
    at.selectbox(key="second_picker").set_value(pair[1].id)
    at.run()
    assert at.query_params["second"] == pair[1].id
    assert "Second: **two bbbb**" in read_texts(at)
    at.query_params["second"] = third.id
    at.run()
    assert "Second: **three cccc**" in read_texts(at), "the browser's Back changes the address alone"
    at = open_compare(run=pair[0].id, second="20260101-000002")
    assert at.query_params["second"] == pair[1].id


def test_an_address_without_such_a_run_says_so(pair):
    at = open_compare(run=pair[0].id, second="nonsense")
    assert "There is no run 'nonsense'" in at.warning[-1].value
    assert at.query_params["second"] == pair[1].id


def test_a_run_on_other_digits_is_not_offered(pair):
    store.update_record(pair[1], dataset_checksum="other")
    at = open_compare(run=pair[0].id, second=pair[1].id)
    assert "no other run to compare with" in at.info[0].value
    assert "second" not in at.query_params
    assert not [one for one in at.button if one.key.startswith("versus")]


def test_a_damaged_second_run_is_named(pair):
    (pair[1].path / "test.npz").write_bytes(b"no")
    at = open_compare(run=pair[0].id, second=pair[1].id)
    assert "is damaged" in at.error[0].value


def test_settings_that_differ_are_named_and_no_others(pair):
    path = pair[1].path / "config.json"
    config = read_json(path)
    config["optimizer"]["learning_rate"] = 0.004
    write_json(path, config)
    rows = {row["Setting"]: (row["First"], row["Second"]) for _, row in open_compare().dataframe[-1].value.iterrows()}
    assert rows["Learning rate"] == ("0.004", "0.002")
    assert rows["Epochs"] == ("4", "4")
    assert rows["Parameters"] == ("235,146", "235,146")
    assert "Batch size (digits)" not in rows


def test_an_ensemble_is_compared_by_its_members(pair):
    ensemble = create_ensemble(list(pair), "together")
    at = open_compare(run=ensemble.id, second=pair[0].id)
    rows = {row["Setting"]: (row["First"], row["Second"]) for _, row in at.dataframe[-1].value.iterrows()}
    assert (rows["Member 1"], rows["Member 2"]) == (("one aaaa", ""), ("two bbbb", ""))
    assert rows["Parameters"] == ("470,292", "235,146")
    assert "Learning rate" not in rows


@pytest.mark.parametrize(
    ("wanted", "cell"),
    [
        (DigitFilter(), None),
        (DigitFilter(versus="differ"), None),
        (DigitFilter(true=4, predicted=9), None),
        (DigitFilter(true=4, versus="differ"), Selection(4, None)),
        (DigitFilter(predicted=9, versus="differ"), Selection(None, 9)),
        (DigitFilter(true=4, second_reads=9, versus="differ"), Selection(4, 9)),
        (DigitFilter(true=4, predicted=9, second_reads=9), Selection(4, 9)),
        (DigitFilter(true=4, predicted=9, second_reads=8), None),
    ],
)
def test_a_filter_belongs_to_a_cell_of_the_difference_or_to_none(wanted, cell):
    assert find_difference_cell(wanted) == cell


def test_a_filter_belongs_to_a_cell_of_the_answers_or_to_none():
    assert find_answers_cell(DigitFilter(true=4, predicted=9, second_reads=8), 4) == Selection(9, 8)
    assert find_answers_cell(DigitFilter(true=4, predicted=9, second_reads=8), None) is None
    assert find_answers_cell(DigitFilter(predicted=9), None) == Selection(9, None)
    assert find_answers_cell(DigitFilter(true=4), 4) is None
    assert find_answers_cell(DigitFilter(predicted=9, right=True), None) is None


def test_a_column_is_of_the_run_that_reads_it_oftener():
    difference = np.zeros((10, 10), np.int64)
    difference[4, 9], difference[7, 9] = 2, -5
    assert choose_side(difference, Selection(4, 9)) == DigitFilter(true=4, predicted=9, versus="differ")
    assert choose_side(difference, Selection(None, 9)) == DigitFilter(second_reads=9, versus="differ")
