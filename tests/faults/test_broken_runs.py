"""Run folders that are damaged, foreign, of other versions or full of links: named with the reason, all else works."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from run_folders import copy_run
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

from core.config import TrainConfig
from core.data.datasets import load
from core.errors import CheckpointError, ConfigError, RunError
from core.evaluation.predict import load_classifier
from core.evaluation.report import evaluate_run, load_report
from core.runs import history, store
from core.runs.versions import RECORD_VERSION, migrate_record
from core.train import train_run
from core.training.state import build_state, restore_state

ROOT = Path(__file__).parents[2]
VIEWS = ("home", "train", "recipes", "runs", "evaluate", "errors", "draw")
# As the program wrote it before a process had a mark.
FIRST_VERSION = json.loads((Path(__file__).parent / "run_version_1.json").read_text())


def open_view(view, **query):
    at = AppTest.from_file(ROOT / "dashboard" / "Home.py", default_timeout=90).switch_page(f"views/{view}.py")
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, (view, at.exception)
    return at


def change_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


DAMAGES = {
    "empty": ("", "cannot be read"),
    "truncated": ('{"version": 2, "id": "x", "rec', "cannot be read"),
    "bytes": ("\udcff\udcfe", "cannot be read"),
    "list": ("[1, 2]", "damaged at 'run.json'"),
    "number": ("7", "damaged at 'run.json'"),
    "nested": ("[" * 100_000, "nested too deeply"),
    "half a character": ('{"name": "\\ud800"}', "cannot be read"),
    "infinite": ({"train_seconds": float("inf")}, "damaged at 'train_seconds'"),
    "not a number": ({"validation_accuracy": float("nan")}, "damaged at 'validation_accuracy'"),
    "more than all": ({"validation_accuracy": 7.5}, "damaged at 'validation_accuracy'"),
    "more right than there are": ({"test_correct": 999}, "more digits right than there are"),
    "vast": ({"parameters": 10**30}, "damaged at 'parameters'"),
    "negative": ({"step": -1}, "damaged at 'step'"),
    "before time": ({"created": "0001-01-01T00:00:00+23:59"}, "damaged at 'created'"),
    "a later version": ({"version": RECORD_VERSION + 1}, "update it"),
    "no version": ({"version": "two"}, "damaged at 'version'"),
    "a member elsewhere": ({"members": ["../../etc"]}, "no run's id"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_named_with_the_reason(finished_run, home, damage):
    other = copy_run(finished_run, home, id="20260101-000000-mlp-fine")
    content, words = DAMAGES[damage]
    path = finished_run.path / "run.json"
    if isinstance(content, str):
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    else:
        change_json(path, **content)
    entries = {entry.run.id: entry for entry in store.list_runs()}
    assert words in entries[finished_run.id].problem
    assert str(finished_run.path / "run.json") in entries[finished_run.id].problem
    assert (entries[finished_run.id].record, entries[finished_run.id].state) == (None, None)
    assert entries[other.id].state == "completed"


@pytest.fixture
def zoo(home, trained_small, tmp_path):
    """A home with one good run among everything that may lie there."""
    good = copy_run(trained_small, home, id="20260101-000000-mlp-good", name="the good one")
    runs = home / "runs"
    for number, (content, _) in enumerate(DAMAGES.values()):
        run = copy_run(trained_small, home, id=f"20270101-{number:06}-mlp-torn")
        if isinstance(content, str):
            (run.path / "run.json").write_bytes(content.encode("utf-8", "surrogateescape"))
        else:
            change_json(run.path / "run.json", **content)
    (runs / "holiday-pictures").mkdir()
    (runs / "holiday-pictures" / "beach.jpg").write_bytes(b"\xff\xd8")
    (runs / "notes.txt").write_text("not a folder")
    (runs / "a-pipe").mkdir()
    os.mkfifo(runs / "a-pipe" / "run.json")
    elsewhere = tmp_path / "elsewhere"
    copy_run(trained_small, elsewhere)
    (runs / "a-link-out").symlink_to(next((elsewhere / "runs").iterdir()))
    (runs / "a-link-to-nothing").symlink_to(tmp_path / "nothing")
    (runs / "a-circle").symlink_to(runs / "a-circle")
    inner = copy_run(trained_small, home, id="20270102-000000-mlp-inner")
    (inner.path / "model.safetensors").unlink()
    (inner.path / "model.safetensors").symlink_to(next((elsewhere / "runs").iterdir()) / "model.safetensors")
    return good


@pytest.mark.usefixtures("no_download")
def test_every_page_works_with_the_good_run_and_names_the_others(zoo):
    entries = store.list_runs()
    assert [entry.run for entry in entries if entry.record] == [zoo]
    assert entries[0].run == zoo, "it is not buried under the others"
    problems = {entry.run.id: entry.problem for entry in entries if not entry.record}
    assert len(problems) == len(DAMAGES) + 6
    assert "not a file" in problems["a-pipe"]
    for name in ("a-link-out", "a-link-to-nothing", "a-circle", "20270102-000000-mlp-inner"):
        assert "is a link that leads out of" in problems[name] or name == "a-circle", problems[name]
    assert problems["a-circle"]
    for view in VIEWS:
        at = open_view(view)
        shown = [*at.markdown, *at.caption, *at.selectbox, *at.get("page_link"), *at.dataframe]
        assert view == "recipes" or any("the good one" in str(one.proto) for one in shown), view
    listed = open_view("runs", runs="a-link-out")
    assert any("is a link that leads out of" in error.value for error in listed.error)


def test_the_command_line_lists_them_and_refuses_each_in_a_sentence(zoo, home):
    result = run_core("runs")
    assert result.returncode == 0
    assert result.stdout.count("unreadable: ") == len(DAMAGES) + 6
    for name in ("a-link-out", "a-pipe", "holiday-pictures"):
        refused = run_core("evaluate", name)
        assert refused.returncode == 1
        [sentence] = refused.stderr.splitlines()
        assert str(home / "runs" / name) in sentence
    refused = run_core("compare", "20270102-000000-mlp-inner", zoo.id)
    assert refused.returncode == 1
    assert "is a link that leads out of" in refused.stderr


def run_core(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_link_is_deleted_and_what_it_leads_to_is_not(zoo, home, tmp_path):
    target = (home / "runs" / "a-link-out").resolve()
    store.delete_run(store.Run(home / "runs" / "a-link-out"))
    assert not (home / "runs" / "a-link-out").is_symlink()
    assert (target / "run.json").exists()
    inner = store.Run(home / "runs" / "20270102-000000-mlp-inner")
    store.delete_run(inner)
    assert (target / "model.safetensors").exists()
    assert [path.name for path in (home / "runs").iterdir() if path.name.startswith(".deleted")] == []


@pytest.mark.usefixtures("no_download")
def test_ten_thousand_entries_are_listed_and_the_pages_open(finished_run, home):
    for number in range(10_000):
        folder = home / "runs" / f"zz-{number:05}"
        folder.mkdir()
        if number % 2:
            (folder / "run.json").write_text('{"half')
    start = time.process_time()
    entries = store.list_runs()
    seconds = time.process_time() - start
    assert (entries[0].run, len(entries)) == (finished_run, 10_001)
    assert seconds < 10, "of this process's own time; a second or two where nothing else runs"
    for view in ("home", "runs", "train"):
        open_view(view)


LINES = [
    b'{"kind": "step", "step": 3, "epoch": 0.1, "train_loss": 0.5, "train_accuracy": 0.9, "lr": 0.1}\n',
    b'{"kind": "step", "step": 4, "epoch": 0.1, "train_loss": "much", "train_accuracy": 0.9}\n',
    b'{"kind": "step", "step": 5, "epoch": 0.1, "train_loss": NaN}\n',
    b'{"kind": "step", "step": 6, "epoch": Infinity}\n',
    b'{"kind": "epoch", "step": 6, "epoch": 1, "validation_accuracy": "all", "validation_loss": []}\n',
    b'{"kind": "epoch", "step": true, "epoch": 1}\n',
    b'{"kind": "step", "step": -4, "epoch": 1}\n',
    b'{"kind": "step", "step": ' + b"9" * 400 + b', "epoch": 1}\n',
    b"[" * 100_000 + b"\n",
    b"\xff\xfe\n",
    b"\n",
    b'{"kind": "st',
]


@pytest.mark.usefixtures("no_download")
def test_lines_of_metrics_that_are_none_are_left_out(finished_run):
    (finished_run.path / "metrics.jsonl").write_bytes(b"".join(LINES))
    lines, offset = history.read_metrics(finished_run)
    assert [line["step"] for line in lines] == [3]
    assert offset == sum(map(len, LINES[:-1])), "half a line waits for its other half"
    for view in ("train", "runs"):
        at = open_view(view, run=finished_run.id, runs=finished_run.id)
        assert not any("nan" in metric.value.lower() for metric in at.metric)


def test_a_resume_cuts_such_lines_away(finished_run):
    store.update_record(finished_run, status="stopped")
    with (finished_run.path / "metrics.jsonl").open("ab") as file:
        file.write(b"".join(LINES[1:]))
    assert train_run(finished_run).status == "completed"
    assert all(line["step"] <= store.read_record(finished_run).step for line in history.read_metrics(finished_run)[0])


def test_weights_that_are_missing_are_named(finished_run):
    (finished_run.path / "model.safetensors").unlink()
    with pytest.raises(RunError, match="has no model yet"):
        load_classifier(finished_run)


def test_weights_swapped_with_those_of_another_run_of_the_same_network_are_refused(finished_run, home):
    other = store.create_run(store.read_config(finished_run).with_settings({"seed": 7}), "mlp")
    train_run(other)
    theirs = (other.path / "model.safetensors").read_bytes()
    (finished_run.path / "model.safetensors").write_bytes(theirs)
    with pytest.raises(CheckpointError, match="holds other weights than the run's figures are of; restore it"):
        load_classifier(finished_run)
    evaluate_run(finished_run, load("sklearn-digits"), store.read_record(finished_run).dataset_checksum)
    assert load_classifier(finished_run).members, "evaluated anew, the figures are theirs"
    assert load_report(finished_run)["correct"] == load_report(other)["correct"]


def test_a_checkpoint_swapped_with_that_of_another_seed_is_refused(finished_run):
    config = store.read_config(finished_run)
    (finished_run.path / "config.json").write_text(
        json.dumps(config.with_settings({"seed": 7, "epochs": 9, "threads": 2}).model_dump())
    )
    state = build_state(store.read_config(finished_run))
    with pytest.raises(CheckpointError, match=r"made with other settings \(runtime\.seed\)"):
        restore_state(finished_run, state)
    state = build_state(config.with_settings({"epochs": 9, "threads": 2}))
    restore_state(finished_run, state)
    assert state.progress.step > 0, "a run may be made longer, with other threads"


def test_a_checkpoint_of_an_earlier_version_without_settings_is_taken(finished_run):
    path = finished_run.path / "last.safetensors"
    values = json.loads((finished_run.path / "last.json").read_text())
    del values["config"]
    save_file(load_file(path), path, metadata={"state": json.dumps(values)})
    state = build_state(store.read_config(finished_run))
    restore_state(finished_run, state)
    assert state.progress.step == values["progress"]["step"]


def test_a_record_of_the_first_version_is_read_as_todays(finished_run):
    assert FIRST_VERSION["version"] == 1
    (finished_run.path / "run.json").write_text(json.dumps(FIRST_VERSION))
    record = store.read_record(finished_run)
    assert (record.version, record.pid, record.process) == (2, 4711, "epoch:1795266034.21")
    assert (record.name, record.test_correct, record.total_steps) == ("from before", 341, 12)
    assert store.compute_state(record) == "lost", "no process has that start"
    assert json.loads((finished_run.path / "run.json").read_text()) == FIRST_VERSION, "reading changes no file"
    store.update_record(finished_run, status="completed")
    written = json.loads((finished_run.path / "run.json").read_text())
    assert (written["version"], written["process"]) == (2, "epoch:1795266034.21")
    assert "process_started" not in written
    assert store.read_entry(finished_run).state == "completed"


@pytest.mark.parametrize("values", [[1], {"version": "x"}, {"version": 2, "process": "b:7"}])
def test_migration_leaves_alone_what_is_no_earlier_record(values):
    assert migrate_record(values, Path("run.json")) == values


def test_a_record_without_a_version_is_of_the_first():
    assert migrate_record({"process_started": None}, Path("run.json")) == {"version": 2, "process": ""}


def test_a_config_from_before_a_setting_reads_with_its_default(finished_run):
    values = json.loads((finished_run.path / "config.json").read_text())
    for name in ("perspective", "stroke_width"):  # younger than the rest
        del values["augment"][name]
    (finished_run.path / "config.json").write_text(json.dumps(values))
    assert store.read_config(finished_run).augment == TrainConfig().augment


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 9}, "version"),
        ({"augment": {"blur": 3}}, "There is no setting 'augment.blur'"),
        ({"loop": 7}, "loop"),
    ],
)
@pytest.mark.usefixtures("no_download")
def test_a_config_that_cannot_be_read_is_said_where_it_is_needed(finished_run, changes, words):
    change_json(finished_run.path / "config.json", **changes)
    with pytest.raises(ConfigError, match=words):
        store.read_config(finished_run)
    if "loop" in changes:
        for view in VIEWS:
            open_view(view, run=finished_run.id, runs=finished_run.id)
    result = run_core("train", "--resume", stop(finished_run))
    assert result.returncode == 2
    [sentence] = result.stderr.splitlines()
    assert words in sentence
    assert sentence.startswith(f"{finished_run.path / 'config.json'} cannot be used as it is: ")


def stop(run):
    store.update_record(run, status="stopped")
    return run.id


def test_weights_are_tensors_and_finite(finished_run):
    path = finished_run.path / "model.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({**tensors, name: torch.full_like(tensors[name], float("inf"))}, path)
    with pytest.raises(CheckpointError, match="not finite"):
        load_classifier(finished_run)
