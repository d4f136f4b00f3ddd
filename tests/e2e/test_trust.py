"""Calibration and Classes in a real browser: every bar and point leads to its digits, and its address to the same."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect
from server import click_mark, find_spot, serve_finished_run, wait_until_calm

from core.charts.answers import plot_confidence_histogram
from core.charts.ranking import find_point
from core.evaluation.calibration import compute_reliability, scale
from core.evaluation.predictions import Predictions
from core.evaluation.ranking import compute_ranking
from core.evaluation.report import load_predictions, load_report
from core.evaluation.select import DigitFilter, describe_parts, find_digits, parse_filter
from dashboard.calibration_view import N_BINS

pytestmark = pytest.mark.e2e
PER_PAGE = 100


@pytest.fixture(scope="module")
def place(tmp_path_factory, mnist_cache, trained_mnist):
    """One finished run on MNIST, and the address of Evaluate on it."""
    home = tmp_path_factory.mktemp("trust")
    with serve_finished_run(home, mnist_cache, trained_mnist) as (run, address):
        yield run, f"{address}/evaluate?run={run.id}"


@pytest.fixture
def answers(place) -> Predictions:
    return load_predictions(place[0])


@pytest.fixture
def open_view(place, open_page):
    """Open a view of Evaluate, with something more in its address, and wait until it is drawn."""

    def open_one(view, more=""):
        page = open_page(f"{place[1]}&view={view}{more}", size=(1400, 1100))
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        wait_until_calm(page)
        return page

    return open_one


def find_chip(page, words):
    return page.get_by_role("button", name=f"Remove the filter: {words}", exact=True)


def read_wanted(page):
    """Return the filter that the address holds."""
    pairs = page.evaluate("[...new URLSearchParams(location.search)]")
    return parse_filter(dict(pairs))[0]


def read_sheet(page):
    """Return the descriptions of the digits on the sheet, in their order."""
    return page.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.getAttribute('aria-label'))")


def read_numbers(page):
    return [int(re.search(r"number (\d+)", text)[1]) for text in read_sheet(page)]


def expect_sheet(page, indices):
    """The sheet shows exactly these digits in this order, page by page, and says how many they are."""
    words = f"{len(indices):,} {'digit' if len(indices) == 1 else 'digits'}"
    expect(page.get_by_text(re.compile(rf"^{words}\b"))).to_be_visible()
    expect(page.locator(".tile")).to_have_count(min(len(indices), PER_PAGE))
    assert read_numbers(page) == indices[:PER_PAGE].tolist()


def expect_chosen(page, wanted):
    """A chip for each part of the filter, and the sheet beneath it."""
    for words in describe_parts(wanted).values():
        expect(find_chip(page, words)).to_be_visible()


def expect_nothing_chosen(page):
    expect(page.get_by_role("button", name=re.compile("^Remove the filter"))).to_have_count(0)
    expect(page.locator(".tile")).to_have_count(0)


def list_bins(answers):
    bins = compute_reliability(answers, N_BINS)
    return [DigitFilter(sure=bounds) for bounds in zip(bins.low.tolist(), bins.high.tolist(), strict=True)]


def test_a_bar_of_the_reliability_diagram_leads_to_its_digits_and_back(answers, open_view):
    wanted = list_bins(answers)[0]
    page = open_view("calibration")
    bars = page.locator(".st-key-reliability .bars .point path")
    expect(bars).to_have_count(N_BINS)
    click_mark(bars.first)
    expect_chosen(page, wanted)
    expect_sheet(page, find_digits(answers, wanted))
    assert len(find_digits(answers, wanted)) == compute_reliability(answers, N_BINS).count[0]
    wait_until_calm(page)
    click_mark(bars.first)
    expect_nothing_chosen(page)


def test_a_point_of_the_reliability_diagram_leads_to_its_digits_and_the_chip_clears_it(answers, open_view):
    wanted = list_bins(answers)[1]
    page = open_view("calibration")
    points = page.locator(".st-key-reliability .scatterlayer path.point")
    expect(points).to_have_count(N_BINS)
    click_mark(points.nth(1))
    expect_chosen(page, wanted)
    expect_sheet(page, find_digits(answers, wanted))
    wait_until_calm(page)
    find_chip(page, describe_parts(wanted)["sure"]).click()
    expect_nothing_chosen(page)


def test_bins_as_wide_as_one_another(answers, open_view):
    bins = compute_reliability(answers, N_BINS, equal_mass=False)
    page = open_view("calibration")
    page.locator(".st-key-bins").get_by_text("As wide", exact=True).click()
    bars = page.locator(".st-key-reliability .bars .point path")
    expect(bars).to_have_count(len(bins.count))
    wait_until_calm(page)
    click_mark(bars.first)
    wanted = DigitFilter(sure=(float(bins.low[0]), float(bins.high[0])))
    expect_chosen(page, wanted)
    expect_sheet(page, find_digits(answers, wanted))
    assert len(find_digits(answers, wanted)) == bins.count[0]


def test_after_temperature_scaling_the_bins_are_of_the_scaled_answers(place, answers, open_view):
    temperature = load_report(place[0])["temperature"]["value"]
    scaled = scale(answers, temperature)
    page = open_view("calibration")
    page.locator(".st-key-scaled_toggle").get_by_text("After temperature scaling").click()
    chip = find_chip(page, f"after temperature scaling, T = {temperature:.3g}")
    expect(chip).to_be_visible()
    expect(page).to_have_url(re.compile("scaled=on"))
    wait_until_calm(page)
    click_mark(page.locator(".st-key-reliability .bars .point path").first)
    wanted = list_bins(scaled)[0]
    expect_chosen(page, wanted)
    expect_sheet(page, find_digits(scaled, wanted))
    assert wanted != list_bins(answers)[0]
    chip.click()
    expect_nothing_chosen(page)
    expect(page).not_to_have_url(re.compile("scaled="))


def test_the_slider_of_rejection_and_the_digits_it_would_reject(answers, open_view):
    page = open_view("calibration")
    handle = page.locator(".st-key-reject_slider").get_by_role("slider")
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("reject="))
    wait_until_calm(page)
    threshold = float(page.evaluate("new URLSearchParams(location.search).get('reject')"))
    below = answers.confidence.astype(np.float64) < threshold
    expect(page.get_by_text(re.compile(rf"sends {below.sum():,} of 10,000 digits"))).to_be_visible()
    page.get_by_role("button", name=f"See the {below.sum():,} digits it would reject").click()
    expect(page).to_have_url(re.compile("sure="))
    expect_chosen(page, read_wanted(page))
    rejected = find_digits(answers, read_wanted(page))
    assert sorted(rejected.tolist()) == np.flatnonzero(below).tolist()
    expect_sheet(page, rejected)


def test_a_point_of_rejection_moves_the_slider_and_shows_its_digits(answers, open_view):
    page = open_view("calibration")
    points = page.locator(".st-key-rejection .scatterlayer path.point")
    click_mark(points.nth(12))
    expect(page).to_have_url(re.compile("reject=.*sure=|sure=.*reject="))
    expect(page.locator(".tile").first).to_be_visible()
    threshold = float(page.evaluate("new URLSearchParams(location.search).get('reject')"))
    below = answers.confidence.astype(np.float64) < threshold
    expect_sheet(page, find_digits(answers, read_wanted(page)))
    assert len(find_digits(answers, read_wanted(page))) == below.sum()


@pytest.mark.parametrize("chart", ["roc", "precision_recall"])
def test_a_point_of_a_curve_leads_to_the_digits_accepted_there(answers, open_view, chart):
    page = open_view("classes")
    page.locator(".st-key-class").get_by_text("4", exact=True).click()
    expect(page).to_have_url(re.compile("class=4"))
    ranking = compute_ranking(answers.probabilities[:, 4].astype(np.float64), answers.labels == 4)
    expect(page.get_by_text(f"ROC, area {ranking.roc_area:.5f}")).to_be_visible()
    wait_until_calm(page)
    points = page.locator(f".st-key-{chart} .scatterlayer path.point").all()
    # A little apart from the diamond that marks the threshold, which stands in the knee of the curve.
    click_mark([point for point in points if find_spot(point)][-3])
    expect(page).to_have_url(re.compile("given="))
    wanted = read_wanted(page)
    assert (wanted.given[0], wanted.given[2]) == (4, 1.0)
    at = find_point(ranking, wanted.given[1])
    expect_chosen(page, wanted)
    accepted = find_digits(answers, wanted)
    assert len(accepted) == ranking.true_positives[at] + ranking.false_positives[at]
    expect_sheet(page, accepted)
    expect(page.get_by_role("button", name=f"See {len(accepted):,} accepted")).to_be_visible()


def test_a_bar_of_the_histogram_leads_to_its_digits(answers, open_view):
    figure = plot_confidence_histogram(answers.confidence, answers.right, stretched=True)
    page = open_view("classes")
    bars = page.locator(".st-key-confidence .bars .point path")
    expect(bars).to_have_count(sum(len(trace.y) for trace in figure.data))
    right, wrong = figure.data
    for trace, shift in ((wrong, len(right.y)), (right, 0)):
        tallest = int(np.argmax(trace.y))
        low, high, is_right = trace.customdata[tallest][1:4]
        wanted = DigitFilter(right=bool(is_right), sure=(float(low), float(high)))
        click_mark(bars.nth(shift + tallest))
        expect_chosen(page, wanted)
        expect_sheet(page, find_digits(answers, wanted))
        assert len(find_digits(answers, wanted)) == trace.y[tallest]
        wait_until_calm(page)


def test_three_counts_at_a_threshold_each_lead_to_their_digits(answers, open_view):
    page = open_view("classes", "&class=4&accept=0.9")
    given, is_four = answers.probabilities[:, 4].astype(np.float64), answers.labels == 4
    groups = {
        "see_accepted": given >= 0.9,
        "see_alarms": (given >= 0.9) & ~is_four,
        "see_missed": (given < 0.9) & is_four,
    }
    for key, mask in groups.items():
        button = page.locator(f".st-key-{key} button")
        expect(button).to_contain_text(f"{mask.sum():,}")
        assert mask.any()
        button.click()
        expect(page.get_by_text(re.compile(rf"^{mask.sum():,} digits?\b"))).to_be_visible()
        wait_until_calm(page)
        chosen = find_digits(answers, read_wanted(page))
        assert sorted(chosen.tolist()) == np.flatnonzero(mask).tolist()
        expect_sheet(page, chosen)


def test_the_address_opened_elsewhere_shows_the_same(answers, open_view, open_page):
    page = open_view("classes", "&class=9")
    page.locator(".st-key-sureness_of").get_by_text("This digit only").click()
    wait_until_calm(page)
    bars = page.locator(".st-key-confidence .bars .point path")
    click_mark(bars.last)
    expect(page.locator(".tile").first).to_be_visible()
    wait_until_calm(page)
    page.locator(".tile").last.click()
    expect(page.locator(".tile[aria-current]")).to_have_count(1)
    wait_until_calm(page)
    elsewhere = open_page(page.url, size=(1400, 1100))
    expect(elsewhere.locator(".tile[aria-current]")).to_have_count(1)
    expect(elsewhere.locator(".tile")).to_have_count(page.locator(".tile").count())
    assert read_sheet(elsewhere) == read_sheet(page)
    assert elsewhere.locator(".tile[aria-current]").get_attribute("aria-label") == read_sheet(page)[-1]
    expect_chosen(elsewhere, read_wanted(page))
    assert read_wanted(page).true == 9
    chosen = elsewhere.locator(".st-key-class button[aria-checked='true'], .st-key-class [aria-pressed='true']")
    expect(chosen).to_have_text("9")
