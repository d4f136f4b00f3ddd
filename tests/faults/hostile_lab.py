"""Takes in hostile files, each in a process of its own that is forked from this one, and measures what that costs.

A program of its own: PyTorch is imported once. Reads a JSON list of [way in, file] from standard input and prints a
JSON list of what became of each: `outcome` is "answer", "refused" (with its sentence), or an error no page catches.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import torch

import core.cli
from core.data.picture import read_picture
from core.drawings.archive import import_zip
from core.errors import CoreError
from core.evaluation.predict import load_classifier
from core.evaluation.read import read_numbers
from core.evaluation.report import load_predictions, load_report
from core.files import read_json
from core.models.catalog import get_model_spec
from core.runs.store import Run
from core.training.checkpoint import load_checkpoint, load_weights

# So much more than at its start, and it is ended, so that no fault takes the machine with it.
_LIMIT_BYTES = 3_000_000_000
_LIMIT_S = 60


def predict(file: Path) -> None:
    """Read a picture as `python -m core predict` does."""
    sys.argv = ["core", "predict", os.environ["HOSTILE_RUN"], str(file)]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            core.cli.main()
        except SystemExit as end:
            if end.code:
                raise CoreError(said.getvalue().strip()) from None


WAYS_IN = {
    "picture": lambda file: read_picture(file.read_bytes()),
    "predict": predict,
    "zip": lambda file: _say_problems(import_zip(file.read_bytes())),
    "weights": lambda file: load_weights(file, get_model_spec("mlp").build()),
    "checkpoint": load_checkpoint,
    "predictions": lambda file: load_predictions(Run(file.parent)),
    "report": lambda file: load_report(Run(file.parent)),
    "json": read_json,
}


def _say_problems(imported: object) -> None:
    if imported.problems and not imported.saved:
        raise CoreError(imported.problems[0])


def _measure(way: str, file: Path) -> dict[str, object]:
    limit = 1000 * _read_memory("VmSize") + _LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.alarm(_LIMIT_S)
    before = _read_memory("VmRSS")
    started, cpu_started = time.monotonic(), time.process_time()
    try:
        WAYS_IN[way](file)
        outcome, message = "answer", ""
    except CoreError as error:
        outcome, message = "refused", str(error)
    except Exception as error:
        outcome, message = type(error).__name__, traceback.format_exc()[-1500:]
    return {
        "outcome": outcome,
        "message": message,
        "cpu_s": time.process_time() - cpu_started,
        "wall_s": time.monotonic() - started,
        "megabytes": (_read_memory("VmHWM") - before) / 1000,
    }


def _read_memory(name: str) -> int:
    """Return a figure of this process in kilobytes: its memory now (VmRSS), or at its most (VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(name)


def _run(way: str, file: Path) -> dict[str, object]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(_measure(way, file), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if text else {"outcome": f"ended with {status}", "message": ""}


def _warm_up() -> None:
    """Load what the first reading loads, which is no fault of any file."""
    run = Run(Path(os.environ["HOSTILE_RUN_FOLDER"]))
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:50, 28:33] = 0
    read_numbers(load_classifier(run), picture)
    with contextlib.suppress(CoreError):
        read_picture(b"no picture")


if __name__ == "__main__":
    torch.set_num_threads(1)  # the threads of a pool are not there after a fork
    _warm_up()
    json.dump([_run(way, Path(file)) for way, file in json.load(sys.stdin)], sys.stdout)
