"""The server is killed while a run trains; several sessions start at once; many tabs look at one run."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from run_folders import copy_run
from safetensors.torch import load_file
from tabs import Tab

from core.benchmarks.app import serve_app
from core.config import TrainConfig
from core.data import download_status
from core.recipes import get_recipe
from core.runs import history, jobs, store

ROOT = Path(__file__).parents[2]
LONG = {"dataset": "sklearn-digits", "model": "mlp", "width": 0.25, "batch_size": 64, "epochs": 1000, "threads": 1}


def wait_for(condition, seconds=90.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def list_own():
    return [entry for entry in store.list_runs() if not entry.run.pretrained]


def count_steps(run):
    lines = history.read_metrics(run)[0]
    return lines[-1]["step"] if lines else 0


@pytest.fixture
def place(home):
    """A home without MNIST, so that the bundled digits are trained on; at the end nothing trains there."""
    download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
    yield home
    for entry in list_own():
        if entry.state in ("queued", "running"):
            jobs.stop_run(entry.run)
    wait_for(lambda: not any(entry.state in ("queued", "running") for entry in list_own()))


@contextmanager
def serve(home):
    """Run the app; give its address and its process."""
    before = {one.pid for one in psutil.Process().children()}
    with serve_app(home / "server.log", DIGITS_HOME=str(home), DIGITS_OFFLINE="1") as address:
        [server] = [one for one in psutil.Process().children() if one.pid not in before]
        yield address, server


def kill_group(server):
    """Kill what a closed terminal takes along: of the server and its children all that is in the server's group."""
    group = os.getpgid(server.pid)
    for one in [server, *server.children(recursive=True)]:
        if os.getpgid(one.pid) == group:
            one.kill()


def test_training_goes_on_when_the_server_is_killed_and_is_found_again_whole(place):
    run = store.create_run(TrainConfig().with_settings(LONG), "mlp")
    store.update_record(run, status="stopped")
    with serve(place) as (address, server), Tab(address, "train", f"run={run.id}") as tab:
        tab.press("Resume")
        wait_for(lambda: count_steps(run) > 0)
        assert store.read_record(run).pid in {child.pid for child in server.children()}, "the server launched it"
        kill_group(server)
        server.wait()
        at_death = count_steps(run)
    wait_for(lambda: count_steps(run) > at_death + 50)
    with serve(place) as (address, _), Tab(address, "train") as tab:
        assert "**Training.**" in tab.read_text(), "it is found without being named"
        assert tab.is_polling
        jobs.stop_run(run)
        wait_for(lambda: store.read_entry(run).state == "stopped")
    steps = [line["step"] for line in history.read_metrics(run)[0] if line["kind"] == "step"]
    epochs = [line["epoch"] for line in history.read_metrics(run)[0] if line["kind"] == "epoch"]
    assert steps == sorted(set(steps))
    assert epochs == [float(number) for number in range(1, len(epochs) + 1)], "no epoch is missing from the curve"


def test_two_sessions_and_the_command_line_start_together_and_train_one_after_another(place):
    settings = ["--set", "dataset=sklearn-digits", "--set", "epochs=3", "--set", "threads=1", "--set", "seed=5"]
    command = [sys.executable, "-m", "core", "train", "--recipe", "mlp", *settings, "--json"]
    most, phases = 0, set()
    with serve(place) as (address, _), Tab(address) as one, Tab(address) as two:
        together = threading.Barrier(3)

        def press(tab):
            together.wait()
            tab.press("Train your first network")

        threads = [threading.Thread(target=press, args=(tab,)) for tab in (one, two)]
        for thread in threads:
            thread.start()
        together.wait()
        third = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 180
        while len(list_own()) < 3 or any(entry.state in ("queued", "running") for entry in list_own()):
            assert time.monotonic() < end, "three runs did not come, or did not end, in time"
            records = [entry.record for entry in list_own()]
            assert None not in records
            most = max(most, sum(record.status == "running" for record in records))
            phases |= {record.phase for record in records}
        for thread in threads:
            thread.join()
    said = json.loads(third.communicate(timeout=60)[0])
    assert most == 1, "one at a time, as configured"
    assert "waiting" in phases
    entries = list_own()
    assert [entry.state for entry in entries] == ["completed"] * 3
    configs = {entry.run.id: store.read_config(entry.run) for entry in entries}
    sprint = get_recipe("sprint").config.with_settings({"dataset": "sklearn-digits"})
    assert sorted(config == sprint for config in configs.values()) == [False, True, True]
    assert configs[said["run"]].runtime.seed == 5
    same = [load_file(entry.run.path / "model.safetensors") for entry in entries if entry.run.id != said["run"]]
    assert all((same[0][name] == same[1][name]).all() for name in same[0]), "each trained in its own folder alone"
    for entry in entries:
        lines = history.read_metrics(entry.run)[0]
        steps = [line["step"] for line in lines if line["kind"] == "step"]
        assert steps == sorted(set(steps))
        assert steps[-1] == configs[entry.run.id].total_steps
        assert list(entry.run.path.glob(".*.part")) == []


def test_ten_tabs_poll_one_run_while_another_deletes_one(place, trained_small):
    doomed = copy_run(trained_small, place, id="20260101-000000-mlp-gone", name="the doomed one")
    run = jobs.start_run(TrainConfig().with_settings(LONG), "mlp", "watched")
    wait_for(lambda: count_steps(run) > 0)
    with serve(place) as (address, _):
        tabs = [Tab(address, "train", f"run={run.id}") for _ in range(10)]
        looking = [Tab(address, page, f"run={doomed.id}") for page in ("evaluate", "errors", "train")]
        before = count_steps(run)
        for _ in range(2):
            for tab in tabs:
                tab.poll()
                assert "**Training.**" in tab.read_text()
        store.delete_run(doomed)
        for tab in looking:
            page = tab.read_text()
            tab.poll()
            tab.open("runs", f"runs={doomed.id}")
            assert page
            assert "the doomed one" not in tab.read_text()
        for page in ("evaluate", "errors", "train"):
            looking[0].open(page, f"run={doomed.id}")
            assert "There is no run" in looking[0].read_text()
        wait_for(lambda: count_steps(run) > before)
        jobs.stop_run(run)
        wait_for(lambda: store.read_entry(run).state == "stopped")
        for tab in tabs:
            tab.poll()
            assert "**Stopped at step" in tab.read_text()
        for tab in [*tabs, *looking]:
            tab.close()
