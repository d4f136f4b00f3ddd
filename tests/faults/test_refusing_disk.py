"""A disk that is full, read-only, forbidden or slow: one sentence, the last good checkpoint, no other run harmed."""

import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from disk_faults import faulty
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core.config import TrainConfig
from core.errors import RunError
from core.runs import history, jobs, store
from core.train import RESERVE, train_run
from core.training.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]
SMALL = {"dataset": "sklearn-digits", "model": "mlp", "width": 0.25, "batch_size": 256, "epochs": 3, "threads": 1}
CODES = {"EROFS": "Read-only file system", "EACCES": "Permission denied", "ENOSPC": "No space left on device"}
VIEWS = ("home", "data", "train", "recipes", "runs", "evaluate", "errors", "draw", "drawings")


def new_run(**settings):
    return store.create_run(TrainConfig().with_settings({**SMALL, **settings}), "mlp")


def build_environment():
    """Return the variables of this test, and where a program in another folder finds the package."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run_core(fault, folder, *arguments, after=""):
    command = [sys.executable, str(Path(__file__).with_name("disk_faults.py")), fault, str(folder), str(after)]
    return subprocess.run(
        [*command, *arguments], env=build_environment(), capture_output=True, text=True, check=False, timeout=120
    )


def assert_one_sentence(result, *words):
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    [said] = result.stderr.splitlines()
    assert all(word in said for word in words), said
    assert said.endswith(".")


@pytest.mark.parametrize("code", CODES)
def test_the_command_line_says_it_in_one_sentence_and_leaves_no_half_a_run(home, code):
    (home / "runs").mkdir()
    result = run_core(code, home, "train", "--recipe", "mlp", "--set", "dataset=sklearn-digits")
    assert_one_sentence(result, str(home / "runs"), CODES[code], "check")
    assert list((home / "runs").iterdir()) == []


def test_a_run_that_cannot_be_written_at_its_second_file_is_taken_back(home, monkeypatch):
    def refuse(*_):
        raise RunError("No space left on device")

    monkeypatch.setattr(store, "write_record", refuse)
    with pytest.raises(RunError, match="No space left"):
        new_run()
    assert list((home / "runs").iterdir()) == []


def test_nobody_meets_a_run_before_it_is_whole(home, monkeypatch):
    seen = []
    write = store.write_record

    def look_and_write(run, record):
        seen.extend(store.list_runs())
        write(run, record)

    monkeypatch.setattr(store, "write_record", look_and_write)
    run = new_run()
    assert seen == []
    assert [entry.run for entry in store.list_runs()] == [run]


@pytest.mark.parametrize("code", ["EROFS", "EACCES"])
def test_what_only_reads_goes_on(finished_run, home, code):
    for arguments in (["runs"], ["recipes"], ["compare", finished_run.id, finished_run.id]):
        result = run_core(code, home, *arguments)
        assert result.returncode == 0, result.stderr
    assert_one_sentence(run_core(code, home, "train", "--resume", stop(finished_run).id), CODES[code])


def stop(run):
    store.update_record(run, status="stopped")
    return run


def test_a_trainer_whose_disk_turns_read_only_keeps_its_last_good_checkpoint_and_harms_no_other(home):
    run, other = new_run(), new_run(seed=1)
    # From the first checkpoint on, nothing can be written into this run.
    result = run_core("EROFS", run.path, "train", "--resume", run.id, "--json", after=run.path / "last.json")
    assert_one_sentence(result, str(run.path), CODES["EROFS"], "free some space or check its permissions")
    record = store.read_record(run)
    assert store.compute_state(record) == "lost", "nothing could be written, not even this"
    assert load_checkpoint(run.path / "last.safetensors")[1]["progress"]["step"] == 6
    assert store.list_runs()[-1].problem == ""
    assert train_run(other).status == "completed"
    assert train_run(run).status == "completed"
    assert [line["epoch"] for line in history.read_metrics(run)[0] if line["kind"] == "epoch"] == [1.0, 2.0, 3.0]


def limit_files(n_bytes):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


@pytest.mark.parametrize(("n_bytes", "name"), [(100_000, "safetensors"), (2_500, "metrics.jsonl")])
def test_a_file_that_outgrows_its_limit_fails_the_run_in_words(home, n_bytes, name):
    # With so many steps an epoch the smaller limit is reached by the metrics, before any checkpoint.
    run = new_run(batch_size=16)
    code = (
        "import sys, core.train, core.training.loop as loop; core.train.RESERVE_BYTES = 1000; "
        "loop.METRICS_INTERVAL_S = 0.0 if sys.argv.pop() == 'metrics.jsonl' else 1e9; from core.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "train", "--resume", run.id, "--json", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=limit_files(n_bytes),
    )
    assert_one_sentence(result, name, "File too large")
    record = store.read_record(run)
    assert (record.status, record.phase) == ("failed", "")
    assert record.error == result.stderr.strip()
    assert not (run.path / RESERVE).exists()
    assert [path for path in run.path.iterdir() if path.suffix == ".part"] == []
    lines, _ = history.read_metrics(run)
    assert lines, "what was written before can be read, up to the last whole line"
    if name == "metrics.jsonl":
        assert not (run.path / "metrics.jsonl").read_bytes().endswith(b"\n"), "the last line is half a line"
    assert train_run(run).status == "completed"


FULL_DISK = """
import json, os, subprocess, sys
from pathlib import Path
home = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)], check=True)
os.environ["DIGITS_HOME"] = str(home)
from core.config import TrainConfig
from core.errors import CoreError
from core.runs import store
from core.runs.summary import explain_loss
from core.train import train_run
from core.training.checkpoint import load_checkpoint
run = store.create_run(TrainConfig().with_settings(json.loads(sys.argv[2])), "mlp")
def fill(line):
    if line["kind"] == "epoch" and line["epoch"] == 2:  # the first epoch is saved by now
        with open(home / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
found = {}
try:
    train_run(run, fill)
except CoreError as error:
    found["said"] = str(error)
record = store.read_record(run)
found |= {"status": record.status, "error": record.error}
found["checkpoint"] = load_checkpoint(run.path / "last.safetensors")[1]["progress"]["step"]
(home / "filler").unlink()
found["after"] = train_run(run).status
print(json.dumps(found))
"""


def test_a_disk_that_is_really_full_still_lets_the_run_say_so(home):
    isolated = next((one for one in (["unshare", "-m"], ["unshare", "-Urm"]) if can_mount(one, home)), None)
    if isolated is None:
        pytest.skip("no disk can be mounted here; the tests above put limits and faults in its place")
    command = [*isolated, sys.executable, "-c", FULL_DISK, str(home), json.dumps(SMALL)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert "No space left on device" in found["said"] or "could not be written" in found["said"]
    assert (found["status"], found["error"]) == ("failed", found["said"])
    assert (found["checkpoint"], found["after"]) == (6, "completed")


def can_mount(isolated, folder):
    command = [*isolated, "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_a_log_that_cannot_be_written_is_said_too(home):
    run, limit = new_run(), 2_000_000
    with (run.path / "train.log").open("wb") as log:
        log.truncate(limit)
    with (run.path / "train.log").open("ab") as log:
        result = subprocess.run(
            [sys.executable, "-m", "core", "train", "--resume", run.id],
            cwd=ROOT,
            env={**os.environ, "DIGITS_BACKGROUND": "1", "PYTHONUNBUFFERED": "1"},
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=limit_files(limit),
        )
    assert_one_sentence(result, "File too large")
    record = store.read_record(run)
    assert (record.status, record.error) == ("failed", result.stderr.strip())
    assert train_run(run).status == "completed"


def open_view(view, **query):
    at = AppTest.from_file(ROOT / "dashboard" / "Home.py", default_timeout=60).switch_page(f"views/{view}.py")
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize("code", ["EROFS", "EACCES"])
def test_every_page_opens_and_every_button_says_why_not(runs_in_every_state, home, code):
    with faulty(code, home):
        for view in VIEWS:
            at = open_view(view)
            assert not at.exception, view
        for state, key in (("running", "stop_run"), ("stopped", "resume_run"), ("lost", "resume_run")):
            at = open_view("train", run=runs_in_every_state[state].id)
            at.button(key=key).click().run()
            assert not at.exception
            assert any(CODES[code] in error.value for error in at.error), (state, [error.value for error in at.error])
        at = open_view("train")
        at.button(key="start").click().run()
        assert not at.exception
        assert any(CODES[code] in error.value for error in at.error)
    assert {entry.state for entry in store.list_runs()} == set(runs_in_every_state)


def test_stopping_resuming_and_deleting_say_it_in_one_sentence(runs_in_every_state, home):
    with faulty("EROFS", home):
        for action, state in (
            (jobs.stop_run, "running"),
            (jobs.resume_run, "lost"),
            (store.delete_run, "failed"),
            (train_run, "stopped"),
        ):
            with pytest.raises(RunError, match="Read-only file system"):
                action(runs_in_every_state[state])
    assert {entry.state for entry in store.list_runs()} == set(runs_in_every_state)


def test_a_trainer_that_cannot_be_launched_fails_with_the_reason(home, monkeypatch):
    def refuse_launch(*_arguments, **_options):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(jobs.processes, "launch_detached", refuse_launch)
    with pytest.raises(RunError, match="Cannot allocate memory"):
        jobs.start_run(TrainConfig().with_settings(SMALL), "mlp")
    [entry] = store.list_runs()
    assert entry.state == "failed"
    assert "Cannot allocate memory" in entry.record.error


def test_on_a_slow_disk_a_run_is_never_lost_and_never_torn(finished_run, home):
    run = new_run(epochs=2)
    command = [sys.executable, str(Path(__file__).with_name("disk_faults.py")), "0.02", str(home), ""]
    arguments = [*command, "train", "--resume", run.id, "--json"]
    trainer = subprocess.Popen(arguments, env=build_environment(), stdout=subprocess.PIPE)
    states, offset, lines = set(), 0, []
    while trainer.poll() is None:
        entry = store.read_entry(run)
        if store.is_alive(store.read_record(run)):
            states.add(entry.state)
            assert entry.problem == ""
        more, offset = history.read_metrics(run, offset)
        lines += more
    assert json.loads(trainer.stdout.read())["status"] == "completed"
    trainer.stdout.close()
    assert states <= {"queued", "running", "completed"}
    assert {"queued", "running"} & states
    assert [line["epoch"] for line in history.read_metrics(run)[0] if line["kind"] == "epoch"] == [1.0, 2.0]
    assert [line for line in lines if line["kind"] == "epoch"][-1]["epoch"] <= 2.0


@pytest.mark.usefixtures("no_download")
def test_pages_open_on_a_slow_disk(runs_in_every_state, home):
    with faulty("0.01", home):
        at = open_view("train", run=runs_in_every_state["completed"].id)
    assert not at.exception
    assert "Completed." in "\n".join(one.value for one in at.markdown)


def test_a_clock_that_goes_back_leaves_times_and_curves_in_order(home, monkeypatch):
    times = iter(f"2026-01-01T{23 - n // 60 % 24:02}:{59 - n % 60:02}:00.000+00:00" for n in range(1440))
    monkeypatch.setattr(store, "now", lambda: next(times))
    seconds = itertools.count(0, -60)
    monkeypatch.setattr(time, "time", lambda: 1.8e9 + next(seconds))
    run = new_run()
    record = train_run(run)
    assert record.heartbeat < record.created, "the clock went back at every look"
    assert record.status == "completed"
    lines = history.read_metrics(run)[0]
    assert [line["train_seconds"] for line in lines] == sorted(line["train_seconds"] for line in lines)
    assert min(line["images_per_second"] for line in lines) > 0
    assert record.train_seconds > 0


@pytest.mark.usefixtures("no_download")
def test_a_run_from_the_future_is_shown_like_any_other(finished_run, home):
    future = "2199-01-01T00:00:00.000+00:00"
    for status in ("completed", "running", "queued"):
        store.update_record(
            finished_run, status=status, created=future, launched=future, started=future, heartbeat=future
        )
        for view in ("home", "train", "runs"):
            assert not open_view(view).exception
    assert copy_run(finished_run, home, id="20260101-000000-mlp-next").id in {e.run.id for e in store.list_runs()}
    # Launched by a clock that has since been set back: nobody claims it, and it is not waited for until 2199.
    store.update_record(finished_run, status="queued", pid=None, process="")
    assert store.read_entry(finished_run).state == "lost"
