"""Runs in a real browser: choose rows, label, filter, sort, delete, overlay, compare, average, and train several."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import psutil
import pytest
from playwright.sync_api import expect
from run_folders import copy_run, rewrite_answers
from server import end_training, wait_until_calm

from core.benchmarks.app import serve_app
from core.data import download_status
from core.evaluation.compare import compare, describe
from core.evaluation.report import load_predictions, load_report
from core.processes import mark_process
from core.runs import store
from core.runs.groups import group_runs, learning_curves
from dashboard.curves import name_run, read_curves
from dashboard.runs_charts import build_lines

pytestmark = pytest.mark.e2e
# The place of the rows in a table, in pixels: its head, then a row every 35.
HEAD, FIRST_ROW, ROW, TICK = 17, 52, 35, 16
TIMEOUT_MS, TRAINING_MS = 30_000, 240_000


@pytest.fixture(scope="module")
def place(tmp_path_factory, trained_small):
    """A home with six runs, two of them seeds of one setting, and the address of the app that shows it."""
    home = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(home))
        download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
    settings = {"zero": {"seed": 0}, "one": {"seed": 1}, "two": {"learning_rate": 0.01}, "three": {"train_size": 500}}
    for n, (name, changes) in enumerate(settings.items()):
        run = copy_run(trained_small, home, id=f"20260101-00000{n}-mlp-{name}", name=name, seed=changes.get("seed", 0))
        config = store.read_config(run).with_settings(changes)
        (run.path / "config.json").write_text(json.dumps(config.model_dump()))
        answers = load_predictions(run).probabilities.copy()
        answers[: 5 * n] = np.roll(answers[: 5 * n], 1, axis=1)
        rewrite_answers(run, answers)
    for n, (status, step) in enumerate({"failed": 3, "stopped": 20}.items(), start=len(settings)):
        run = copy_run(trained_small, home, id=f"20260101-00000{n}-mlp-{status}", name=status, status=status, step=step)
        store.update_record(run, test_correct=None, test_total=None, error="The loss is not finite at step 3.")
        for file in ("report.json", "test.npz"):
            (run.path / file).unlink()
    with serve_app(home / "server.log", DIGITS_HOME=str(home), DIGITS_OFFLINE="1") as address:
        yield home, address
    end_training(home)


@pytest.fixture(autouse=True)
def in_home(place, monkeypatch):
    """Let the test itself read the run folders of the page."""
    monkeypatch.setenv("DIGITS_HOME", str(place[0]))


@pytest.fixture
def open_runs(place, open_page):
    """Open Runs with something in its address, and wait until its table is drawn."""

    def open_one(query=""):
        page = open_page(f"{place[1]}/runs?{query}")
        expect(table_of(page)).to_be_visible()
        wait_until_calm(page)
        return page

    return open_one


def table_of(page, choice="runs"):
    return page.locator(f".st-key-{choice}-table canvas").first


def tick(page, place, choice="runs"):
    """Click the box of a row, counted from 0 as they stand."""
    canvas = table_of(page, choice)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + TICK, box["y"] + FIRST_ROW + ROW * place)


def find_place(name):
    """Return the row of a run in the table of all."""
    return next(place for place, entry in enumerate(store.list_runs()) if entry.record.name == name)


def find(name):
    return store.list_runs()[find_place(name)]


def read_column(page, title, choice="runs"):
    """Return what a column of a table holds, row by row, from the copy that the table keeps for those who listen."""
    grid = page.locator(f".st-key-{choice}-table canvas table")
    head = grid.locator("th").filter(has_text=re.compile(rf"^[↑↓ ]*{re.escape(title)}$"))
    place = head.get_attribute("aria-colindex")
    return grid.locator(f"td[aria-colindex='{place}']").all_inner_texts()


def link_to(*names):
    return "runs=" + ",".join(find(name).run.id for name in names)


def read_address(page, name):
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def expect_chosen(page, *names):
    expect(page).to_have_url(re.compile(re.escape("runs=" + "%2C".join(find(name).run.id for name in names)) + "(&|$)"))


def test_ticked_rows_are_in_the_address_and_outlive_a_reload(open_runs):
    page = open_runs()
    tick(page, find_place("zero"))
    expect_chosen(page, "zero")
    expect(page.locator(".st-key-chosen-run")).to_be_visible()
    tick(page, find_place("stopped"))
    expect_chosen(page, "zero", "stopped")
    expect(page.locator(".st-key-chosen-runs")).to_be_visible()
    page.reload()
    expect(page.locator(".st-key-chosen-runs")).to_be_visible()
    expect_chosen(page, "zero", "stopped")
    tick(page, find_place("zero"))
    expect_chosen(page, "stopped")


def test_the_table_says_how_good_each_run_is_and_where_they_differ(open_runs):
    page = open_runs()
    report = load_report(find("three").run)
    place = find_place("three")
    assert read_column(page, "Right")[place] == f"{report['correct']} of 360"
    assert read_column(page, "Status")[find_place("failed")] == "failed"
    assert float(read_column(page, "Test accuracy, %")[place]) == pytest.approx(100 * report["accuracy"])


def test_a_name_a_tag_and_a_note_are_kept(open_runs):
    page = open_runs(link_to("three"))
    notes = find("three").run.path / "notes.json"

    def is_kept(part, value):
        return notes.is_file() and json.loads(notes.read_text())[part] == value

    page.locator(".st-key-chosen-run-note textarea").fill("half the digits")
    page.locator(".st-key-chosen-run-note textarea").press("Control+Enter")
    wait_until(page, lambda: is_kept("note", "half the digits"))
    wait_until_calm(page)
    page.locator(".st-key-chosen-run-tags input").fill("small")
    page.locator(".st-key-chosen-run-tags input").press("Enter")
    wait_until(page, lambda: is_kept("tags", ["small"]))
    wait_until_calm(page)
    page.locator(".st-key-chosen-run-name input").fill("a few digits")
    page.locator(".st-key-chosen-run-name input").press("Enter")
    wait_until(page, lambda: is_kept("name", "a few digits"))
    wait_until_calm(page)
    page.reload()
    expect(page.locator(".st-key-chosen-run-name input")).to_have_value("a few digits")
    expect(page.locator(".st-key-chosen-run-note textarea")).to_have_value("half the digits")
    expect(page.locator(".st-key-chosen-run-tags")).to_contain_text("small")
    store.write_notes(find("a few digits").run, name="three")


def wait_until(page, condition, timeout_ms=TIMEOUT_MS):
    """Wait for something on the disk, or in a table."""
    for _ in range(timeout_ms // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen in time")


def test_what_is_typed_while_the_page_keeps_another_label_is_not_lost(open_runs):
    page = open_runs(link_to("one"))
    page.locator(".st-key-chosen-run-note textarea").fill("one of two seeds")
    # Leaving the note stores it, and the page is drawn again while the tag is being typed.
    page.locator(".st-key-chosen-run-tags input").click()
    page.keyboard.type("quickly", delay=60)
    wait_until_calm(page)
    expect(page.locator(".st-key-chosen-run-tags input")).to_have_value("quickly")
    assert find("one").record.note == "one of two seeds"
    store.write_notes(find("one").run, note="")


def test_filters_narrow_the_table_and_stay_in_the_address(open_runs):
    page = open_runs(link_to("failed"))
    page.get_by_placeholder("name, recipe, tag, note or id").fill("two")
    page.get_by_placeholder("name, recipe, tag, note or id").press("Enter")
    expect(page.get_by_text(f"1 of {len(store.list_runs())} runs")).to_be_visible()
    expect_chosen(page, "failed")
    assert read_address(page, "find") == "two"
    page.reload()
    expect(page.get_by_text(f"1 of {len(store.list_runs())} runs")).to_be_visible()
    wait_until_calm(page)
    tick(page, 0)
    expect_chosen(page, "failed", "two")


def test_a_status_is_filtered_by_its_word(open_runs):
    page = open_runs()
    page.locator(".st-key-runs-more-filters button").first.click()
    page.get_by_test_id("stMultiSelect").filter(has_text="Status").locator("input").click()
    page.get_by_role("option", name="stopped").click()
    expect(page.get_by_text(f"1 of {len(store.list_runs())} runs")).to_be_visible()
    assert read_address(page, "states") == "stopped"


def test_sorting_by_a_head_does_not_move_the_choice(open_runs):
    page = open_runs(link_to("zero"))
    by_time = read_column(page, "Name")
    box = table_of(page).bounding_box()
    page.mouse.click(box["x"] + 90, box["y"] + HEAD)
    wait_until(page, lambda: read_column(page, "Name") == sorted(by_time))
    assert by_time != sorted(by_time)
    expect_chosen(page, "zero")
    tick(page, sorted(by_time).index(name_run(find("two").record)))
    expect_chosen(page, "zero", "two")


def test_a_run_is_deleted_after_a_question_that_names_it(place, trained_small, open_runs):
    doomed = copy_run(trained_small, place[0], id="20260102-000000-mlp-doomed", name="doomed")
    page = open_runs(link_to("doomed", "zero"))
    tick(page, find_place("zero"))
    expect_chosen(page, "doomed")
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This run is deleted for good")
    expect(dialog).to_contain_text(name_run(find("doomed").record))
    assert doomed.path.is_dir()
    dialog.get_by_role("button", name="Delete it").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Deleted 1 run.")).to_be_visible()
    assert not doomed.path.exists()
    expect(page).not_to_have_url(re.compile("runs="))
    expect(page.get_by_text(f"{len(store.list_runs())} runs", exact=True)).to_be_visible()


def test_a_running_run_is_not_deleted(place, trained_small, open_runs):
    me = psutil.Process()
    alive = {"pid": me.pid, "process": mark_process(), "heartbeat": store.now()}
    run = copy_run(
        trained_small, place[0], id="20260103-000000-mlp-busy", name="busy", status="running", phase="training", **alive
    )
    page = open_runs(link_to("busy"))
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("stays: it is training; stop it on Train first.")
    expect(dialog.get_by_role("button", name="Delete it")).to_have_count(0)
    assert run.path.is_dir()
    page.context.close()
    store.update_record(run, status="stopped")
    store.delete_run(run)


@pytest.mark.parametrize("axis", ["step", "epoch", "time"])
def test_curves_of_two_runs_lie_over_one_another(open_runs, axis):
    page = open_runs(link_to("zero", "two"))
    page.locator(".st-key-runs-curves-controls").get_by_text(axis, exact=True).click()
    key = "train_seconds" if axis == "time" else axis
    names = {name: name_run(find(name).record) for name in ("zero", "two")}
    for quantity in ("accuracy", "loss"):
        lines = [
            line
            for name, legend in names.items()
            for line in build_lines(legend, "blue", read_curves(find(name).run), quantity, key, "both")
        ]
        chart = page.locator(f".st-key-runs_{quantity} [data-points]")
        expect(chart).to_have_attribute("data-points", str(sum(len(line.x) for line in lines)))
        legend = chart.locator("button[data-name]")
        expect(legend).to_have_count(4)
        assert legend.evaluate_all("all => all.map((one) => one.dataset.name)") == [line.name for line in lines]
    chart.scroll_into_view_if_needed()
    box = chart.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    title = {"step": "Step", "epoch": "Epoch", "time": "Seconds of training"}[axis]
    expect(chart.locator(".tip")).to_contain_text(title)
    expect(chart.locator(".tip")).to_contain_text(names["two"])


def test_two_runs_are_compared_on_evaluate(open_runs):
    page = open_runs(link_to("zero", "three"))
    page.get_by_role("link", name="Compare the two").click()
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()
    zero, three = find("zero"), find("three")
    outcome = compare(load_predictions(zero.run), load_predictions(three.run))
    expect(page.get_by_text(describe(outcome, name_run(zero.record), name_run(three.record)))).to_be_visible()
    assert (read_address(page, "run"), read_address(page, "second")) == (zero.run.id, three.run.id)
    assert read_address(page, "view") == "compare"


def test_an_ensemble_is_made_and_opens_as_a_run(open_runs):
    before = {entry.run.id for entry in store.list_runs()}
    page = open_runs(link_to("zero", "two"))
    page.locator(".st-key-make-an-ensemble button").first.click()
    page.get_by_label("Name of the ensemble").fill("both of them")
    page.get_by_role("button", name="Make an ensemble of 2 runs").click()
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()
    expect(page.get_by_text("their probabilities averaged")).to_be_visible()
    [made] = [entry for entry in store.list_runs() if entry.run.id not in before]
    assert made.record.name == "both of them"
    assert made.record.members == [find("zero").run.id, find("two").run.id]
    assert read_address(page, "run") == made.run.id
    answers = [load_predictions(find(name).run).probabilities for name in ("zero", "two")]
    n_right = int((np.mean(answers, axis=0).argmax(1) == load_predictions(made.run).labels).sum())
    expect(page.get_by_text(f"{n_right} of 360")).to_be_visible()


def test_a_run_is_duplicated_into_the_form_of_train(open_runs):
    page = open_runs(link_to("two"))
    page.get_by_role("link", name="Duplicate into Train").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.get_by_text(f"Settings of {name_run(find('two').record)}.")).to_be_visible()
    expect(page.get_by_text("Changed:")).to_contain_text("0.01")
    assert read_address(page, "from") == find("two").run.id


def test_seeds_are_put_together_as_mean_and_band(open_runs):
    page = open_runs()
    page.get_by_text("Seeds together", exact=True).click()
    expect(table_of(page, "groups")).to_be_visible()
    wait_until_calm(page)
    groups = group_runs(store.list_runs())
    [place] = [place for place, group in enumerate(groups) if group.n == 2]
    assert read_column(page, "Seeds", "groups")[place] == "2"
    assert float(read_column(page, "Mean test accuracy, %", "groups")[place]) == pytest.approx(100 * groups[place].mean)
    assert float(read_column(page, "± sd", "groups")[place]) == pytest.approx(100 * groups[place].sd)
    tick(page, place, "groups")
    expect(page.get_by_role("figure", name=re.compile(r"\(n = 2\) \(2 runs\)")).first).to_be_visible()


def test_training_sizes_make_a_learning_curve(open_runs, place, open_page):
    [curve] = learning_curves(group_runs(store.list_runs()))
    page = open_page(f"{place[1]}/runs?view=sizes")
    chart = page.locator(".st-key-learning_curves")
    expect(chart.locator("path.point")).to_have_count(len(curve.sizes))
    expect(page.get_by_role("figure", name=re.compile(re.escape(curve.title)))).to_be_visible()


def test_settings_stand_beside_the_results_as_parallel_coordinates(open_runs):
    page = open_runs()
    page.get_by_text("Parallel coordinates: settings beside results").click()
    chart = page.locator(".st-key-parallel .parcoords")
    expect(chart.get_by_text("Test accuracy", exact=True)).to_be_visible()
    expect(chart.get_by_text("Learning rate", exact=True)).to_be_visible()


def test_two_seeds_are_trained_in_one_go(place, open_page):
    before = {entry.run.id for entry in store.list_runs()}
    page = open_page(f"{place[1]}/train?from={find('zero').run.id}")
    expect(page.get_by_text("Settings of ")).to_be_visible()
    wait_until_calm(page)
    page.get_by_role("button", name="Several runs").click()
    page.get_by_label("Seeds", exact=True).fill("2")
    page.get_by_label("Seeds", exact=True).press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start 2 runs").click()

    def list_new():
        return [entry for entry in store.list_runs() if entry.run.id not in before]

    expect(page.get_by_text("Test accuracy").first).to_be_visible(timeout=TRAINING_MS)
    wait_until(page, lambda: [entry.state for entry in list_new()] == ["completed", "completed"], TRAINING_MS)
    [group] = group_runs(list_new())
    assert group.n == 2
    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.get_by_text("Seeds together", exact=True).click()
    expect(table_of(page, "groups")).to_be_visible()
    wait_until_calm(page)
    place_of_group = [one.entries for one in group_runs(store.list_runs())].index(group.entries)
    assert read_column(page, "Seeds", "groups")[place_of_group] == "2"
    assert float(read_column(page, "± sd", "groups")[place_of_group]) == pytest.approx(100 * group.sd)
    tick(page, place_of_group, "groups")
    # One trace is the band, the other the mean in it.
    chart = page.locator(".st-key-groups_accuracy .scatterlayer")
    expect(chart.locator(".trace")).to_have_count(2)
    expect(chart.locator(".js-fill")).to_have_count(1)
