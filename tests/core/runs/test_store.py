import json
import os
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from core.config import TrainConfig
from core.errors import ConfigError, RunError, RunNotFoundError
from core.processes import mark_process
from core.runs import history, store


@pytest.fixture
def run(home):
    return store.create_run(TrainConfig(), "sprint", "  my \n run ")


def test_a_new_run_is_queued_with_its_config(home, run):
    record = store.read_record(run)
    assert run.path.parent == home / "runs"
    assert (record.status, record.recipe, record.name) == ("queued", "sprint", "my run")
    assert record.total_steps == TrainConfig().total_steps
    assert store.read_config(run) == TrainConfig()


def test_runs_made_in_the_same_second_have_ids_of_their_own(home):
    ids = {store.create_run(TrainConfig(), "sprint").id for _ in range(5)}
    assert len(ids) == 5


def test_find_by_id_prefix_latest_and_best(home):
    runs = [store.create_run(TrainConfig(), "mlp") for _ in range(3)]
    for run, accuracy, status in zip(runs, (0.9, 0.95, 0.99), ("completed", "completed", "stopped"), strict=True):
        store.update_record(run, validation_accuracy=accuracy, status=status)
    for number, run in enumerate(runs):
        store.update_record(run, created=f"2026-01-0{number + 1}T00:00:00.000+00:00")
    assert store.find_run(runs[0].id) == runs[0]
    assert store.find_run("latest") == runs[2]
    assert store.find_run("best") == runs[1], "a stopped run is not the best, however good"
    assert store.find_run(runs[1].id[:-1]) == runs[1]


def test_a_whole_id_is_found_without_reading_the_other_runs(home, monkeypatch):
    run = store.create_run(TrainConfig(), "mlp")
    monkeypatch.delattr(store, "list_runs")
    assert store.find_run(run.id) == run


@pytest.mark.parametrize("reference", ["x" * 300, "a\0b", ".", "..", ".queue"])
def test_a_reference_that_no_folder_can_have_is_no_run(home, reference):
    store.create_run(TrainConfig(), "mlp")
    (home / "runs" / ".queue").mkdir()
    with pytest.raises(RunNotFoundError, match="There is no run"):
        store.find_run(reference)


def test_an_unknown_or_ambiguous_reference_says_so(home):
    with pytest.raises(RunNotFoundError, match="There is no run yet"):
        store.find_run("latest")
    store.create_run(TrainConfig(), "mlp")
    store.create_run(TrainConfig(), "mlp")
    with pytest.raises(RunNotFoundError, match="could be any of 2 runs"):
        store.find_run("20")
    with pytest.raises(RunNotFoundError, match=r"There is no run '\.\./runs'"):
        store.find_run("../runs")
    with pytest.raises(RunNotFoundError, match="There is no run ''"):
        store.find_run("")


def test_states_are_told_from_the_process(run):
    me = psutil.Process()
    mine = {"pid": me.pid, "process": f"epoch:{me.create_time()}"}
    assert store.compute_state(store.update_record(run, status="running", **mine)) == "running"
    reused = store.update_record(run, process=f"epoch:{me.create_time() - 100}")
    assert store.compute_state(reused) == "lost", "another process with the same pid is not the trainer"
    assert store.compute_state(store.update_record(run, pid=2**22 + 1)) == "lost"
    assert store.compute_state(store.update_record(run, status="completed")) == "completed"


def test_a_launch_has_time_to_write_its_pid(run):
    fresh = store.update_record(run, launched=store.now(), pid=None)
    assert store.compute_state(fresh) == "queued"
    old = (datetime.now(UTC) - timedelta(seconds=store.LAUNCH_GRACE_S + 5)).isoformat()
    assert store.compute_state(store.update_record(run, launched=old)) == "lost"


def test_unreadable_folders_are_listed_with_the_reason(home, run):
    (home / "runs" / "holiday-pictures").mkdir()
    broken = store.create_run(TrainConfig(), "mlp")
    (broken.path / "run.json").write_text('{"id": "x", "rec')
    (home / "runs" / ".queue").mkdir()
    entries = {entry.run.id: entry for entry in store.list_runs()}
    assert set(entries) == {run.id, broken.id, "holiday-pictures"}
    assert entries[run.id].problem == ""
    assert "run.json is missing" in entries["holiday-pictures"].problem
    assert "cannot be read" in entries[broken.id].problem


def test_a_damaged_field_is_named(run):
    values = json.loads((run.path / "run.json").read_text())
    values["step"] = "far"
    (run.path / "run.json").write_text(json.dumps(values))
    with pytest.raises(RunError, match="damaged at 'step'"):
        store.read_record(run)


@pytest.mark.parametrize(
    ("field", "text"), [("created", ""), ("created", "today"), ("launched", "2026-01-01T00:00:00")]
)
def test_a_time_that_is_none_makes_one_run_unreadable(run, field, text):
    values = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**values, field: text}))
    [entry] = store.list_runs()
    assert entry.record is None
    assert f"damaged at '{field}'" in entry.problem


def test_a_damaged_config_is_a_config_error(run):
    values = json.loads((run.path / "config.json").read_text())
    values["loop"]["batch_size"] = 0
    (run.path / "config.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"loop\.batch_size is 0; it must be at least 1"):
        store.read_config(run)


def test_delete_refuses_a_live_run_and_removes_a_finished_one(home, run):
    store.update_record(run, status="running", pid=os.getpid(), process=mark_process())
    with pytest.raises(RunError, match="is running; stop it"):
        store.delete_run(run)
    store.update_record(run, status="stopped")
    store.delete_run(run)
    assert list((home / "runs").iterdir()) == []


def test_metrics_are_read_in_portions_and_a_half_line_waits(run):
    file = run.path / "metrics.jsonl"
    assert history.read_metrics(run) == ([], 0)
    file.write_text('{"step": 1}\n{"step": 2}\n{"st')
    lines, offset = history.read_metrics(run)
    assert [line["step"] for line in lines] == [1, 2]
    with file.open("a") as stream:
        stream.write('ep": 3}\n')
    lines, end = history.read_metrics(run, offset)
    assert [line["step"] for line in lines] == [3]
    file.write_text('{"step": 1}\n')
    lines, _ = history.read_metrics(run, end)
    assert [line["step"] for line in lines] == [1], "a file cut by a resume is read from its start"


def test_the_log_tail_shows_what_a_terminal_would(run):
    assert history.read_log_tail(run) == ""
    (run.path / "train.log").write_bytes("old\nfirst\rsecond\nlast é\n".encode())
    assert history.read_log_tail(run) == "old\nsecond\nlast é"
    assert history.read_log_tail(run, 8) == "last é"


def test_a_write_that_fails_leaves_the_old_file(run, monkeypatch):
    before = (run.path / "run.json").read_text()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunError, match="No space left on device"):
        store.update_record(run, step=5)
    assert (run.path / "run.json").read_text() == before
    assert [path.name for path in run.path.iterdir() if path.name.endswith(".part")] == []


def test_the_best_run_is_one_on_mnist_if_there_is_one(home):
    for dataset, accuracy in (("mnist", 0.9), ("sklearn-digits", 1.0)):
        run = store.create_run(TrainConfig().with_settings({"dataset": dataset}), dataset)
        store.update_record(run, status="completed", validation_accuracy=accuracy)
    assert store.read_record(store.find_run("best")).dataset == "mnist"
