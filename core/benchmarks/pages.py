"""How long a person waits for a page: start-up, warm pages, a sheet of 200 digits, a cell's digits, a stroke's answer.

Times are taken inside the browser, from the event (or from the navigation) to the first frame that shows what was
asked for.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from core.benchmarks.app import open_browser, serve_app
from core.benchmarks.home import open_home
from core.benchmarks.machine import describe_machine
from core.benchmarks.runs_on_disk import copy_runs
from core.benchmarks.strokes import list_drawings, open_sheet, time_strokes
from core.benchmarks.waits import AT_REST, LIMIT_MS, PAGES, SIZE, add_page, open_page, time_event, visit, wait_for
from core.errors import CoreError
from core.evaluation.report import load_report
from core.recipes import get_recipe
from core.runs import jobs, store
from core.train import train_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from core.runs.store import Run

# What is drawn last in each view of Evaluate.
VIEWS = {
    "Calibration": ".st-key-rejection .main-svg",
    "Classes": ".st-key-confidence .main-svg",
    "Compare": ".st-key-difference_matrix",
    "Matrix": ".st-key-matrix",
}
COLD_STARTS = 3
FINISHED_RUNS = 10
# Seconds for the first screen, milliseconds for everything else.
GOALS = {
    "first_screen_cold_s": 5.0,
    "page_warm_ms_p50": 400.0,
    "page_warm_ms_p95": 400.0,
    "sheet_of_200_ms_p50": 250.0,
    "sheet_of_200_ms_p95": 250.0,
    "cell_to_digits_ms_p50": 250.0,
    "cell_to_digits_ms_p95": 250.0,
    "evaluate_view_ms_p50": 400.0,
    "evaluate_view_ms_p95": 400.0,
    "stroke_to_answer_ms_p95": 300.0,
}


def measure_pages(repeats: int = 20, on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Measure the app in Chromium, in a home of its own with ten finished runs of `sprint` and one that trains.

    Only the first round of warm pages, `idle_page_warm`, is taken before the training begins.

    Args:
        repeats: of each click, load and stroke; the server is started three times.
        on_progress: told what is measured next.

    Returns:
        {machine, figures: {name: value}, goals: {name: value}}; `_s` are seconds, `_ms` milliseconds.

    Raises:
        CoreError: if Chromium or MNIST is missing, or a page does not show what it should.
    """
    with open_home() as home, open_browser() as browser:
        on_progress("training a run to look at")
        run = store.create_run(get_recipe("sprint").config.with_settings({"epochs": 1}), "sprint")
        train_run(run)
        copy_runs(run, FINISHED_RUNS - 1)
        figures: dict[str, float] = {}
        with serve_app(home / "server.log") as address:
            page = add_page(browser.new_context(viewport=SIZE))  # type: ignore[arg-type]
            on_progress("warm pages, nothing else going on")
            figures |= _measure_warm_pages(page, address, repeats, "idle_page_warm")
        with train_meanwhile():
            on_progress("cold starts, while a run trains")
            figures |= _measure_cold_starts(home, browser)
            with serve_app(home / "server.log") as address:
                page = add_page(browser.new_context(viewport=SIZE))  # type: ignore[arg-type]
                on_progress("warm pages")
                figures |= _measure_warm_pages(page, address, repeats, "page_warm")
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
def train_meanwhile() -> Iterator[Run]:
    """Train a slow network on every core, as the page starts it, for as long as the context lasts."""
    run = jobs.start_run(get_recipe("vgg-7").config, "vgg-7")
    try:
        _wait_until(lambda: store.read_record(run).step > 0, "The run in the background takes no step.")
        yield run
    finally:
        # It outlives its parent: left alone, it would train on in a folder that is gone.
        if store.read_entry(run).state in ("queued", "running"):
            jobs.stop_run(run)
            _wait_until(lambda: store.read_entry(run).state == "stopped", "The run in the background does not stop.")


def _wait_until(is_so: Callable[[], bool], problem: str) -> None:
    end = time.monotonic() + LIMIT_MS / 1000
    while not is_so():
        if time.monotonic() > end:
            raise CoreError(problem)
        time.sleep(0.1)


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
            page = add_page(browser.new_context(viewport=SIZE))  # type: ignore[arg-type]
            before = time.perf_counter()
            page.goto(address)
            wait_for(page, "findAll('.tile').length > 0")
            screens.append(time.perf_counter() - before)
            page.context.close()
    return {
        "server_start_s": round(float(np.median(starts)), 2),
        "first_screen_cold_s": round(float(np.median(screens)), 2),
    }


def _measure_warm_pages(page: Page, address: str, repeats: int, name: str) -> dict[str, float]:
    """Go from page to page by the navigation."""
    for path in PAGES.values():  # once each, so that everything is loaded
        open_page(page, f"{address}/{path}")
    by_page: dict[str, list[float]] = {title: [] for title in PAGES}
    for _ in range(repeats):
        for title in PAGES:
            by_page[title].append(visit(page, title))
            page.wait_for_timeout(200)
    return _summarize_all(name, by_page)


def _measure_sheet(page: Page, address: str, repeats: int) -> list[float]:
    """Turn the pages of the contact sheet, from the click to the first frame with the next 200 digits."""
    open_page(page, f"{address}/data")
    times = []
    for number in range(repeats):
        first = 200 * (number + 1)
        shown = f"(findAll('.tile')[0]?.getAttribute('aria-label') ?? '').match(/number {first}\\b/)"
        turn = page.get_by_test_id("stPagination").get_by_role("button", name="Next")
        times.append(time_event(page, "pointerdown", f"{shown} && findAll('.tile').length === 200", turn.click))
        page.wait_for_timeout(300)
    return times


def _measure_cells(page: Page, address: str, run: Run, repeats: int) -> list[float]:
    """Click cells of the confusion matrix, from the click to the first frame with their digits."""
    open_page(page, f"{address}/evaluate?run={run.id}")
    confusion = np.array(load_report(run)["confusion"])
    cells = [(true, predicted) for true, predicted in np.argwhere(confusion > 0).tolist() if true != predicted]
    times = []
    for number in range(repeats):
        true, predicted = cells[number % len(cells)]
        label = f"digit {true} number \\\\d+, predicted {predicted} "
        shown = f"(findAll('.tile')[0]?.getAttribute('aria-label') ?? '').match('{label}')"
        cell = page.locator(f"[aria-label^='true {true}, predicted {predicted}:']")
        times.append(time_event(page, "pointerdown", shown, cell.click))
        page.wait_for_timeout(300)
    return times


def _measure_views(page: Page, address: str, run: Run, repeats: int) -> dict[str, float]:
    """Go through the views of Evaluate, from the click until what they show is drawn and the script has ended."""
    open_page(page, f"{address}/evaluate?run={run.id}")
    by_view: dict[str, list[float]] = {title: [] for title in VIEWS}
    for number in range(repeats + 1):
        for title, mark in VIEWS.items():
            button = page.locator(".st-key-view").get_by_text(title, exact=True)
            spent = time_event(page, "pointerdown", f"findAll('{mark}').length && {AT_REST}", button.click)
            if number:  # once each before, so that everything is loaded
                by_view[title].append(spent)
            page.wait_for_timeout(300)
    return _summarize_all("evaluate_view", by_view)


def _measure_strokes(page: Page, address: str, run: Run, repeats: int) -> list[float]:
    """Draw recorded strokes, each from the mouse's release to the first frame with its answer."""
    open_sheet(page, address, run)
    time_strokes(page, list_drawings(1))  # once before, so that everything is loaded
    return [one.answer_ms for one in time_strokes(page, list_drawings(repeats))]
