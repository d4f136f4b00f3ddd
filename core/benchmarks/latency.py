"""How long a person who draws waits for the answer, and what of it the canvas, the server and the screen take."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.benchmarks.app import open_browser, serve_app
from core.benchmarks.machine import describe_machine
from core.benchmarks.strokes import list_drawings, open_sheet, time_strokes
from core.data.hands import make_drawings
from core.evaluation.judge import read_drawing
from core.evaluation.predict import load_classifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.benchmarks.strokes import StrokeTime
    from core.evaluation.predict import Classifier
    from core.runs.store import Run

GOALS = {"stroke_to_answer_ms_p95": 300.0}
_SIZE = {"width": 1280, "height": 800}
_LIMIT_MS = 60_000
# Of the time that reading alone takes.
_PICTURES = 50


def measure_latency(
    run: Run, strokes: int = 100, on_progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Draw recorded strokes of all ten digits in Chromium, each timed from the mouse's release to its answer.

    Args:
        run: what reads.
        strokes: how many, beside five that are not counted.
        on_progress: told what is measured next.

    Returns:
        {machine, figures: {name: value}, goals: {name: value}}. `stroke_to_answer_ms` is the whole; `until_sent_ms`
        the canvas's own wait, `until_received_ms` the server's work besides, and the rest is the browser's drawing.

    Raises:
        CoreError: if Chromium is missing, the run has no weights, or the page does not answer.
    """
    classifier = load_classifier(run)
    with (
        tempfile.TemporaryDirectory(prefix="digits-benchmark-") as folder,
        serve_app(Path(folder) / "server.log") as address,
        open_browser() as browser,
    ):
        page = browser.new_context(viewport=_SIZE).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(_LIMIT_MS)
        open_sheet(page, address, run)
        time_strokes(page, list_drawings(5))  # everything is loaded by then
        on_progress(f"{strokes} strokes")
        times = time_strokes(page, list_drawings(strokes))
    on_progress("reading alone")
    figures = summarize_times(times)
    pictures = [drawing.picture for drawing, _ in zip(make_drawings("test"), range(_PICTURES), strict=False)]
    figures["reading_alone_ms_p50"] = round(float(np.median([_time_reading(classifier, one) for one in pictures])), 1)
    return {"machine": describe_machine(), "figures": figures, "goals": GOALS}


def summarize_times(times: list[StrokeTime]) -> dict[str, float]:
    """Return the figures of some strokes, at least one, by name."""
    answer = [one.answer_ms for one in times]
    figures = {
        "stroke_to_answer_ms_p50": np.percentile(answer, 50),
        "stroke_to_answer_ms_p95": np.percentile(answer, 95),
        "stroke_to_answer_ms_max": max(answer),
        "until_sent_ms_p50": np.median([one.sent_ms for one in times]),
        "until_received_ms_p50": np.median([one.received_ms for one in times]),
        "sent_kb_p50": np.median([one.sent_kb for one in times]),
        "received_kb_p50": np.median([one.received_kb for one in times]),
        "answers_while_drawing_mean": np.mean([one.while_drawing for one in times]),
    }
    return {name: round(float(value), 1) for name, value in figures.items()}


def _time_reading(classifier: Classifier, picture: np.ndarray) -> float:
    """Return the milliseconds that it takes to read a drawing (h, w) uint8, and nothing else."""
    before = time.perf_counter()
    read_drawing(classifier, picture)
    return 1000 * (time.perf_counter() - before)
