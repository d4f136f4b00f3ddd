"""Evaluate and Errors in a real browser: pictures that are buttons, chips, the download, and addresses that reopen."""

import csv
import re

import pytest
from playwright.sync_api import expect
from run_folders import copy_run
from server import wait_until_calm

from core.benchmarks.app import serve_app
from core.data import download_status
from core.evaluation.report import load_predictions, load_report

pytestmark = pytest.mark.e2e


@pytest.fixture
def run(home, trained_small):
    download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
    return copy_run(trained_small, home)


@pytest.fixture
def address(run, tmp_path):
    with serve_app(tmp_path / "server.log") as url:
        yield f"{url}/evaluate?run={run.id}"


def find_chip(page, words):
    return page.get_by_role("button", name=f"Remove the filter: {words}", exact=True)


def test_from_a_pair_to_its_digits_and_back(run, address, open_page):
    pair = load_report(run)["pairs"][0]
    words = f"true {pair['true']}, read as {pair['predicted']}"
    page = open_page(address)
    head = page.get_by_role("button", name=re.compile(f"^{pair['true']} read as {pair['predicted']}: {pair['count']} "))
    head.click()
    expect(find_chip(page, words)).to_be_visible()
    expect(page.locator(".tile")).to_have_count(pair["count"])
    expect(head).to_have_attribute("aria-current", "true")
    page.locator(".pairs .ink").first.click()
    expect(page.locator(".tile[aria-current]")).to_have_count(1)
    expect(page.get_by_text(f"1 of {pair['count']}", exact=True)).to_be_visible()
    wait_until_calm(page)
    elsewhere = open_page(page.url)
    expect(elsewhere.locator(".tile[aria-current]")).to_have_count(1)
    expect(find_chip(elsewhere, words)).to_be_visible()
    find_chip(page, words).click()
    expect(page.locator(".tile")).to_have_count(0)
    expect(page.locator(".pairs .head").first).to_be_visible()


def test_the_keyboard_walks_over_the_pairs_and_chooses(run, address, open_page):
    page = open_page(address)
    heads = page.locator(".pairs .head")
    expect(heads).to_have_count(len(load_report(run)["pairs"]))
    expect(page.locator(".pairs button[tabindex='0']")).to_have_count(1)
    heads.first.focus()
    page.keyboard.press("ArrowDown")
    expect(heads.nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    picture = page.locator(".pairs li").nth(1).locator(".ink").first
    expect(picture).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".tile[aria-current]")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_matrix_shows_pictures_in_the_ink_of_the_theme(run, address, open_page, scheme):
    page = open_page(address, scheme=scheme)
    page.get_by_text("Pictures", exact=True).click()
    n_cells = sum(count > 0 for row in load_report(run)["confusion"] for count in row)
    expect(page.locator(".cell.picture")).to_have_count(n_cells)
    picture = page.locator(".cell.picture").first
    expect(picture).to_have_css("background-image", re.compile("^url"))
    picture.click()
    expect(find_chip(page, "true 0, read right")).to_be_visible()


def test_the_download_holds_the_digits_of_the_sheet(run, address, open_page):
    page = open_page(f"{address}&right=no")
    answers = load_predictions(run)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    n_wrong = int((~answers.right).sum())
    assert download.value.suggested_filename == f"{run.id}-{n_wrong}-digits.csv"
    with download.value.path().open(encoding="utf-8") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    assert sorted(indices) == (~answers.right).nonzero()[0].tolist()


def test_a_click_on_errors_opens_the_digit_in_one_step(address, open_page):
    page = open_page(address.replace("/evaluate", "/errors"))
    page.locator(".tile").nth(2).click()
    expect(page.locator(".tile").nth(2)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.locator(".tile").nth(3)).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("page_name", ["evaluate", "errors"])
def test_a_phone_shows_it_all_without_scrolling_sideways(address, open_page, page_name):
    page = open_page(address.replace("evaluate", page_name) + "&cell=any-8", size=(390, 844), touch=True)
    expect(page.locator(".tile").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1


def test_the_browsers_back_and_forward_take_back_one_choice_at_a_time(run, home, address, open_page):
    other = copy_run(run, home, id="20250101-000000-mlp-oooo")
    page = open_page(f"{address}&cell=9-any&digit=0")
    expect(find_chip(page, "true 9")).to_be_visible()
    wait_until_calm(page)
    pair = load_report(run)["pairs"][0]
    words = f"true {pair['true']}, read as {pair['predicted']}"
    page.get_by_role("button", name=re.compile(f"^{pair['true']} read as {pair['predicted']}: ")).click()
    expect(find_chip(page, words)).to_be_visible()
    wait_until_calm(page)
    picker = page.locator(".st-key-run_picker input")
    picker.click()
    picker.press_sequentially("oooo")
    expect(page.get_by_role("option")).to_have_count(1)
    picker.press("Enter")
    expect(page).to_have_url(re.compile(f"run={other.id}"))
    wait_until_calm(page)
    page.go_back()
    expect(picker).to_have_value(re.compile(run.id[-4:]))
    expect(page).to_have_url(re.compile(f"run={run.id}"))
    wait_until_calm(page)
    page.go_back()
    expect(find_chip(page, "true 9")).to_be_visible()
    expect(page.locator(".tile[aria-current]").or_(page.get_by_text("not in this list"))).to_have_count(1)
    wait_until_calm(page)
    page.go_forward()
    expect(find_chip(page, words)).to_be_visible()


def test_arriving_by_the_navigation_takes_one_back_to_leave(run, address, open_page):
    page = open_page(address.split("/evaluate")[0])
    wait_until_calm(page)
    page.get_by_test_id("stTopNavLink").filter(has_text="Evaluate").click()
    expect(page).to_have_url(re.compile(f"/evaluate\\?run={run.id}$"))
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()
    wait_until_calm(page)
    page.locator(".cell").first.click()
    expect(page).to_have_url(re.compile(f"run={run.id}&cell="))
    wait_until_calm(page)
    page.go_back()
    expect(page).to_have_url(re.compile(f"/evaluate\\?run={run.id}$"))
    wait_until_calm(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Digits workbench")).to_be_visible()
