"""Strokes drawn on the Draw page with the mouse, and when each one's answer is on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from core.data.forms import list_forms
from core.data.hands import HANDS, make_hand, trace_form
from core.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from playwright.sync_api import Page

    from core.runs.store import Run

# Beyond the fifth of a second that the canvas waits before it sends.
_CALM_MS = 600
_LIMIT_MS = 30_000
# Every message of the page's socket with its time, and every change of the answer, both on the clock of the events.
_WATCH = """
window.traffic = [];
window.answers = [];
window.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all);
    this.addEventListener('message', (event) => note(event.data, false));
  }
  send(data) {
    note(data, true);
    super.send(data);
  }
};
const note = (data, isSent) => {
  traffic.push({ at: performance.now(), bytes: data.size ?? data.byteLength ?? data.length, isSent });
};
let answer = '';
const look = () => {
  const now = document.querySelector('.reading')?.innerHTML ?? '';
  if (now !== answer) answers.push(performance.now());
  answer = now;
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
addEventListener('mouseup', (event) => { window.released = event.timeStamp; }, true);
"""
_FORGET = "() => { traffic.length = answers.length = 0; window.released = Infinity; }"
_WAIT = """
() => {
  const last = traffic.at(-1);
  const isAtRest = document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]');
  // On a busy machine the server is silent for long; but what was sent it always answers.
  return isAtRest && last && !last.isSent && performance.now() - Math.max(released, last.at) > %d;
}
"""
_COUNT = """
() => {
  const shown = answers.at(-1) ?? NaN;
  const received = traffic.filter((one) => !one.isSent && one.at <= shown);
  const last = received.at(-1)?.at ?? NaN;
  const sent = traffic.filter((one) => one.isSent && one.at <= last);
  const since = (at) => Math.max(0, at - released);
  const size = (list) => list.reduce((sum, one) => sum + one.bytes, 0) / 1000;
  return {
    answer_ms: since(shown),
    sent_ms: since(sent.at(-1)?.at ?? NaN),
    received_ms: since(last),
    sent_kb: size(traffic.filter((one) => one.isSent)),
    received_kb: size(traffic.filter((one) => !one.isSent)),
    while_drawing: answers.filter((at) => at < released).length,
  };
}
"""


@dataclass(frozen=True)
class StrokeTime:
    """What happened from the mouse's release on; times in milliseconds since then, 0 for what was before.

    Attributes:
        answer_ms: until the first frame that shows the final answer.
        sent_ms: until the page had sent what that answer is to.
        received_ms: until the last message before that frame had arrived.
        sent_kb: all that the page sent for this stroke, in kilobytes.
        received_kb: all that it received.
        while_drawing: answers on the screen before the release.
    """

    answer_ms: float
    sent_ms: float
    received_ms: float
    sent_kb: float
    received_kb: float
    while_drawing: int


def open_sheet(page: Page, address: str, run: Run) -> None:
    """Open Draw on an empty sheet, in a page that from now on keeps the times that `time_strokes` asks for."""
    page.add_init_script(_WATCH)
    page.goto(f"{address}/draw?run={run.id}")
    page.locator(".reading .nothing").wait_for()
    page.wait_for_timeout(_CALM_MS)


def list_drawings(strokes: int) -> list[list[np.ndarray]]:
    """Return recorded drawings of all ten digits, of so many strokes in all, each (n, 2) in pixels of the sheet."""
    drawings: list[list[np.ndarray]] = []
    left = strokes
    for drawing in _write_all():
        drawings.append(drawing[:left])
        left -= len(drawings[-1])
        if not left:
            break
    return drawings


def _write_all() -> Iterator[list[np.ndarray]]:
    """Write one digit after another, each by another hand and in the next of its forms; for as long as is asked."""
    hands = [make_hand(number) for number in HANDS["test"]]
    by_digit = [[form for form in list_forms("test") if form.digit == digit] for digit in range(10)]
    number = 0
    while True:
        forms = by_digit[number % 10]
        yield trace_form(forms[number // 10 % len(forms)], hands[(number + number // len(hands)) % len(hands)])[0]
        number += 1


def time_strokes(page: Page, drawings: list[list[np.ndarray]]) -> list[StrokeTime]:
    """Draw on the sheet of an open Draw page, clearing it after each drawing, and time every stroke.

    Raises:
        CoreError: if the page has no sheet, or a stroke changes no answer.
    """
    times = []
    for strokes in drawings:
        for stroke in strokes:
            page.evaluate(_FORGET)
            draw_stroke(page, stroke)
            times.append(_read_time(page))
        page.get_by_role("button", name="Clear").click()
        page.locator(".reading .nothing").wait_for()
        page.wait_for_timeout(_CALM_MS)
    return times


def draw_stroke(page: Page, stroke: np.ndarray, points_per_move: int = 6) -> None:
    """Draw with the mouse on the sheet of an open Draw page.

    Args:
        page: in the browser.
        stroke: (n, 2) pixels x, y of the sheet, a pixel or less apart.
        points_per_move: how many of them the mouse passes at once; 6 is about as fast as a person draws.

    Raises:
        CoreError: if the page has no sheet.
    """
    sheet = page.locator("canvas.upper-canvas").bounding_box()
    if sheet is None:
        raise CoreError("The canvas of the Draw page is not on the screen; look at the page.")
    points = [(sheet["x"] + float(x), sheet["y"] + float(y)) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in (*islice(points, points_per_move, None, points_per_move), points[-1]):
        page.mouse.move(*point)
    page.mouse.up()


def _read_time(page: Page) -> StrokeTime:
    page.wait_for_function(_WAIT % _CALM_MS, polling=50, timeout=_LIMIT_MS)
    if not page.evaluate("answers.length"):
        raise CoreError("A stroke on the Draw page changed no answer; look at the page.")
    return StrokeTime(**page.evaluate(_COUNT))
