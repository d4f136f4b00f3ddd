"""The Classes view: curves, counts and bars of a digit, each of which leads to exactly the digits it counts."""

import json
from functools import partial

import numpy as np
import pytest
from app_pages import list_tiles, open_view, press, read_filter, read_sentences, run_again, unfold_table
from numpy.testing import assert_allclose
from plotly_clicks import click_marks, read_figure
from run_folders import rewrite_answers

from core.charts.answers import plot_confidence_histogram
from core.evaluation.calibration import scale
from core.evaluation.ranking import compute_ranking
from core.evaluation.report import load_predictions
from core.evaluation.select import DigitFilter, compute_mask

pytestmark = pytest.mark.usefixtures("no_download")
open_page = partial(open_view, "evaluate", view="classes")


def read_report(run):
    return json.loads((run.path / "report.json").read_text())


@pytest.mark.parametrize("digit", [None, 4])
@pytest.mark.parametrize("temperature", [1.0, 1.6])
def test_every_bar_asks_for_exactly_the_digits_it_counts(trained_mnist, digit, temperature):
    answers = scale(load_predictions(trained_mnist), temperature)
    among = np.ones(len(answers.labels), bool) if digit is None else answers.labels == digit
    figure = plot_confidence_histogram(answers.confidence[among], answers.right[among], stretched=True)
    seen = np.zeros(len(answers.labels), int)
    for trace in figure.data:
        for (_, low, high, right, _), count in zip(trace.customdata, trace.y, strict=True):
            mask = compute_mask(answers, DigitFilter(true=digit, right=right, sure=(low, high)))
            assert mask.sum() == count > 0
            seen += mask
    assert seen.tolist() == among.astype(int).tolist()


def test_the_curves_are_of_the_digit_in_the_address_with_the_areas_of_the_report(finished_run):
    answers, report = load_predictions(finished_run), read_report(finished_run)
    at = open_page(**{"class": "8"})
    row = report["ranking"][8]
    assert f"**ROC**, area {row['roc_area']:.5f}" in read_sentences(at)
    assert f"**Precision–recall**, area {row['average_precision']:.5f}" in read_sentences(at)
    ranking = compute_ranking(answers.probabilities[:, 8], answers.labels == 8)
    points = read_figure(at, "roc")["data"][1]["customdata"]
    assert [point[3] for point in points] == [
        f"{ranking.true_positives[point[0]]} of {ranking.positives}" for point in points
    ]


def test_a_point_leads_to_what_is_accepted_there_and_stands_out_on_both_curves(finished_run):
    answers = load_predictions(finished_run)
    at = open_page(**{"class": "8"})
    points = read_figure(at, "roc")["data"][1]["customdata"]
    click_marks(at, "roc", (1, 2))
    threshold = points[2][1]
    assert read_filter(at) == DigitFilter(given=(8, threshold, 1.0))
    assert at.query_params["accept"] == repr(threshold)
    accepted = np.flatnonzero(answers.probabilities[:, 8].astype(float) >= threshold)
    assert sorted(list_tiles(at)) == accepted.tolist()
    assert read_figure(at, "precision_recall")["data"][1]["marker"]["opacity"].count(1) == 1
    # The chart was given anew, with the diamond at the new threshold, so a second click selects once more.
    click_marks(at, "roc", (1, 2))
    assert read_filter(at).is_empty


@pytest.mark.parametrize("threshold", [0.05, 0.43, 0.999])
def test_the_counts_at_a_threshold_lead_to_their_digits(finished_run, threshold):
    answers = load_predictions(finished_run)
    accepted = answers.probabilities[:, 8].astype(float) >= threshold
    is_eight = answers.labels == 8
    expected = {"accepted": accepted, "alarms": accepted & ~is_eight, "missed": ~accepted & is_eight}
    at = open_page(**{"class": "8", "accept": str(threshold)})
    found = (accepted & is_eight).sum()
    assert f"**{accepted.sum()}** digits are accepted: {found} of the {is_eight.sum()} eights" in read_sentences(at)
    for name, mask in expected.items():
        assert at.button(key=f"see_{name}").disabled == (not mask.any())
        if mask.any():
            press(at, f"see_{name}")
            assert len(list_tiles(at)) == min(100, mask.sum())
            assert compute_mask(answers, read_filter(at)).tolist() == mask.tolist()


