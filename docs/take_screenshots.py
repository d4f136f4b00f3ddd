"""Take the README's screenshots, `make screenshots`: charts, drawings and the digits bundled with scikit-learn."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.benchmarks.app import open_browser, serve_app
from core.evaluation.report import load_report
from core.recipes import get_recipe
from core.runs import jobs, store
from core.train import train_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).resolve().parent / "screenshots"
SIZE = {"width": 1280, "height": 800}
SETTINGS = {"dataset": "sklearn-digits", "batch_size": 32}
SEVEN = ((0.27, 0.24), (0.72, 0.24), (0.46, 0.82))


def main() -> None:
    """Train two runs in a home of their own and photograph each page."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        # No mirror and no network: the pages fall back to the bundled digits, which may be shown to anyone.
        os.environ.update(DIGITS_HOME=home, DIGITS_OFFLINE="1", DIGITS_MIRROR="")
        runs = [_train(recipe, epochs) for recipe, epochs in (("softmax-regression", 10), ("mlp", 10), ("sprint", 12))]
        with serve_app(Path(home) / "server.log") as address, open_browser() as browser:
            pair = load_report(runs[0])["pairs"][0]
            cell = f"{pair['true']}-{pair['predicted']}"
            _photograph(browser, address, "home")
            _photograph(browser, f"{address}/data?split=Test&digit=12", "data")
            _photograph(browser, f"{address}/evaluate?run={runs[0].id}&cell={cell}", "evaluate")
            _photograph(browser, f"{address}/evaluate?run={runs[0].id}", "evaluate-dark", scheme="dark")
            both = f"run={runs[1].id}&second={runs[0].id}"
            _photograph(browser, f"{address}/evaluate?{both}&view=compare&versus=only-first", "compare")
            _photograph(browser, f"{address}/evaluate?run={runs[1].id}&view=calibration", "calibration")
            _photograph(browser, f"{address}/runs?runs={runs[1].id},{runs[2].id}", "runs")
            _photograph(browser, f"{address}/errors?run={runs[0].id}", "errors", open_first=True)
            _photograph_drawing(browser, f"{address}/draw?run={runs[-1].id}")
            _photograph_training(browser, address)


def _train(recipe: str, epochs: float) -> store.Run:
    config = get_recipe(recipe).config.with_settings({**SETTINGS, "epochs": epochs})
    run = store.create_run(config, recipe)
    train_run(run)
    return run


def _open(browser: Browser, address: str, scheme: str = "light") -> Page:
    page = browser.new_context(viewport=SIZE, color_scheme=scheme, device_scale_factor=1).new_page()
    page.goto(address)
    page.wait_for_selector("h1")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(2500)
    return page


def _save(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.png")
    page.context.close()


def _photograph(browser: Browser, address: str, name: str, *, scheme: str = "light", open_first: bool = False) -> None:
    page = _open(browser, address, scheme)
    if open_first:
        page.locator(".tile").first.click()
        page.wait_for_timeout(2500)
    _save(page, name)


def _photograph_drawing(browser: Browser, address: str) -> None:
    page = _open(browser, address)
    canvas = page.locator(".st-key-sheet-of-paper canvas").last.bounding_box()
    points = [(canvas["x"] + x * canvas["width"], canvas["y"] + y * canvas["height"]) for x, y in SEVEN]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=15)
    page.mouse.up()
    page.wait_for_selector("[role=status] small")
    page.wait_for_timeout(1000)
    _save(page, "draw")


def _photograph_training(browser: Browser, address: str) -> None:
    """Photograph a run while it trains."""
    config = get_recipe("sprint").config.with_settings({**SETTINGS, "epochs": 200})
    run = jobs.start_run(config, "sprint", "long sprint")
    page = _open(browser, f"{address}/train?run={run.id}")
    chart = page.locator("[data-points]").first
    while int(chart.get_attribute("data-points") or 0) < 60:
        page.wait_for_timeout(250)
    page.wait_for_timeout(500)
    _save(page, "train")
    jobs.stop_run(run)


if __name__ == "__main__":
    main()
