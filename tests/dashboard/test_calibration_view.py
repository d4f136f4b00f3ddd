"""The Calibration view: every bin and point leads to exactly the digits it counts."""

import json
from functools import partial

import numpy as np
import pytest
from app_pages import list_tiles, open_view, press, read_filter, read_sentences, run_again, unfold_table
from plotly_clicks import click_marks, read_figure
from run_folders import rewrite_answers

from core.evaluation.calibration import compute_rejection, compute_reliability, scale
from core.evaluation.metrics import wilson_interval
from core.evaluation.report import load_predictions
from core.evaluation.select import DigitFilter, compute_mask, write_filter
from dashboard.calibration_view import N_BINS, describe_temperature
from dashboard.layout import format_share
from dashboard.rejection import build_rejected

pytestmark = pytest.mark.usefixtures("no_download")
open_page = partial(open_view, "evaluate", view="calibration")


def read_report(run):
    return json.loads((run.path / "report.json").read_text())


def write_report(run, **changes):
    (run.path / "report.json").write_text(json.dumps({**read_report(run), **changes}))


@pytest.mark.parametrize("equal_mass", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
def test_every_bin_asks_for_exactly_the_digits_it_counts(trained_mnist, equal_mass, scaled):
    answers = load_predictions(trained_mnist)
    if scaled:
        answers = scale(answers, read_report(trained_mnist)["temperature"]["value"])
    bins = compute_reliability(answers, N_BINS, equal_mass)
    masks = [
        compute_mask(answers, DigitFilter(sure=bounds))
        for bounds in zip(bins.low.tolist(), bins.high.tolist(), strict=True)
    ]
    assert [mask.sum() for mask in masks] == bins.count.tolist()
    assert [answers.right[mask].sum() for mask in masks] == bins.right.tolist()
    assert np.sum(masks, axis=0).tolist() == [1] * len(answers.labels)


def test_every_point_of_the_curve_asks_for_exactly_the_digits_it_rejects(trained_mnist):
    answers = load_predictions(trained_mnist)
    confidence = answers.confidence.astype(np.float64)
    points = compute_rejection(answers)
    assert 100 < len(points.threshold) <= 250
    assert points.rejected[0] == 0
    for threshold, rejected in zip(points.threshold.tolist(), points.rejected.tolist(), strict=True):
        mask = compute_mask(answers, build_rejected(confidence, threshold))
        assert mask.sum() == rejected


def test_the_diagram_draws_the_bins_and_a_click_on_one_shows_its_digits(finished_run):
    bins = compute_reliability(load_predictions(finished_run), N_BINS)
    at = open_page()
    marks, bars = read_figure(at, "reliability")["data"][1:]
    assert [row[1] for row in marks["customdata"]] == [f"{count:,}" for count in bins.count]
    table = unfold_table(at, "reliability")
    assert table["Digits"].tolist() == bins.count.tolist()
    assert table["Right"].tolist() == bins.right.tolist()

    click_marks(at, "reliability", (2, 0))
    assert read_filter(at) == DigitFilter(sure=(bins.low[0], bins.high[0]))
    assert len(list_tiles(at)) == bins.count[0]
    marks, bars = read_figure(at, "reliability")["data"][1:]
    assert marks["marker"]["opacity"] == bars["marker"]["opacity"] == [1] + [0.25] * (len(bins.count) - 1)

    click_marks(at, "reliability", (1, 0))
    assert read_filter(at).is_empty
    assert "opacity" not in read_figure(at, "reliability")["data"][1]["marker"]


def test_the_address_reopens_a_bin_and_its_chip_removes_it(finished_run):
    bins = compute_reliability(load_predictions(finished_run), N_BINS)
    at = open_page(**write_filter(DigitFilter(sure=(bins.low[1], bins.high[1]))))
    assert read_figure(at, "reliability")["data"][1]["marker"]["opacity"][1] == 1
    press(at, "remove_sure")
    assert read_filter(at).is_empty
    assert "opacity" not in read_figure(at, "reliability")["data"][1]["marker"]


def test_bins_of_equal_width_are_drawn_on_a_plain_axis(finished_run):
    at = open_page(bins="As wide")
    figure = read_figure(at, "reliability")
    bins = compute_reliability(load_predictions(finished_run), N_BINS, equal_mass=False)
    assert figure["layout"]["xaxis"]["range"] == [-0.02, 1.03]
    assert len(figure["data"][1]["customdata"]) == len(bins.count)


def test_the_scores_and_the_temperature_are_those_of_the_report(finished_run):
    report = read_report(finished_run)
    at = open_page()
    table = next(frame.value for frame in at.dataframe if "brier" in frame.value)
    fitted = report["temperature"]
    assert table["nll"].tolist() == [fitted["before"]["nll"], fitted["after"]["nll"]]
    assert table["ece"].tolist() == [100 * fitted["before"]["ece"], 100 * fitted["after"]["ece"]]
    assert table["brier"].tolist() == [fitted["before"]["brier"], fitted["after"]["brier"]]
    assert f"**Temperature {fitted['value']:.3f}**" in read_sentences(at)
    assert f"fitted on the {fitted['validation_total']:,} validation digits alone" in read_sentences(at)


def test_scaling_is_in_the_address_changes_the_bins_and_drops_what_was_chosen_by_probability(finished_run):
    at = open_page(sure="0.5..0.9", right="no")
    at.toggle(key="scaled_toggle").set_value(True)
    run_again(at)
    assert at.query_params["scaled"] == "on"
    assert read_filter(at) == DigitFilter(right=False)
    answers = scale(load_predictions(finished_run), read_report(finished_run)["temperature"]["value"])
    bins = compute_reliability(answers, N_BINS)
    table = unfold_table(at, "reliability")
    assert table["Digits"].tolist() == bins.count.tolist()
    press(at, "remove_scaled")
    assert not at.toggle(key="scaled_toggle").value


def test_a_run_without_validation_digits_says_why_there_is_no_temperature(finished_run):
    write_report(finished_run, temperature=None, validation=None)
    at = open_page()
    assert "this run kept no validation digits aside" in read_sentences(at)
    assert at.toggle(key="scaled_toggle").disabled
    assert "share no validation digits" in describe_temperature(None, is_ensemble=True)


@pytest.mark.parametrize(
    ("value", "after", "words"),
    [
        (1.31, 0.4, "too sure of itself, its logits 1.31 times too large"),
        (0.5, 0.6, "less sure than it could be, its logits 2.00 times too small"),
        (1.01, 0.5, "about as sharp as they should be"),
    ],
)
def test_the_temperature_is_put_into_words(value, after, words):
    fitted = {"value": value, "validation_total": 5000, "before": {"nll": 0.5}, "after": {"nll": after}}
    text = describe_temperature(fitted, is_ensemble=False)
    assert words in text
    effect = {0.4: "lowers", 0.6: "raises", 0.5: "leaves"}[after]
    assert f"{effect} the cross-entropy" in text


def test_the_slider_says_what_a_threshold_rejects_and_leads_there(finished_run):
    answers = load_predictions(finished_run)
    threshold = float(np.sort(answers.confidence)[30])
    at = open_page(reject=repr(threshold))
    rejected = answers.confidence < np.float32(threshold)
    kept, right = int((~rejected).sum()), int(answers.right[~rejected].sum())
    assert f"sends **{rejected.sum()} of 360** digits ({100 * rejected.sum() / 360:.2f} %)" in read_sentences(at)
    assert format_share(right, kept, wilson_interval(right, kept)) in read_sentences(at)
    press(at, "see_rejected")
    assert sorted(list_tiles(at)) == np.flatnonzero(rejected).tolist()


def test_a_click_on_the_curve_moves_the_slider_and_a_move_of_the_slider_the_address(finished_run):
    at = open_page()
    points = read_figure(at, "rejection")["data"][0]["customdata"]
    click_marks(at, "rejection", (0, 12))
    assert at.query_params["reject"] == repr(points[12][1])
    assert at.select_slider(key="reject_slider").value == points[12][1]
    assert len(list_tiles(at)) == int(points[12][3])
    slider = at.select_slider(key="reject_slider")
    slider.set_value(points[5][1])
    run_again(at)
    assert at.query_params["reject"] == repr(points[5][1])


@pytest.mark.parametrize("text", ["nan", "x", "-1", "2", ""])
def test_a_threshold_that_means_nothing_is_passed_over(finished_run, text):
    at = open_page(reject=text)
    assert "to a person" in read_sentences(at)


@pytest.mark.parametrize("kind", ["untrained", "all wrong", "all right"])
def test_extreme_runs_can_be_read(finished_run, kind):
    labels = load_predictions(finished_run).labels
    probabilities = np.full((360, 10), 0.1)
    if kind != "untrained":
        probabilities = np.eye(10)[(labels + (kind == "all wrong")) % 10]
    rewrite_answers(finished_run, probabilities)
    at = open_page()
    assert "Every digit is given" in read_sentences(at)
    assert at.button(key="see_rejected").disabled
    assert read_figure(at, "reliability")["data"][1]["customdata"][0][1] == "360"