def test_the_slider_puts_the_threshold_into_the_address(finished_run):
    at = open_page(**{"class": "8"})
    slider = at.select_slider(key="accept_slider")
    first = min(float(point[1]) for point in read_figure(at, "roc")["data"][1]["customdata"])
    slider.set_value(first)
    run_again(at)
    assert at.query_params["accept"] == repr(first)
    n = read_report(finished_run)["classes"][8]["support"]
    assert f"**360** digits are accepted: {n} of the {n} eights" in read_sentences(at)


def test_a_bar_leads_to_its_digits_and_can_be_of_one_digit_only(finished_run):
    answers = load_predictions(finished_run)
    at = open_page(**{"class": "8"})
    bars = read_figure(at, "confidence")["data"][1]
    click_marks(at, "confidence", (1, 0))
    assert read_filter(at) == DigitFilter(right=False, sure=tuple(bars["customdata"][0][1:3]))
    assert len(list_tiles(at)) == compute_mask(answers, read_filter(at)).sum()
    at.segmented_control(key="sureness_of").set_value("This digit only")
    run_again(at)
    table = unfold_table(at, "confidence")
    assert table["Digits"].sum() == (answers.labels == 8).sum()
    click_marks(at, "confidence", (0, 0))
    wanted = read_filter(at)
    assert (wanted.true, wanted.right) == (8, True)
    assert len(list_tiles(at)) == table["Digits"][0]
    press(at, "remove_sure")
    assert "opacity" not in read_figure(at, "confidence")["data"][0]["marker"]


def test_the_table_holds_the_scores_and_areas_of_all_digits(finished_run):
    report = read_report(finished_run)
    table = next(frame.value for frame in open_page().dataframe if "roc_area" in frame.value)
    assert table["digit"].tolist() == [*map(str, range(10)), "mean", "weighted mean"]
    assert_allclose(table["recall"][:10], [100 * row["recall"] for row in report["classes"]])
    assert_allclose(table["roc_area"][:10], [row["roc_area"] for row in report["ranking"]])
    assert table["support"].tolist() == [row["support"] for row in report["classes"]] + [360, 360]
    assert table["f1"][10] == pytest.approx(100 * report["macro"]["f1"])


@pytest.mark.parametrize("kind", ["untrained", "all wrong", "all right"])
def test_extreme_runs_can_be_read(finished_run, kind):
    labels = load_predictions(finished_run).labels
    probabilities = np.full((360, 10), 0.1)
    if kind != "untrained":
        probabilities = np.eye(10)[(labels + (kind == "all wrong")) % 10]
    rewrite_answers(finished_run, probabilities)
    at = open_page(**{"class": "3"})
    assert read_figure(at, "roc")["data"][1]["customdata"]
    right = {"untrained": (labels == 0).sum(), "all wrong": 0, "all right": 360}[kind]
    titles = [note["text"] for note in read_figure(at, "confidence")["layout"]["annotations"]]
    assert titles == [f"{right} right", f"{360 - right} wrong"]


def test_the_table_says_when_its_areas_are_not_of_the_scaled_probabilities(finished_run):
    assert "before temperature scaling" in read_sentences(open_page(scaled="on"))
    assert "before temperature scaling" not in read_sentences(open_page(scaled="nonsense"))


def test_a_digit_that_does_not_occur_says_so(finished_run):
    answers = load_predictions(finished_run)
    labels = np.where(answers.labels == 3, 5, answers.labels)
    np.savez(finished_run.path / "test.npz", probabilities=answers.probabilities, labels=labels)
    rewrite_answers(finished_run, answers.probabilities)
    at = open_page(**{"class": "3"})
    assert "Of 360 test digits 0 are threes" in read_sentences(at)
    at = open_page(**{"class": "3", "sureness_of": "This digit only"})
    assert read_figure(at, "confidence")["layout"]["annotations"][0]["text"] == "Nothing to show yet"
    table = next(frame.value for frame in at.dataframe if "roc_area" in frame.value)
    assert np.isnan(table["roc_area"][3])
