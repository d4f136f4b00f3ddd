"""The report of a run opened from the disk: it draws its charts and asks nobody for anything; and its download."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from run_folders import copy_run

from core.benchmarks.app import PROJECT, serve_app
from core.report_page.build import build_report_page, save_report_page
from core.runs.notes import change_notes

pytestmark = pytest.mark.e2e

CHARTS = 4
# A page of one run with the button alone.
BUTTON_PAGE = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
import streamlit as st
from core.runs import store
from dashboard.report_download import render_report_download
render_report_download(store.read_entry(store.find_run("latest")))
st.text("drawn")
"""


@pytest.fixture
def report(home, trained_small):
    """The report of a run whose name would run a script and fetch a picture if it were not escaped."""
    run = copy_run(trained_small, home)
    evil = '<img src="http://127.0.0.1:9/x.png" onerror="document.title=1"><script>document.title=2</script>'
    change_notes(run.path, name="A & B", note=evil)
    file = home / "report.html"
    save_report_page(run, file)
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_the_file_opens_by_itself_and_draws_its_charts(report, open_page, scheme, size):
    page = open_page("about:blank", scheme=scheme, size=size)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("A & B")
    expect(page.locator(".chart .main-svg:first-child")).to_have_count(CHARTS)
    assert page.locator(".chart .scatterlayer .trace").count() >= CHARTS
    assert page.title() == "A & B · report"
    assert page.locator(".digits img").evaluate_all("all => all.every((one) => one.naturalWidth === 28)")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert {url for url in asked if not url.startswith("data:")} == {report.as_uri()}


def test_charts_are_legible_on_their_paper(report, open_page):
    def read_colors(scheme):
        page = open_page(report.as_uri(), scheme=scheme)
        expect(page.locator(".chart .main-svg:first-child")).to_have_count(CHARTS)
        tick = page.locator("#chart-accuracy .xtick text").first.evaluate("one => getComputedStyle(one).fill")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (tick, paper)]

    tick, paper = read_colors("light")
    assert paper - tick > 400
    tick, paper = read_colors("dark")
    assert tick - paper > 400


def test_on_paper_it_is_light_and_fits(report, open_page):
    page = open_page(report.as_uri(), scheme="dark", size=(680, 960))
    expect(page.locator(".chart .main-svg:first-child")).to_have_count(CHARTS)
    page.evaluate(
        "addEventListener('beforeprint', () => { window.printed = [...document.querySelectorAll('.main-svg')]"
        ".map((one) => Number(one.getAttribute('width'))); })"
    )
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert set(page.evaluate("window.printed")) == {660}
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1


def test_the_browser_would_refuse_what_the_page_does_not_name(report, browser):
    """The policy is in force: a script and a request of our own are stopped by it."""
    page = browser.new_page()  # not by open_page: the browser complains in the console, as it should
    page.goto(report.as_uri())
    stopped = page.evaluate(
        """() => new Promise((tell) => {
            const found = [];
            document.addEventListener("securitypolicyviolation", (event) => {
                found.push(event.effectiveDirective);
                if (found.length === 2) tell(found.sort());
            });
            const script = document.createElement("script");
            script.textContent = "document.title = 'run'";
            document.body.append(script);
            fetch("http://127.0.0.1:9/").catch(() => {});
        })"""
    )
    assert stopped == ["connect-src", "script-src-elem"]
    assert page.title() == "A & B · report"
    page.close()


def test_the_button_hands_out_the_report(home, trained_small, open_page, tmp_path):
    run = copy_run(trained_small, home)
    script = tmp_path / "button.py"
    script.write_text(BUTTON_PAGE, encoding="utf-8")
    with serve_app(
        tmp_path / "server.log",
        script=script,
        folder=PROJECT / "dashboard",
        DIGITS_HOME=str(home),
        DIGITS_OFFLINE="1",
    ) as address:
        page = open_page(address)
        expect(page.get_by_text("drawn")).to_be_visible()
        with page.expect_download() as coming:
            page.get_by_role("button", name="Report (HTML)").click()
        download = coming.value
        assert download.suggested_filename == f"{run.id}.html"
        download.save_as(tmp_path / "saved.html")
        page.context.close()
    assert (tmp_path / "saved.html").read_text(encoding="utf-8") == build_report_page(run)
