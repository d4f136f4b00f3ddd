"""What a person or a file calls a run is shown as it stands, on every page and in the report, never as markup."""

import json
import os
import subprocess
import sys

import pytest
from names import PAYLOADS
from playwright.sync_api import expect
from run_folders import copy_run

from core.benchmarks.app import serve_app
from core.runs import store

pytestmark = pytest.mark.e2e
PAGES = {
    "home": "/",
    "train": "/train?run={run}",
    "runs": "/runs?runs={run}",
    "several runs": "/runs?runs={run},{other}",
    "seeds": "/runs?view=seeds",
    "evaluate": "/evaluate?run={run}",
    "compare": "/evaluate?run={run}&second={other}&view=compare",
    "errors": "/errors?run={run}",
    "draw": "/draw?run={run}",
    "drawings": "/drawings?run={run}",
    "data": "/data?dataset=scikit-learn+digits&order=least+probable+truth&run={run}",
}
# All that a renderer could take up, in two names; Home shows the others as well.
LONG_NAMES = ["  ".join(PAYLOADS[:4]), "  ".join(PAYLOADS[4:8])]
# What would be there if a payload had been taken for markup.
FIND_MARKUP = """() => {
    const found = [];
    for (const one of document.querySelectorAll("*")) {
        const text = one.textContent.trim();
        const address = one.getAttribute("href") ?? one.getAttribute("src") ?? one.getAttribute("xlink:href") ?? "";
        if (/^javascript:|evil\\.example|^mailto:/i.test(address)) found.push(one.outerHTML.slice(0, 200));
        if (one.hasAttribute("onerror") || one.hasAttribute("onmouseover")) found.push(one.outerHTML.slice(0, 200));
        if (/^(bold[123]|struck|code4|coloured|badge|up)$/.test(text)
            && /^(B|STRONG|EM|DEL|S|CODE|SUP|SPAN|TSPAN)$/i.test(one.tagName)) found.push(one.outerHTML.slice(0, 200));
        if (one.classList.contains("katex")) found.push(one.outerHTML.slice(0, 200));
        if (one.dataset?.testid === "stIconMaterial" && text === "delete") found.push(one.outerHTML.slice(0, 200));
        if (one.tagName === "IMG" && one.getAttribute("src") === "x") found.push(one.outerHTML.slice(0, 200));
    }
    return found;
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory, trained_small):
    """The app with a run for each payload, which stands in all that can be called something, and one that failed."""
    home = tmp_path_factory.mktemp("names")
    runs = []
    for number, name in enumerate([*LONG_NAMES, *PAYLOADS]):
        run = copy_run(trained_small, home, id=f"20260101-0000{number:02}-mlp-name", name=name, error=name)
        notes = {"version": 1, "name": name, "tags": PAYLOADS[number : number + 4], "note": "\n".join(PAYLOADS)}
        (run.path / "notes.json").write_text(json.dumps(notes))
        runs.append(run)
    for number, payload in enumerate(PAYLOADS[:8]):
        run = copy_run(trained_small, home, id=f"20260102-0000{number:02}-mlp-fail", recipe=payload, error=payload)
        store.update_record(run, status="failed", name="")
        (run.path / "report.json").unlink()
    with serve_app(home / "server.log", DIGITS_HOME=str(home), DIGITS_OFFLINE="1") as address:
        yield home, address, runs


@pytest.mark.parametrize("page_name", PAGES)
def test_a_page_shows_names_as_they_stand(place, open_page, page_name):
    _, address, runs = place
    alerts, markup = [], []
    page = None
    # Where one is chosen, one after the other; the rest of the pages show all at once.
    chosen = runs[:1] if page_name in ("home", "seeds") else runs[:2]
    for number, run in enumerate(chosen):
        other = runs[1 - number]
        target = address + PAGES[page_name].format(run=run.id, other=other.id)
        if page is None:
            page = open_page(target)
            page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        else:
            page.goto(target)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
        markup += page.evaluate(FIND_MARKUP)
        # Else another run's name would have been looked at.
        expect(page.get_by_text("has nothing to show")).to_have_count(0)
    assert alerts == []
    assert markup == []
    if page_name == "home":
        expect(page.get_by_text(PAYLOADS[0]).first).to_be_visible()


def test_the_report_shows_names_as_they_stand(place, open_page, tmp_path):
    home, _, runs = place
    environment = {**os.environ, "DIGITS_HOME": str(home), "DIGITS_OFFLINE": "1"}
    for number in (0, 1):
        file = tmp_path / f"{number}.html"
        command = [sys.executable, "-m", "core", "report", runs[number].id, "--output", str(file)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        page = open_page(file.as_uri())
        alerts = []
        page.on("dialog", lambda dialog, alerts=alerts: (alerts.append(dialog.message), dialog.dismiss()))
        expect(page.locator("h1")).to_have_text(" ".join(LONG_NAMES[number].split()))
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        assert page.evaluate(FIND_MARKUP) == []
        assert alerts == []
