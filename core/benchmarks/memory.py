"""How much memory the server takes: when it starts, with three runs open, and after many more visits."""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from core.benchmarks.app import open_browser, serve_app
from core.benchmarks.home import open_home
from core.benchmarks.machine import describe_machine
from core.benchmarks.waits import PAGES, add_page, open_page, visit
from core.errors import CoreError
from core.recipes import get_recipe
from core.runs import store
from core.train import train_run

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 3
# What is looked at of each run; each in a tab of its own that stays open.
VIEWS = ("evaluate", "errors", "draw", "train")
GOALS = {"three_runs_mb": 900.0, "growth_after_visits": 0.1}


def measure_memory(visits: int = 100, on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Open three runs of `sprint` on four pages each, in as many tabs, then go through all pages again and again.

    Args:
        visits: to further pages, after the three runs are open.
        on_progress: told what is measured next.

    Returns:
        {machine, figures: {name: value}, goals: {name: value}}; `_mb` are megabytes resident, `_own_mb` those of them
        that no other process shares, `growth_after_visits` is a fraction of what three runs take.

    Raises:
        CoreError: if Chromium or MNIST is missing, or a page does not show what it should.
    """
    with open_home() as home, open_browser() as browser:
        on_progress("training three runs to look at")
        runs = []
        for seed in range(RUNS):
            runs.append(store.create_run(get_recipe("sprint").config.with_settings({"seed": seed}), "sprint"))
            train_run(runs[-1])
        gc.collect()
        with serve_app(home / "server.log") as address:
            figures = {"start_mb": _read_server_mb()[0]}
            context = browser.new_context()
            for run in runs:
                on_progress(f"{run.id} on {len(VIEWS)} pages")
                for view in VIEWS:
                    open_page(add_page(context), f"{address}/{view}?run={run.id}")
            figures["three_runs_mb"], figures["three_runs_own_mb"] = _read_server_mb()
            on_progress(f"{visits} visits")
            page = context.pages[0]
            titles = list(PAGES)
            for number in range(visits):
                visit(page, titles[number % len(titles)])
            figures["after_visits_mb"], _ = _read_server_mb()
    figures["growth_after_visits"] = figures["after_visits_mb"] / figures["three_runs_mb"] - 1
    return {"machine": describe_machine(), "figures": figures, "goals": GOALS}


def _read_server_mb() -> tuple[float, float]:
    """Return the megabytes resident of the server that this process has started, and those of them that are its alone.

    The rest is mostly PyTorch's libraries, read from the disk and shared with whatever else uses them.
    """
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "streamlit" in child.cmdline():
                family = [child, *child.children(recursive=True)]
                found = [one.memory_full_info() for one in family]
                return sum(one.rss for one in found) / 1e6, sum(one.uss for one in found) / 1e6
    raise CoreError("The server has ended before it was measured; its log says why.")
