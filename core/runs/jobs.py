"""Training processes: launch, stop, resume, and wait for a turn.

Nothing here stays running: a training process is `python -m core train --resume RUN` in a session of its own, and the
queue is a folder of tickets that the waiting processes themselves keep in order. So closing the page, or the page's
server, changes nothing.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from core import paths, processes
from core.errors import ConfigError, RunError
from core.files import explain_refusals, read_json, write_json
from core.runs import store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.config import TrainConfig
    from core.runs.store import Run

POLL_S = 0.25


def read_parallel_limit() -> int:
    """Return how many runs may train at once: DIGITS_PARALLEL, by default 1.

    Raises:
        ConfigError: if the variable is not a whole number from 1 to 64.
    """
    text = os.environ.get("DIGITS_PARALLEL", "1")
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise ConfigError([f"DIGITS_PARALLEL is '{text}'; it must be a whole number from 1 to 64."])
    return int(text)


def count_threads(config: TrainConfig) -> int:
    """Return the CPU threads of a run: as its config says, or its share of the cores where several may train at once.

    Raises:
        ConfigError: as `read_parallel_limit`.
    """
    return config.runtime.threads or max(1, (os.cpu_count() or 1) // read_parallel_limit())


def start_run(config: TrainConfig, recipe: str, name: str = "") -> Run:
    """Create a run and launch its training process."""
    read_parallel_limit()
    run = store.create_run(config, recipe, name)
    _launch(run)
    return run


def resume_run(run: Run) -> None:
    """Launch a training process that continues a stopped, failed or lost run from its last checkpoint.

    Raises:
        RunError: if the run is under way or already complete.
    """
    check_resumable(run)
    _launch(run)


def check_resumable(run: Run, *, is_launched: bool = False) -> None:
    """Raise RunError unless the run can go on in a process of its own.

    Args:
        run: stopped, failed or lost.
        is_launched: asked by the process that was launched for the run, which is queued until this process claims it.
    """
    record = store.read_record(run)
    state = store.compute_state(record)
    if run.pretrained or state == "completed":
        raise RunError(f"{run.id} is complete; there is nothing to resume. Start a new run to train further.")
    if state == "running" or (state == "queued" and (store.is_alive(record) or not is_launched)):
        raise RunError(f"{run.id} is {state} already.")


def stop_run(run: Run) -> None:
    """Ask the training process for a checkpoint and an end; it answers within a step or two.

    Raises:
        RunError: if the run is not under way.
    """
    state = store.compute_state(store.read_record(run))
    if state not in ("queued", "running"):
        raise RunError(f"{run.id} is {state}; only a queued or running run can be stopped.")
    with explain_refusals(_stop_file(run)):
        _stop_file(run).touch()


@contextmanager
def hold(run: Run) -> Iterator[None]:
    """Keep every other process from training the run for as long as the context lasts.

    Raises:
        RunError: if another process does.
    """
    # The system releases the lock when its process dies, however it dies.
    lock = FileLock(run.path / ".trainer.lock")
    try:
        with explain_refusals(run.path):
            lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"{run.id} is being trained by another process.") from None
    try:
        yield
    finally:
        lock.release()


def is_stop_requested(run: Run) -> bool:
    """Whether someone has asked the run to stop."""
    return _stop_file(run).exists()


def clear_stop_request(run: Run) -> None:
    """Forget an earlier request to stop."""
    with explain_refusals(_stop_file(run)):
        _stop_file(run).unlink(missing_ok=True)


def _stop_file(run: Run) -> Path:
    return run.path / "stop"


def _launch(run: Run) -> None:
    clear_stop_request(run)
    store.update_record(
        run, status="queued", phase="waiting", launched=store.now(), pid=None, process="", heartbeat="", error=""
    )
    log = run.path / "train.log"
    try:
        with explain_refusals(log):
            processes.launch_detached(["train", "--resume", run.id], log, append=True, DIGITS_BACKGROUND="1")
    except RunError as error:
        store.update_record(run, status="failed", phase="", error=str(error))
        raise


@contextmanager
def wait_for_turn(run: Run) -> Iterator[bool]:
    """Wait until fewer than the permitted number of runs train, oldest request first.

    Yields:
        True when the turn has come (it lasts until the context ends), False if the run was asked to stop first.
    """
    limit = read_parallel_limit()
    tickets = paths.runs_dir() / ".queue"
    with explain_refusals(tickets):
        tickets.mkdir(parents=True, exist_ok=True)
    # A batch launches many processes at once; they take their turns in the order of the requests, not of their imports.
    requested = datetime.fromisoformat(store.read_record(run).launched or store.now())
    ticket = tickets / f"{int(requested.timestamp() * 1e9):020d}-{run.id}.json"
    write_json(ticket, {"pid": os.getpid(), "process": processes.mark_process()})
    try:
        with explain_refusals(tickets):
            lock = _take_slot(run, ticket, limit)
    finally:
        # Once this process has ended, the next one in the queue removes it.
        with suppress(OSError):
            ticket.unlink(missing_ok=True)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


def _take_slot(run: Run, ticket: Path, limit: int) -> FileLock | None:
    """Return the lock of a free slot once no older ticket waits; None if the run is asked to stop."""
    while not is_stop_requested(run):
        if _find_oldest(ticket.parent) == ticket:
            for number in range(limit):
                # The system releases the lock when its process dies, however it dies.
                lock = FileLock(ticket.parent / f"slot-{number}.lock")
                try:
                    lock.acquire(timeout=0)
                    return lock
                except Timeout:
                    continue
        time.sleep(POLL_S)
    return None


def count_waiting() -> int:
    """Return how many processes wait for their turn."""
    return sum(1 for path in (paths.runs_dir() / ".queue").glob("*.json") if _is_owned(path))


def count_training() -> int:
    """Return how many turns are taken."""
    taken = 0
    for path in (paths.runs_dir() / ".queue").glob("slot-*.lock"):
        lock = FileLock(path)
        try:
            with explain_refusals(path):
                lock.acquire(timeout=0)
            lock.release()
        except Timeout:
            taken += 1
    return taken


def _is_owned(ticket: Path) -> bool:
    """Whether the process that wrote the ticket still lives."""
    try:
        owner = read_json(ticket)
        return processes.is_marked(owner["pid"], owner["process"])
    except (RunError, LookupError, TypeError, AttributeError):
        return False  # gone or unreadable


def _find_oldest(tickets: Path) -> Path | None:
    """Return the oldest ticket whose process lives; those of dead processes are removed."""
    for path in sorted(tickets.glob("*.json")):
        if _is_owned(path):
            return path
        path.unlink(missing_ok=True)
    return None
