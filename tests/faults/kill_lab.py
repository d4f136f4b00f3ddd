"""Trains the same small run again and again, each in a forked process that is killed at another moment, and resumes it.

A program of its own: PyTorch is imported once, and every process that trains is forked from this one. It prints a JSON
list with what was found after each kill.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core.evaluation.report
import core.models.summary
import core.training.loop
from core.config import TrainConfig
from core.data.datasets import load
from core.errors import CoreError
from core.files import read_json
from core.runs import history, store
from core.runs.store import Run
from core.runs.summary import explain_loss
from core.train import train_run
from core.training.checkpoint import load_checkpoint

SETTINGS = {
    "dataset": "sklearn-digits",
    "model": "mlp",
    "width": 0.25,
    "optimizer": "adam",
    "learning_rate": 0.002,
    "ema_decay": 0.9,
    "dropout": 0.2,
    "batch_size": 256,
    "epochs": 3,
    "threads": 1,
}
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir")
LIMIT_S = 60.0


def fork(work: Callable[[], object]) -> int:
    """Do something in a process of its own, and return its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(1)


def wait_for(pid: int, meanwhile: Callable[[], object] = lambda: None) -> int:
    """Return how a process ended, as `os.waitstatus_to_exitcode` says it; look at the run until then."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        meanwhile()
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    raise TimeoutError("a training process did not end")


def new_run() -> Run:
    return store.create_run(TrainConfig().with_settings(SETTINGS), "mlp")


def train_until_event(run: Run, number: int) -> None:
    """Train until the process is about to touch the run's files for the so many-th time, and kill it there."""
    count = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in EVENTS or not str(arguments[0]).startswith(str(run.path)):
            return
        count += 1
        if count == number:
            path = Path(str(arguments[0]))
            if path.suffix == ".part" and path.exists():
                os.truncate(path, path.stat().st_size // 2)  # as if it had died while it wrote
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    train_run(run)
    (run.path.parent / ".events").write_text(str(count))


def check_whole(run: Run) -> list[str]:
    """Read every file of the run as pages and a resume do; return what is torn."""
    torn = []
    for read in (
        lambda: store.read_record(run),
        lambda: store.read_config(run),
        lambda: history.read_metrics(run),
        lambda: read_if_there(run.path / "last.json", read_json),
        lambda: read_if_there(run.path / "last.safetensors", load_checkpoint),
        lambda: read_if_there(run.path / "model.safetensors", core.training.checkpoint._load),
        lambda: core.evaluation.report.load_predictions(run) if (run.path / "test.npz").exists() else None,
    ):
        try:
            read()
        except CoreError as error:
            torn.append(str(error))
    return torn


def read_if_there(path: Path, read: Callable[[Path], object]) -> None:
    if path.exists():
        read(path)


def describe_kill(run: Run, how: str, torn: list[str], reference: bytes) -> dict[str, Any]:
    """Say what a killed run looks like, resume it, and say whether it came to the same end."""
    record = store.read_record(run)
    found = {"how": how, "torn": torn + check_whole(run), "state": store.compute_state(record), "step": record.step}
    found |= {"reason": explain_loss(record), "phase": record.phase, "resumed": wait_for(fork(lambda: train_run(run)))}
    lines = history.read_metrics(run)[0]
    steps = [line["step"] for line in lines if line["kind"] == "step"]
    return found | {
        "end": store.compute_state(store.read_record(run)),
        "same": (run.path / "model.safetensors").read_bytes() == reference,
        "epochs": [line["epoch"] for line in lines if line["kind"] == "epoch"],
        "ordered": steps == sorted(set(steps)),
        "left": sorted(path.name for path in run.path.iterdir() if path.suffix == ".part" or path.name == ".reserve"),
    }


def main(at_events: int, at_times: int) -> None:
    """Kill so many processes where they touch files, and so many after random times."""
    load("sklearn-digits")
    chance = random.Random(0)
    train_run(new_run())  # what is imported or built at first use is there from now on, in every process
    whole = new_run()
    start = time.monotonic()
    assert wait_for(fork(lambda: train_until_event(whole, 0))) == 0
    seconds, events = time.monotonic() - start, int((whole.path.parent / ".events").read_text())
    reference = (whole.path / "model.safetensors").read_bytes()
    found = []
    # The last event only makes sure on the disk of a run.json that says already that the run is complete.
    for number in sorted(chance.sample(range(1, events), at_events)):
        run = new_run()
        assert wait_for(fork(lambda run=run, number=number: train_until_event(run, number))) == -signal.SIGKILL
        found.append(describe_kill(run, f"event {number} of {events}", [], reference))
    kills = tries = 0
    while kills < at_times and tries < 2 * at_times:
        tries += 1
        run, delay = new_run(), chance.uniform(0.0, 0.8 * seconds)
        torn: list[str] = []
        start = time.monotonic()
        pid = fork(lambda run=run: train_run(run))

        def look(run: Run = run, pid: int = pid, end: float = start + delay, torn: list[str] = torn) -> None:
            torn += check_whole(run)
            if time.monotonic() >= end:
                os.kill(pid, signal.SIGKILL)

        if wait_for(pid, look) == -signal.SIGKILL and store.read_record(run).status != "completed":
            kills += 1
            found.append(describe_kill(run, f"after {delay:.6f} of {seconds:.3f} s", torn, reference))
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
