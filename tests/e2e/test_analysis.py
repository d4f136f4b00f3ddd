"""The analysis in docs/why-4-for-9.md followed in a real browser: its addresses, its words, and what they promise.

The document's figures are of one machine; here they are computed from what the runs of this machine answered.
"""

import re

import pytest
from playwright.sync_api import expect
from run_folders import copy_run
from server import wait_until_calm

from core.benchmarks.app import PROJECT, serve_app
from core.evaluation.compare import compare, describe
from core.evaluation.ranking import compute_ranking
from core.evaluation.report import load_predictions, load_report
from core.evaluation.select import DigitFilter, describe_parts, find_digits
from core.runs import store
from core.train import train_run
from dashboard.compare_settings import list_facts
from dashboard.curves import name_run

pytestmark = pytest.mark.e2e
DOCUMENT = (PROJECT / "docs" / "why-4-for-9.md").read_text(encoding="utf-8")
WRITTEN_FOR = "http://localhost:8501"
LINKS = dict(re.findall(rf"\[([^\]]+)\]\(({WRITTEN_FOR}/[^)\s]+)\)", DOCUMENT.replace("\n", " ")))
FOUR_AS_NINE = DigitFilter(true=4, predicted=9)
# Strokes in pixels of the sheet.
OPEN_FOUR = [[(110, 60), (95, 160), (215, 160)], [(205, 60), (195, 265)]]
ROUND_FOUR = [[(200, 90), (170, 62), (125, 75), (100, 120), (120, 165), (195, 160)], [(200, 80), (190, 265)]]


@pytest.fixture(scope="module")
def place(tmp_path_factory, mnist_cache, trained_mnist):
    """A home with the document's two runs, seed 0 the later one, and the address of the app."""
    home = tmp_path_factory.mktemp("analysis")
    (home / "datasets").symlink_to(mnist_cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(home))
        second = store.create_run(store.read_config(trained_mnist).with_settings({"seed": 1}), "sprint")
        train_run(second)
        first = copy_run(trained_mnist, home, created=store.now())
    with serve_app(home / "server.log", DIGITS_HOME=str(home), DIGITS_OFFLINE="1") as address:
        yield home, address, first, second


@pytest.fixture(autouse=True)
def in_home(place, monkeypatch):
    """Let the test itself read the run folders of the page."""
    monkeypatch.setenv("DIGITS_HOME", str(place[0]))


@pytest.fixture
def first(place):
    return load_predictions(place[2])


@pytest.fixture
def second(place):
    return load_predictions(place[3])


@pytest.fixture
def follow(place, open_page):
    """Open the address that stands behind these words of the document."""

    def open_one(words):
        page = open_page(LINKS[words].replace(WRITTEN_FOR, place[1]), size=(1400, 1100))
        wait_until_calm(page)
        return page

    return open_one


def named(words):
    """Return words that the document sets in italics, as it does with what is to be clicked."""
    assert f"*{words}*" in re.sub(r"\s+", " ", DOCUMENT), f"the document does not name '{words}'"
    return words


def expect_sheet(page, indices, wanted):
    """A chip for each part of the filter, the number, and exactly these digits in this order."""
    for words in describe_parts(wanted).values():
        expect(page.get_by_role("button", name=f"Remove the filter: {words}", exact=True)).to_be_visible()
    count = f"{len(indices):,} {'digit' if len(indices) == 1 else 'digits'}"
    panel = page.locator(".st-key-open-digit")  # the most confused pairs also count digits
    expect(panel.get_by_text(re.compile(rf"^{count}\b"))).to_be_visible()
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(min(len(indices), 100))
    shown = tiles.evaluate_all("tiles => tiles.map((tile) => tile.getAttribute('aria-label'))")
    assert [int(re.search(r"number (\d+)", text)[1]) for text in shown] == indices[:100].tolist()


def test_every_address_of_the_document_is_one_of_these_tests():
    tested = {
        "Evaluate",
        "4 → 9",
        "Classes, digit 9",
        "88 of the 982 fours",
        "Compare",
        "cell 9, 9",
        "740",
        "2130",
        "Calibration",
        "Draw",
    }
    assert set(LINKS) == tested
    assert DOCUMENT.count(WRITTEN_FOR) == len(tested)


def test_from_the_accuracy_to_the_cell(place, first, follow):
    report = load_report(place[2])
    low, high = report["interval"]
    page = follow("Evaluate")
    expect(page).to_have_url(re.compile(place[2].id))
    figures = f"{report['correct']:,} of 10,000 [{100 * low:.2f}–{100 * high:.2f}]"
    expect(page.get_by_text(figures)).to_be_visible()
    expect(page.get_by_role("heading", name=named("Most confused"))).to_be_visible()
    reverse = len(find_digits(first, DigitFilter(true=9, predicted=4)))
    expect(page.get_by_role("button", name=re.compile(rf"true 9, predicted 4: {reverse} digit"))).to_be_visible()
    fours = find_digits(first, FOUR_AS_NINE)
    share = f"{100 * len(fours) / (first.labels == 4).sum():.2f} % of the fours"
    page.get_by_role("button", name=f"4 read as 9: {len(fours)} digits, {share}").click()
    expect_sheet(page, fours, FOUR_AS_NINE)


