"""One run from its folder to its end: wait for a turn, train or resume, evaluate, and keep run.json true throughout."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import CoreError, RunError
from core.files import describe_refusal, explain_refusals, remove_leftovers
from core.processes import mark_process
from core.runs import jobs, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.config import TrainConfig
    from core.runs.store import Run, RunRecord
    from core.training.recorder import Recorder

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "streamlit")
# A file that only takes up room, given back when the disk is full, so that run.json can still say so.
RESERVE, RESERVE_BYTES = ".reserve", 65_536


def train_run(run: Run, on_line: Callable[[dict[str, Any]], None] | None = None) -> RunRecord:
    """Train a new or interrupted run in this process when its turn has come, then evaluate it.

    Args:
        run: a folder with config.json.
        on_line: called with every line of metrics.jsonl, for a progress bar.

    Returns:
        The record, with status "completed" or "stopped".

    Raises:
        CoreError: if training cannot go on; run.json then says "failed" with the same sentence.
    """
    with jobs.hold(run):
        return _train_held(run, on_line)


def _train_held(run: Run, on_line: Callable[[dict[str, Any]], None] | None) -> RunRecord:
    config = store.read_config(run)
    _claim(run)
    try:
        with jobs.wait_for_turn(run) as came:
            status = _train_and_evaluate(run, config, on_line) if came else "stopped"
        jobs.clear_stop_request(run)
        return _close(run, status=status)
    except KeyboardInterrupt:
        _close(run, status="stopped")
        raise
    except BaseException as error:
        reason = describe_refusal(error) or f"{type(error).__name__}: {error}"
        if isinstance(error, CoreError):
            reason = str(error)
        # If even that cannot be written, the reason is in the log, and the run is found to be lost.
        with suppress(RunError):
            _close(run, status="failed", error=reason)
        raise


def _close(run: Run, **changes: Any) -> RunRecord:
    """Write how a run ended, on a full disk into the room that was kept for it."""
    with suppress(OSError):
        (run.path / RESERVE).unlink(missing_ok=True)
    return store.update_record(run, phase="", finished=store.now(), **changes)


def _claim(run: Run) -> None:
    """Write this process into the run, and drop what an earlier evaluation said of weights that will now change."""
    with explain_refusals(run.path):
        for name in ("report.json", "test.npz", "validation.npz"):
            (run.path / name).unlink(missing_ok=True)
        # Notes are written by the pages, perhaps just now.
        remove_leftovers(run.path, keep="notes.json")
        (run.path / RESERVE).write_bytes(os.urandom(RESERVE_BYTES))
    store.update_record(
        run,
        status="queued",
        phase="waiting",
        error="",
        pid=os.getpid(),
        process=mark_process(),
        heartbeat=store.now(),
        test_correct=None,
        test_total=None,
        weights="",
    )


def _train_and_evaluate(run: Run, config: TrainConfig, on_line: Callable[[dict[str, Any]], None] | None) -> str:
    store.update_record(run, status="running", phase="preparing", started=store.now(), **_describe_program())
    # PyTorch takes seconds to import; the record above is already on the page by then.
    import torch

    from core.data.datasets import load
    from core.evaluation.report import evaluate_run
    from core.evaluation.teacher import load_teacher
    from core.models.forward import check_device
    from core.models.summary import count_parameters
    from core.training.loop import fit
    from core.training.memory import keep_freed_memory
    from core.training.recorder import Recorder, cut_metrics, read_best_validation
    from core.training.state import build_state, restore_state

    keep_freed_memory()
    torch.set_num_threads(jobs.count_threads(config))
    torch.backends.cudnn.deterministic = True
    check_device(config)
    data = load(config.data.dataset)
    state = build_state(config)
    teacher = load_teacher(config, state.device)
    if (run.path / "last.safetensors").exists():
        restore_state(run, state)
    cut_metrics(run, state.progress.step)
    record = store.update_record(
        run,
        phase="training",
        parameters=count_parameters(state.network),
        device=str(state.device),
        threads=torch.get_num_threads(),
        dataset_checksum=data.checksum,
        step=state.progress.step,
        best_validation_accuracy=read_best_validation(run),
    )
    with Recorder(run, on_line) as recorder, _stop_on_signals(recorder):
        outcome = fit(config, data, run, state, recorder, teacher)
    store.update_record(run, step=state.progress.step, train_seconds=state.progress.train_seconds)
    if outcome == "completed":
        store.update_record(run, phase="evaluating", heartbeat=store.now())
        evaluate_run(run, data, record.dataset_checksum)
    return outcome


@contextmanager
def _stop_on_signals(recorder: Recorder) -> Iterator[None]:
    """Turn Ctrl-C and a termination request into a checkpoint and an orderly end; a second Ctrl-C ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: object) -> None:
        recorder.signal_stop()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _describe_program() -> dict[str, Any]:
    """Return what run.json says of the program that trains: versions and, in a checkout, the commit."""
    versions = {"python": platform.python_version()}
    versions |= {name: importlib.metadata.version(name) for name in PACKAGES}
    root = Path(__file__).resolve().parent.parent
    commit = ""
    if (root / ".git").exists() and shutil.which("git"):
        result = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
        commit = result.stdout.strip() if result.returncode == 0 else ""
    return {"versions": versions, "git_commit": commit}
