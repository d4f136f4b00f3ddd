"""Home over real runs in every state: what it says, where its links lead, and what it must not wait for."""

import json
import os
import subprocess
import sys
import time

import pytest
from app_pages import HOME_PAGE, read_sheet
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core.runs import jobs, store
from dashboard.layout import escape

pytestmark = pytest.mark.usefixtures("no_download")
OPEN_WITHOUT_TORCH = """
import sys
from streamlit.testing.v1 import AppTest

at = AppTest.from_file(sys.argv[1], default_timeout=30).run()
assert not at.exception
assert at.title[0].value == "Digits workbench"
print([name for name in ("torch", "torchvision", "sklearn.metrics") if name in sys.modules])
"""


def open_home():
    at = AppTest.from_file(HOME_PAGE, default_timeout=30).run()
    assert not at.exception
    return at


def list_links(at):
    """Return page and query of each link by its words."""
    links = [one.proto for one in at.get("page_link")]
    return {link.label.replace(":blue[**", "").replace("**]", ""): (link.page, link.query_string) for link in links}


def test_a_newcomer_finds_every_page_and_one_button_to_start(home):
    at = open_home()
    links = list_links(at)
    assert [page for page, _ in links.values()] == ["data", "train", "evaluate", "errors", "draw"]
    assert "Browse the digits" in links
    [button] = [one for one in at.button if one.key != "retry_download"]
    assert button.label == "Train your first network"
    assert any(caption.value.startswith("None yet.") for caption in at.caption)


def test_without_mnist_it_says_why_and_shows_the_bundled_digits(home):
    at = open_home()
    assert "There is no network." in at.warning[0].value
    assert at.button(key="retry_download").label == "Retry the download"
    assert any(one.value == "scikit-learn digits: 1,797 digits. Click one to see it closely." for one in at.caption)


def test_with_mnist_one_calm_line_says_so(mnist_home, mnist):
    at = open_home()
    assert not at.warning
    assert any(one.value == "MNIST: 70,000 digits, checked. Click one to see it closely." for one in at.caption)
    tiles = read_sheet(at)["tiles"]
    assert [tile["text"] for tile in tiles] == [str(label) for label in mnist.train.labels[: len(tiles)]]


def test_each_run_shows_its_result_and_leads_to_the_page_that_shows_more(runs_in_every_state):
    for state, run in runs_in_every_state.items():
        store.update_record(run, name=f"the {state} one")
    report = json.loads((runs_in_every_state["completed"].path / "report.json").read_text())
    at = open_home()
    links = list_links(at)
    texts = "\n".join(one.value for one in at.markdown)
    for state, run in runs_in_every_state.items():
        page = "train" if state in ("running", "queued") else "evaluate"
        assert links[f"the {state} one"] == (page, f"run={run.id}")
    low, high = (f"{100 * bound:.2f}" for bound in report["interval"])
    assert f"{100 * report['accuracy']:.2f} % ({report['correct']} of 360) [{low}–{high}]" in texts
    total = store.read_record(runs_in_every_state["running"]).total_steps
    for words in (
        f"training, step 20 of {total}",
        f"stopped, step 20 of {total}",
        ":orange[failed]: The loss is not finite at step 3.",
        "waiting · bundled digits",
        "lost, step",
    ):
        assert words in texts


def test_newest_runs_come_first_and_older_ones_are_counted(home, trained_small):
    for number in range(10):
        copy_run(trained_small, home, id=f"20260101-0000{number:02d}-mlp-many", name=f"number {number}")
    at = open_home()
    links = [name for name in list_links(at) if name.startswith("number")]
    assert links == [f"number {n}" for n in range(9, 1, -1)]
    [older] = [one.proto for one in at.get("page_link") if "And 2 older ones" in one.proto.label]
    assert older.page == "runs"


def test_a_name_is_shown_as_it_was_written(finished_run):
    store.update_record(finished_run, name="a_b] *c* :red[d]")
    [label] = [name for name in list_links(open_home()) if name.startswith("a")]
    assert label == r"a\_b\] \*c\* \:red\[d\]"


def test_an_unreadable_run_is_named_with_the_reason(finished_run):
    (finished_run.path / "run.json").write_text("{")
    at = open_home()
    assert any(finished_run.id in caption.value and "run.json" in caption.value for caption in at.caption)


def test_a_click_on_a_digit_opens_it_on_its_page(home):
    at = open_home()
    at.session_state["home_sample"] = {"clicked": 3}
    at.run()
    assert not at.exception
    assert at.title[0].value == "Data"
    assert "training digit number 3 " in " ".join(one.value for one in at.caption)


def test_the_button_trains_sprint_and_goes_to_its_curves(home):
    at = open_home()
    at.button(key="train_sprint").click().run()
    assert at.title[0].value == "Train"
    [entry] = store.list_runs()
    assert (entry.record.recipe, entry.record.dataset) == ("sprint", "sklearn-digits")
    assert at.session_state["chosen_run"] == entry.run.id
    if store.read_entry(entry.run).state in ("queued", "running"):
        jobs.stop_run(entry.run)
    end = time.monotonic() + 120
    while store.read_entry(entry.run).state in ("queued", "running"):
        assert time.monotonic() < end, "the training process did not end"
        time.sleep(0.1)


def test_a_wrong_setting_of_the_machine_is_said_and_nothing_is_started(home, monkeypatch):
    monkeypatch.setenv("DIGITS_PARALLEL", "many")
    at = open_home()
    at.button(key="train_sprint").click().run()
    assert escape("DIGITS_PARALLEL is 'many'") in at.error[0].value
    assert store.list_runs() == []


def test_the_first_screen_does_not_wait_for_torch(runs_in_every_state):
    done = subprocess.run(
        [sys.executable, "-c", OPEN_WITHOUT_TORCH, str(HOME_PAGE)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