def test_from_the_cell_to_the_digits_and_their_mean_picture(first, follow):
    page = follow("4 → 9")
    expect_sheet(page, find_digits(first, FOUR_AS_NINE), FOUR_AS_NINE)
    page.get_by_text(named("Pictures"), exact=True).click()
    for cell in ("true 4, predicted 9", "true 4, predicted 4"):
        button = page.get_by_role("button", name=re.compile(f"^{cell}: "))
        expect(button).to_have_class(re.compile("picture"))
        expect(button).to_have_css("background-image", re.compile("^url"))


def test_how_sure_it_was_of_the_first_and_what_other_runs_say(first, second, follow):
    page = follow("4 → 9")
    hardest = int(find_digits(first, FOUR_AS_NINE)[0])
    page.locator(".tile").first.click()
    sure = f"{100 * first.probabilities[hardest, 9]:.1f}"
    expect(page.get_by_role("heading", name=re.compile(rf"4 → 9 {sure}"))).to_be_visible()
    said = [load_predictions(one.run) for one in store.list_runs()]
    n_right = sum(int(one.predictions[hardest]) == 4 for one in said)
    expect(page.get_by_text(f"{n_right} of {len(said)} finished runs read it as 4")).to_be_visible()


def test_the_curves_of_nine_and_the_fours_near_the_border(first, follow):
    page = follow("Classes, digit 9")
    area = compute_ranking(first.probabilities[:, 9].astype(float), first.labels == 9).roc_area
    expect(page.get_by_text(f"ROC, area {area:.5f}")).to_be_visible()
    wanted = DigitFilter(true=4, given=(9, 0.01, 1.0))
    expect_sheet(follow("88 of the 982 fours"), find_digits(first, wanted), wanted)


def test_the_network_or_chance(place, first, second, follow):
    page = follow("Compare")
    names = [name_run(store.read_record(run)) for run in place[2:]]
    outcome = compare(first, second)
    expect(page.get_by_text(describe(outcome, *names))).to_be_visible()
    expect(page.get_by_role("heading", name=named("Settings that differ"))).to_be_visible()
    table = page.get_by_role("region", name=re.compile("the settings in which they differ$"))
    table.scroll_into_view_if_needed()
    cells = table.locator("canvas table td[aria-colindex='1']")
    n_facts = len(list_facts(*(store.read_entry(run) for run in place[2:])))
    expect(cells).to_have_count(n_facts + 1)
    expect(cells.last).to_have_text("Seed")
    page.get_by_role("button", name=f"{outcome.both_wrong} {named('both wrong')}").click()
    both_wrong = DigitFilter(versus="both-wrong")
    expect_sheet(page, find_digits(first, both_wrong, second), both_wrong)

    page.get_by_text(named("Answers: first × second"), exact=True).click()
    page.locator(".st-key-of").get_by_text("4", exact=True).click()
    cell = DigitFilter(true=4, predicted=9, second_reads=9)
    found = find_digits(first, cell, second)
    words = f"the first run says 9, the second run says 9: {len(found)} digit"
    page.get_by_role("button", name=re.compile(f"^{words}")).click()
    expect_sheet(page, found, cell)
    expect_sheet(follow("cell 9, 9"), found, cell)


@pytest.mark.parametrize("digit", ["740", "2130"])
def test_the_two_that_remain_open_by_their_address(mnist, follow, digit):
    page = follow(digit)
    assert mnist.test.labels[int(digit)] == 4
    expect(page.get_by_text(f"MNIST, test digit number {int(digit):,}")).to_be_visible()
    expect(page.get_by_alt_text(re.compile("labelled 4$"))).to_be_visible()
    expect(page).to_have_url(re.compile(f"digit={digit}"))


def test_what_would_help_is_where_the_document_says(place, follow, open_page):
    page = follow("Calibration")
    expect(page.get_by_role("heading", name=named("Leave the unsure ones to a person"))).to_be_visible()
    expect(page.locator(".st-key-reject_slider").get_by_role("slider")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"^See the .*digits? it would reject$"))).to_be_visible()
    runs = open_page(f"{place[1]}/runs?runs={place[2].id},{place[3].id}")
    expect(runs.get_by_role("button", name=named("Make an ensemble"))).to_be_visible()
    expect(runs.get_by_text(named("Seeds together"), exact=True)).to_be_visible()
    train = open_page(f"{place[1]}/train")
    expect(train.get_by_role("button", name=named("Several runs"))).to_be_visible()


def test_an_open_four_is_read_as_four_and_a_round_one_as_nine(follow):
    page = follow("Draw")
    for strokes, label in ((OPEN_FOUR, 4), (ROUND_FOUR, 9)):
        draw(page, strokes)
        expect(page.locator(".reading h2").first).to_have_text(re.compile(f"^{label} with "))
        picture = page.get_by_alt_text(re.compile(f"as the network sees it, 28 by 28 pixels, read as {label}"))
        expect(picture).to_be_visible()
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".reading h2").first).to_have_text("Draw a digit: your answer appears here")


def draw(page, strokes):
    sheet = page.locator("canvas.upper-canvas")
    expect(sheet).to_be_visible()
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    for stroke in strokes:
        page.mouse.move(box["x"] + stroke[0][0], box["y"] + stroke[0][1])
        page.mouse.down()
        for x, y in stroke[1:]:
            page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
        page.mouse.up()
        # The canvas reports after a fifth of a second of rest.
        page.wait_for_timeout(300)
