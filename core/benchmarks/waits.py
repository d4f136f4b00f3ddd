"""Waits as the browser sees them: from an event, or a navigation, to the first frame that shows what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

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
LIMIT_MS = 60_000
SIZE = {"width": 1280, "height": 800}
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
AT_REST = "document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')"
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


def add_page(context: BrowserContext) -> Page:
    """Open a tab that can look into components."""
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.add_init_script(_FIND)
    return page


def visit(page: Page, title: str) -> float:
    """Go to a page by the navigation; return the milliseconds from the click until it is drawn and its script ended."""
    heading = "Digits workbench" if title == "Home" else title
    shown = f"document.querySelector('h1')?.textContent === '{heading}' && {AT_REST}"
    link = page.get_by_test_id("stTopNavLink").filter(has_text=title)
    return time_event(page, "pointerdown", shown, link.click)


def open_page(page: Page, address: str) -> None:
    """Load an address, and wait until it is drawn and has come to rest."""
    page.goto(address)
    wait_until_drawn(page)
    page.wait_for_timeout(1000)


def wait_until_drawn(page: Page) -> None:
    """Wait until a page is drawn and its script has ended."""
    wait_for(page, f"document.querySelector('h1') && {AT_REST}")


def wait_for(page: Page, condition: str) -> None:
    """Wait until a condition in JavaScript holds."""
    page.wait_for_function(f"() => Boolean({condition})", polling="raf", timeout=LIMIT_MS)


def time_event(page: Page, event: str, condition: str, act: Callable[[], object]) -> float:
    """Return the milliseconds from an event that `act` causes to the first frame in which `condition` holds."""
    page.evaluate(_WATCH % (event, condition))
    act()
    try:
        return float(page.evaluate(f"Promise.race([waiting, new Promise((_, no) => setTimeout(no, {LIMIT_MS}))])"))
    except Exception as error:
        raise CoreError(f"The page did not come to show what was asked for ({condition}).") from error
