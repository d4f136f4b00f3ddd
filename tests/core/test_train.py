"""Runs from start to end in processes of their own, as the pages start them."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import torch
from safetensors.torch import load_file

from core.config import TrainConfig
from core.errors import CoreError, RunError
from core.processes import mark_process
from core.runs import history, jobs, store
from core.train import train_run

SMALL = {"dataset": "sklearn-digits", "model": "mlp", "batch_size": 64, "threads": 1}
LONG = {**SMALL, "epochs": 1000}


def configure(**settings):
    return TrainConfig().with_settings(settings)


def wait_until(condition, timeout_s=60):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def state_of(run):
    return store.compute_state(store.read_record(run))


def has_trained(run, step=1):
    return any(line["step"] >= step for line in history.read_metrics(run)[0])


@pytest.fixture
def clean_up(home):
    """Leave no training process behind, whatever the test did."""
    yield
    for entry in store.list_runs():
        if entry.record and entry.record.pid and store.is_alive(entry.record) and entry.record.pid != os.getpid():
            psutil.Process(entry.record.pid).kill()


@pytest.mark.usefixtures("home")
def test_a_run_goes_from_queued_to_completed_with_a_report():
    run = store.create_run(configure(**SMALL, epochs=2, optimizer="adam", learning_rate=0.002), "mlp")
    record = train_run(run)
    report = json.loads((run.path / "report.json").read_text())
    assert record.status == "completed"
    assert record.parameters == 235_146
    assert (record.test_correct, record.test_total) == (report["correct"], 360)
    assert record.versions["torch"] == torch.__version__.split("+")[0]
    assert record.dataset_checksum
    assert record.threads == 1
    assert record.phase == ""


@pytest.mark.usefixtures("home")
def test_a_completed_run_is_not_resumed():
    run = store.create_run(configure(**SMALL, epochs=1), "mlp")
    train_run(run)
    with pytest.raises(RunError, match="is complete"):
        jobs.check_resumable(run)


@pytest.mark.usefixtures("clean_up")
def test_stop_saves_a_checkpoint_and_resume_goes_on_from_it(home):
    run = jobs.start_run(configure(**LONG), "mlp", "long")
    wait_until(lambda: state_of(run) == "running" and has_trained(run, 30))
    jobs.stop_run(run)
    wait_until(lambda: state_of(run) == "stopped")
    stopped_at = json.loads((run.path / "last.json").read_text())["progress"]["step"]
    assert stopped_at >= 30
    assert (run.path / "model.safetensors").exists()
    jobs.resume_run(run)
    wait_until(lambda: state_of(run) == "running" and has_trained(run, stopped_at + 10))
    steps = [line["step"] for line in history.read_metrics(run)[0] if line["kind"] == "step"]
    assert steps == sorted(set(steps)), "one curve, no step twice"
    jobs.stop_run(run)
    wait_until(lambda: state_of(run) == "stopped")


@pytest.mark.usefixtures("clean_up")
def test_a_killed_run_is_lost_and_resumes_to_the_same_weights(home):
    settings = {**SMALL, "epochs": 40, "optimizer": "adam", "learning_rate": 0.001}
    killed = jobs.start_run(configure(**settings), "mlp")
    wait_until(lambda: has_trained(killed, 200))
    psutil.Process(store.read_record(killed).pid).kill()
    wait_until(lambda: state_of(killed) == "lost")
    jobs.resume_run(killed)
    wait_until(lambda: state_of(killed) == "completed")
    whole = store.create_run(configure(**settings), "mlp")
    train_run(whole)
    first, second = (load_file(run.path / "model.safetensors") for run in (killed, whole))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.usefixtures("clean_up")
def test_one_trains_while_the_next_waits_its_turn(home):
    first = jobs.start_run(configure(**LONG), "mlp")
    wait_until(lambda: state_of(first) == "running" and has_trained(first))
    second = jobs.start_run(configure(**{**SMALL, "epochs": 1}), "mlp")
    wait_until(lambda: store.read_record(second).pid)
    wait_until(lambda: jobs.count_waiting() == 1)
    assert state_of(second) == "queued"
    jobs.stop_run(first)
    wait_until(lambda: state_of(second) == "completed")
    assert state_of(first) == "stopped"


@pytest.mark.usefixtures("clean_up")
def test_a_waiting_run_can_be_stopped_and_others_run_in_parallel_if_configured(home, monkeypatch):
    first = jobs.start_run(configure(**LONG), "mlp")
    wait_until(lambda: has_trained(first))
    second = jobs.start_run(configure(**LONG), "mlp")
    wait_until(lambda: jobs.count_waiting() == 1)
    jobs.stop_run(second)
    wait_until(lambda: state_of(second) == "stopped")
    monkeypatch.setenv("DIGITS_PARALLEL", "2")
    jobs.resume_run(second)
    wait_until(lambda: state_of(first) == state_of(second) == "running" and has_trained(second))
    for run in (first, second):
        jobs.stop_run(run)
        wait_until(lambda run=run: state_of(run) == "stopped")
    assert jobs.count_training() == 0


@pytest.mark.parametrize(("at_once", "threads", "expected"), [("1", 0, 8), ("3", 0, 2), ("16", 0, 1), ("3", 5, 5)])
def test_runs_that_train_at_once_share_the_cores(monkeypatch, at_once, threads, expected):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setenv("DIGITS_PARALLEL", at_once)
    assert jobs.count_threads(configure(threads=threads)) == expected


@pytest.mark.usefixtures("clean_up")
def test_a_run_survives_the_process_that_started_it(home):
    code = (
        "from core.config import TrainConfig; from core.runs import jobs; "
        f"print(jobs.start_run(TrainConfig().with_settings({LONG!r}), 'mlp').id)"
    )
    launcher = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    run = store.find_run(launcher.stdout.strip())
    wait_until(lambda: state_of(run) == "running" and has_trained(run))
    jobs.stop_run(run)
    wait_until(lambda: state_of(run) == "stopped")


@pytest.mark.usefixtures("clean_up")
def test_a_termination_request_ends_with_a_checkpoint(home):
    run = jobs.start_run(configure(**LONG), "mlp")
    wait_until(lambda: has_trained(run, 10))
    psutil.Process(store.read_record(run).pid).send_signal(signal.SIGTERM)
    wait_until(lambda: state_of(run) == "stopped")
    assert (run.path / "last.safetensors").exists()


@pytest.mark.usefixtures("home")
def test_a_failure_is_written_into_the_run():
    run = store.create_run(configure(**SMALL, epochs=1, learning_rate=0.1), "mlp")
    (run.path / "last.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(CoreError):
        train_run(run)
    record = store.read_record(run)
    assert record.status == "failed"
    assert "last.safetensors is damaged" in record.error
    assert store.compute_state(record) == "failed"


@pytest.mark.usefixtures("home")
def test_an_interrupted_run_is_stopped_not_failed():
    run = store.create_run(configure(**SMALL, epochs=1), "mlp")

    def interrupt(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(run, interrupt)
    assert (state_of(run), store.read_record(run).error) == ("stopped", "")
    assert train_run(run).status == "completed"


@pytest.mark.usefixtures("home")
def test_the_best_epoch_of_a_resumed_run_is_that_of_an_uninterrupted_one():
    config = configure(**SMALL, epochs=6, optimizer="adam", learning_rate=0.05)
    whole, broken = (store.create_run(config, "mlp") for _ in range(2))
    record = train_run(whole)
    values = [line["validation_accuracy"] for line in history.read_metrics(whole)[0] if line["kind"] == "epoch"]
    assert record.best_validation_accuracy == max(values)
    assert max(values) > values[-1] == record.validation_accuracy, "otherwise the last epoch would do as well"

    def interrupt(line):
        # After the epoch's line and before its checkpoint: the epoch is taken again.
        if line["kind"] == "epoch" and line["validation_accuracy"] == max(values):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(broken, interrupt)
    assert store.read_record(broken).best_validation_accuracy == max(values)
    assert train_run(broken).best_validation_accuracy == max(values)


@pytest.mark.usefixtures("home")
def test_without_validation_digits_there_is_no_best_epoch():
    run = store.create_run(configure(**SMALL, epochs=1, validation_size=0), "mlp")
    assert train_run(run).best_validation_accuracy is None


@pytest.mark.usefixtures("clean_up")
def test_runs_launched_together_wait_in_the_order_of_their_requests(home, monkeypatch):
    monkeypatch.setattr(jobs, "_take_slot", lambda _run, ticket, _limit: names.append(ticket.name))
    names: list[str] = []
    first, second = (store.create_run(configure(**SMALL), "mlp") for _ in range(2))
    store.update_record(first, launched="2026-01-01T00:00:00.000+00:00")
    store.update_record(second, launched="2026-01-01T00:00:00.001+00:00")
    for run in (second, first):
        with jobs.wait_for_turn(run) as came:
            assert not came
    assert [name.split("-", 1)[1] for name in sorted(names)] == [f"{first.id}.json", f"{second.id}.json"]


@pytest.mark.usefixtures("home")
def test_a_run_just_launched_is_left_to_its_own_process():
    run = store.create_run(configure(**SMALL), "mlp")
    store.update_record(run, launched=store.now())
    with pytest.raises(RunError, match="is queued already"):
        jobs.check_resumable(run)
    jobs.check_resumable(run, is_launched=True)
    store.update_record(run, pid=os.getpid(), process=mark_process())
    with pytest.raises(RunError, match="is queued already"):
        jobs.check_resumable(run, is_launched=True)


@pytest.mark.usefixtures("home")
def test_only_a_live_run_can_be_stopped():
    run = store.create_run(configure(**SMALL), "mlp")
    store.update_record(run, status="completed")
    with pytest.raises(RunError, match="is completed; only"):
        jobs.stop_run(run)


def test_a_bad_parallel_limit_is_one_sentence(monkeypatch):
    monkeypatch.setenv("DIGITS_PARALLEL", "all")
    with pytest.raises(CoreError, match="DIGITS_PARALLEL is 'all'"):
        jobs.read_parallel_limit()


def test_a_resumed_run_forgets_its_earlier_evaluation(finished_run):
    (finished_run.path / "last.safetensors").write_bytes(b"not a checkpoint")
    store.update_record(finished_run, status="stopped")
    with pytest.raises(CoreError, match="damaged"):
        train_run(finished_run)
    assert not (finished_run.path / "report.json").exists()
    assert store.read_record(finished_run).test_correct is None


@pytest.mark.usefixtures("home")
def test_a_run_is_trained_by_one_process_at_a_time():
    run = store.create_run(configure(**SMALL, epochs=1), "mlp")
    with jobs.hold(run), pytest.raises(RunError, match="being trained by another process"):
        train_run(run)
    assert store.read_record(run).status == "queued", "the other process's record is left alone"
    assert train_run(run).status == "completed"
