"""How waits grow: with runs on the disk and tabs that poll, with epochs in the curves, with digits to read."""

from __future__ import annotations

import shutil
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from core.benchmarks.app import open_browser, serve_app
from core.benchmarks.home import open_home
from core.benchmarks.machine import describe_machine
from core.benchmarks.pages import train_meanwhile
from core.benchmarks.pipeline import time_call
from core.benchmarks.runs_on_disk import copy_runs, write_long_metrics
from core.benchmarks.waits import SIZE, add_page, open_page, time_event, visit, wait_for
from core.data.datasets import load
from core.evaluation.predict import load_classifier
from core.models.forward import compute_logits
from core.recipes import get_recipe
from core.runs import store
from core.runs.history import read_metrics
from core.train import train_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Browser, Page

    from core.runs.store import Run

TABS = 10
RUNS = (10, 100, 1000)
EPOCHS = (20, 200, 1000)
DIGITS = (1000, 3000, 10_000)
# An exponent of 1 is growth in proportion; a fit over three sizes is no more exact than a tenth.
GOALS = {
    "home_1000_runs_ms": 1000.0,
    "runs_1000_runs_ms": 1000.0,
    "curves_200_epochs_ms": 300.0,
    "worst_exponent": 1.1,
}
_CHARTS = "findAll('.live-chart canvas').filter((one) => one.height > 0).length === 2"


def measure_scale(repeats: int = 10, on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Open Home and Runs beside 10, 100 and 1,000 runs, curves of 20, 200 and 1,000 epochs, and read digits.

    Ten tabs poll a run that trains in the background while pages are opened; the rest is timed with nothing else going
    on, or the processor's turns would be measured with it.

    Args:
        repeats: of everything; figures are medians.
        on_progress: told what is measured next.

    Returns:
        {machine, figures: {name: value}, goals: {name: value}}; `_ms` are milliseconds, `_exponent` the power of the
        number with which a wait grows.

    Raises:
        CoreError: if Chromium or MNIST is missing, or a page does not show what it should.
    """
    with open_home() as home, open_browser() as browser:
        on_progress("training a run to look at")
        run = store.create_run(get_recipe("sprint").config, "sprint")
        train_run(run)
        figures = _measure_digits(run, repeats) | _measure_listing(run, repeats)
        with serve_app(home / "server.log") as address:
            on_progress("curves")
            figures |= _measure_curves(run, browser, address, repeats)
            figures |= _measure_runs(run, browser, address, repeats, on_progress)
    exponents = {name: value for name, value in figures.items() if name.endswith("_exponent")}
    return {
        "machine": describe_machine(),
        "figures": {**figures, "worst_exponent": max(exponents.values())},
        "goals": GOALS,
    }


def fit_exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Return the power p of the line time = c · size^p through all points, by least squares in logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def _measure_digits(run: Run, repeats: int) -> dict[str, float]:
    """Time the network on more and more digits."""
    member = load_classifier(run).members[0]
    pixels = torch.from_numpy(load("mnist").test.images)
    times = []
    for count in DIGITS:
        some = pixels[:count]
        compute_logits(member.network, some, member.config)
        times.append(_median(lambda some=some: compute_logits(member.network, some, member.config), repeats))  # type: ignore[misc]
    names = [f"reading_{count}_digits_ms" for count in DIGITS]
    return {**dict(zip(names, times, strict=True)), "digits_exponent": fit_exponent(DIGITS, times)}


def _measure_listing(run: Run, repeats: int) -> dict[str, float]:
    """Time the list of more and more runs; the copies are gone afterwards."""
    copies: list[Run] = []
    times = []
    for count in RUNS:
        there = len(store.list_runs())
        copies += copy_runs(run, count - there, first=there)
        store.list_runs()  # once before: what has not changed is not read again
        times.append(_median(store.list_runs, repeats))
    for copy in copies:
        shutil.rmtree(copy.path)
    names = [f"listing_{count}_runs_ms" for count in RUNS]
    return {**dict(zip(names, times, strict=True)), "listing_exponent": fit_exponent(RUNS, times)}


def _measure_curves(run: Run, browser: Browser, address: str, repeats: int) -> dict[str, float]:
    """Go from Home to Train, where a run's curves are, for runs of more and more epochs."""
    figures: dict[str, float] = {}
    page = add_page(browser.new_context(viewport=SIZE))  # type: ignore[arg-type]
    waits, reads = [], []
    for number, epochs in enumerate(EPOCHS):
        [copy] = copy_runs(run, 1, first=900_000 + number)
        write_long_metrics(copy, epochs)
        reads.append(_median(lambda copy=copy: read_metrics(copy), repeats))  # type: ignore[misc]
        open_page(page, f"{address}/train?run={copy.id}")
        waits.append(statistics.median(_time_curves(page) for _ in range(repeats)))
        figures |= {f"curves_{epochs}_epochs_ms": waits[-1], f"reading_{epochs}_epochs_ms": reads[-1]}
    page.context.close()
    # What is read once is the part that grows; what is drawn is thinned to the same number of points.
    return {
        **figures,
        "curves_exponent": fit_exponent(EPOCHS, waits),
        "metrics_exponent": fit_exponent(EPOCHS, reads),
    }


def _time_curves(page: Page) -> float:
    visit(page, "Home")
    page.wait_for_timeout(200)
    link = page.get_by_test_id("stTopNavLink").filter(has_text="Train")
    spent = time_event(page, "pointerdown", _CHARTS, link.click)
    page.wait_for_timeout(200)
    return spent


def _measure_runs(
    run: Run, browser: Browser, address: str, repeats: int, on_progress: Callable[[str], None]
) -> dict[str, float]:
    """Go to Home and to Runs beside more and more runs, while a run trains and ten tabs poll it."""
    figures: dict[str, float] = {}
    by_page: dict[str, list[float]] = {"Home": [], "Runs": []}
    there = len(store.list_runs())
    with train_meanwhile() as active:
        tabs = [add_page(browser.new_context(viewport=SIZE)) for _ in range(TABS)]  # type: ignore[arg-type]
        for tab in tabs:
            tab.goto(f"{address}/train?run={active.id}")
            wait_for(tab, _CHARTS)
        page = add_page(browser.new_context(viewport=SIZE))  # type: ignore[arg-type]
        for count in RUNS:
            on_progress(f"{count:,} runs and {TABS} tabs")
            copy_runs(run, count - there, first=there) if count > there else None
            there = max(count, there)
            open_page(page, address)
            for title in by_page:
                visit(page, title)
            times = {title: [] for title in by_page}  # type: dict[str, list[float]]
            for _ in range(repeats):
                for title, waits in times.items():
                    waits.append(visit(page, title))
                    page.wait_for_timeout(200)
            for title, waits in times.items():
                by_page[title].append(statistics.median(waits))
                figures[f"{title.lower()}_{count}_runs_ms"] = by_page[title][-1]
    return figures | {f"{title.lower()}_exponent": fit_exponent(RUNS, waits) for title, waits in by_page.items()}


def _median(act: Callable[[], object], repeats: int) -> float:
    """Return the median milliseconds of a call."""
    return 1000 * statistics.median(time_call(act) for _ in range(repeats))
