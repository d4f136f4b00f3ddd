"""How long a person waits for a page: start-up, warm pages, a sheet of 200 digits, a cell's digits, a stroke's answer.

Times are taken inside the browser, from the event (or from the navigation) to the first frame that shows what was
asked for.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import paths
from core.benchmarks.app import open_browser, serve_app
from core.benchmarks.machine import describe_machine
from core.benchmarks.strokes import list_drawings, open_sheet, time_strokes
from core.data.datasets import load
from core.errors import CoreError
from core.evaluation.report import load_report
from core.recipes import get_recipe
from core.runs import store
from core.train import train_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from core.runs.store import Run

PAGES = {
    "Home": "",
    "Data": "data",
    "Train": "train",
    "Recipes": "recipes",
    "Runs": "runs",
    "Evaluate": "evaluate",
    "Errors": "errors",
    "Draw": "draw",
    "Your digits": "drawings",
}
# What is drawn last in each view of Evaluate.
VIEWS = {
    "Calibration": ".st-key-rejection .main-svg",
    "Classes": ".st-key-confidence .main-svg",
    "Compare": ".st-key-difference_matrix",
    "Matrix": ".st-key-matrix",
}
COLD_STARTS = 3
LIMIT_MS = 60_000
SIZE = {"width": 1280, "height": 800}
# Seconds for the first screen, milliseconds for everything else.
GOALS = {
    "first_screen_cold_s": 5.0,
    "page_warm_ms_p50": 400.0,
    "page_warm_ms_p95": 400.0,
    "sheet_of_200_ms_p50": 250.0,
    "cell_to_digits_ms_p50": 250.0,
    "evaluate_view_ms_p50": 400.0,
    "evaluate_view_ms_p95": 400.0,
    "stroke_to_answer_ms_p95": 300.0,
}
# Components live in shadow roots, which querySelector does not enter.
_FIND = """
window.findAll = (selector) => {
  const found = [], roots = [document];
  while (roots.length) {
    const root = roots.pop();
    found.push(...root.querySelectorAll(selector));
    for (const element of root.querySelectorAll('*')) if (element.shadowRoot) roots.push(element.shadowRoot);
  }
  return found;
};
"""
_AT_REST = "document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')"
_WATCH = """
() => {
  let start = null;
  addEventListener('%s', () => { start ??= performance.now(); }, { capture: true, once: true });
  window.waiting = new Promise((resolve) => {
    const look = () => {
      if (start !== null && (%s)) resolve(performance.now() - start); else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
"""


def measure_pages(repeats: int = 20, on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Measure the app in Chromium, in a home of its own with one run of `sprint` trained for an epoch on MNIST.

    Args:
        repeats: of each click, load and stroke; the server is started three times.
        on_progress: told what is measured next.

    Returns:
        {machine, figures: {name: value}, goals: {name: value}}; `_s` are seconds, `_ms` milliseconds.

    Raises:
        CoreError: if Chromium or MNIST is missing, or a page does not show what it should.
    """
    with _build_home() as home, open_browser() as browser:
        on_progress("training a run to look at")
        run = store.create_run(get_recipe("sprint").config.with_settings({"epochs": 1}), "sprint")
        train_run(run)
        figures: dict[str, float] = {}
        on_progress("cold starts")
        figures |= _measure_cold_starts(home, browser)
        with serve_app(home / "server.log") as address:
            page = browser.new_context(viewport=SIZE).new_page()  # type: ignore[arg-type]
            page.set_default_timeout(LIMIT_MS)
            page.add_init_script(_FIND)
            on_progress("warm pages")
            figures |= _measure_warm_pages(page, address, repeats)
            on_progress("sheets of 200 digits")
            figures |= _summarize("sheet_of_200", _measure_sheet(page, address, repeats))
            on_progress("cells of the matrix")
            figures |= _summarize("cell_to_digits", _measure_cells(page, address, run, repeats))
            on_progress("views of Evaluate")
            figures |= _measure_views(page, address, run, repeats)
            on_progress("strokes")
            figures |= _summarize("stroke_to_answer", _measure_strokes(page, address, run, repeats))
    return {"machine": describe_machine(), "figures": figures, "goals": GOALS}


@contextmanager
def _build_home() -> Iterator[Path]:
    """Point DIGITS_HOME at a new folder that shares the datasets, so that the person's own runs are not touched."""
    load("mnist")
    datasets = paths.datasets_dir()
    before = os.environ.get("DIGITS_HOME")
    with tempfile.TemporaryDirectory(prefix="digits-benchmark-") as name:
        home = Path(name)
        (home / "datasets").symlink_to(datasets)
        os.environ["DIGITS_HOME"] = name
        try:
            yield home
        finally:
            os.environ.pop("DIGITS_HOME") if before is None else os.environ.update(DIGITS_HOME=before)


def _summarize(name: str, times_ms: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(times_ms, (50, 95))
    return {f"{name}_ms_p50": round(float(p50), 1), f"{name}_ms_p95": round(float(p95), 1)}


def _summarize_all(name: str, by_title: dict[str, list[float]]) -> dict[str, float]:
    """Return the figures of each title, and those of all together."""
    figures: dict[str, float] = {}
    for title, times_ms in by_title.items():
        figures |= _summarize(f"{name}_{title.lower().replace(' ', '_')}", times_ms)
    return figures | _summarize(name, [time_ms for times_ms in by_title.values() for time_ms in times_ms])


def _measure_cold_starts(home: Path, browser: Browser) -> dict[str, float]:
    """Return the median seconds from the command to a listening server, and from there to the first screen."""
    starts, screens = [], []
    for _ in range(COLD_STARTS):
        before = time.perf_counter()
        with serve_app(home / "server.log") as address:
            starts.append(time.perf_counter() - before)
            page = browser.new_context(viewport=SIZE).new_page()  # type: ignore[arg-type]
            page.add_init_script(_FIND)
            before = time.perf_counter()
            page.goto(address)
            _wait_for(page, "findAll('.tile').length > 0")
            screens.append(time.perf_counter() - before)
            page.context.close()
    return {
        "server_start_s": round(float(np.median(starts)), 2),
        "first_screen_cold_s": round(float(np.median(screens)), 2),
    }


def _measure_warm_pages(page: Page, address: str, repeats: int) -> dict[str, float]:
    """Go from page to page by the navigation, from the click until the page is drawn and its script has ended."""
    for path in PAGES.values():  # once each, so that everything is loaded
        _open(page, f"{address}/{path}")
    by_page: dict[str, list[float]] = {title: [] for title in PAGES}
    for _ in range(repeats):
        for title in PAGES:
            heading = "Digits workbench" if title == "Home" else title
            shown = f"document.querySelector('h1')?.textContent === '{heading}' && {_AT_REST}"
            link = page.get_by_test_id("stTopNavLink").filter(has_text=title)
            by_page[title].append(_time(page, "pointerdown", shown, link.click))
            page.wait_for_timeout(200)
    return _summarize_all("page_warm", by_page)


def _measure_sheet(page: Page, address: str, repeats: int) -> list[float]:
    """Turn the pages of the contact sheet, from the click to the first frame with the next 200 digits."""
    _open(page, f"{address}/data")
    times = []
    for number in range(repeats):
        first = 200 * (number + 1)
        shown = f"(findAll('.tile')[0]?.getAttribute('aria-label') ?? '').match(/number {first}\\b/)"
        turn = page.get_by_test_id("stPagination").get_by_role("button", name="Next")
        times.append(_time(page, "pointerdown", f"{shown} && findAll('.tile').length === 200", turn.click))
        page.wait_for_timeout(300)
    return times


def _measure_cells(page: Page, address: str, run: Run, repeats: int) -> list[float]:
    """Click cells of the confusion matrix, from the click to the first frame with their digits."""
    _open(page, f"{address}/evaluate?run={run.id}")
    confusion = np.array(load_report(run)["confusion"])
    cells = [(true, predicted) for true, predicted in np.argwhere(confusion > 0).tolist() if true != predicted]
    times = []
    for number in range(repeats):
        true, predicted = cells[number % len(cells)]
        label = f"digit {true} number \\\\d+, predicted {predicted} "
        shown = f"(findAll('.tile')[0]?.getAttribute('aria-label') ?? '').match('{label}')"
        cell = page.locator(f"[aria-label^='true {true}, predicted {predicted}:']")
        times.append(_time(page, "pointerdown", shown, cell.click))
        page.wait_for_timeout(300)
    return times


def _measure_views(page: Page, address: str, run: Run, repeats: int) -> dict[str, float]:
    """Go through the views of Evaluate, from the click until what they show is drawn and the script has ended."""
    _open(page, f"{address}/evaluate?run={run.id}")
    by_view: dict[str, list[float]] = {title: [] for title in VIEWS}
    for number in range(repeats + 1):
        for title, mark in VIEWS.items():
            button = page.locator(".st-key-view").get_by_text(title, exact=True)
            spent = _time(page, "pointerdown", f"findAll('{mark}').length && {_AT_REST}", button.click)
            if number:  # once each before, so that everything is loaded
                by_view[title].append(spent)
            page.wait_for_timeout(300)
    return _summarize_all("evaluate_view", by_view)


def _measure_strokes(page: Page, address: str, run: Run, repeats: int) -> list[float]:
    """Draw recorded strokes, each from the mouse's release to the first frame with its answer."""
    open_sheet(page, address, run)
    time_strokes(page, list_drawings(1))  # once before, so that everything is loaded
    return [one.answer_ms for one in time_strokes(page, list_drawings(repeats))]


def _open(page: Page, address: str) -> None:
    page.goto(address)
    _wait_until_drawn(page)
    page.wait_for_timeout(1000)


def _wait_until_drawn(page: Page) -> None:
    _wait_for(page, f"document.querySelector('h1') && {_AT_REST}")


def _wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(f"() => Boolean({condition})", polling="raf", timeout=LIMIT_MS)


def _time(page: Page, event: str, condition: str, act: Callable[[], object]) -> float:
    """Return the milliseconds from an event that `act` causes to the first frame in which `condition` holds."""
    page.evaluate(_WATCH % (event, condition))
    act()
    try:
        return float(page.evaluate(f"Promise.race([waiting, new Promise((_, no) => setTimeout(no, {LIMIT_MS}))])"))
    except Exception as error:
        raise CoreError(f"The page did not come to show what was asked for ({condition}).") from error
