"""What the training loop costs beside a bare one, how soon a run takes its first step, and how long answers take."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812

from core import paths
from core.benchmarks.pipeline import time_call
from core.config import AugmentConfig
from core.data.datasets import load, split_indices
from core.errors import CoreError
from core.evaluation.predict import Classifier, Member, predict_probabilities
from core.models.forward import compute_logits, normalize
from core.recipes import get_recipe
from core.runs import jobs, store
from core.runs.history import read_metrics
from core.training.loop import fit
from core.training.recorder import Recorder
from core.training.state import build_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from core.config import TrainConfig

GOALS = {
    "loop_efficiency": 0.95,
    "loop_efficiency_sprint": 0.95,
    "start_beyond_torch_s": 3.0,
    "evaluation_s": 1.5,
    "single_prediction_ms": 3.0,
}
_LIMIT_S = 120.0


def measure_loop(repeats: int, on_progress: Callable[[str], None]) -> dict[str, float]:
    """Train the same networks by the project's loop and by a bare one, in turns; return the ratios of their speeds.

    Augmentation, which the input pipeline is measured by, is off on both sides. compact-13k is trained for an eighth of
    an epoch at a time.
    """
    compact = get_recipe("compact-13k").config.with_settings({"epochs": 0.125, "schedule": "cosine"})
    figures = {}
    for name, config in (("", compact), ("_sprint", get_recipe("sprint").config)):
        config = config.model_copy(update={"augment": AugmentConfig()})
        pairs = [(_train_bare(config), _train_here(config)) for _ in range(repeats + 1)][1:]
        figures[f"loop_efficiency{name}"] = statistics.median(bare / here for bare, here in pairs)
        on_progress(f"loop of {config.model.name}: {figures[f'loop_efficiency{name}']:.3f}")
    return figures


def _train_here(config: TrainConfig) -> float:
    """Return the seconds that all steps take in the project's loop, with its metrics going to the disk."""
    data, run = load("mnist"), store.create_run(config, "sprint")
    state = build_state(config)
    with Recorder(run) as recorder:
        fit(config, data, run, state, recorder)
    return state.progress.train_seconds


def _train_bare(config: TrainConfig) -> float:
    """Return the seconds of the same steps as a script would take them: data normalised beforehand, no metrics."""
    train = load("mnist").train
    chosen = split_indices(train.labels, config.validation_size)[0]
    images = normalize(torch.from_numpy(train.images[chosen]).unsqueeze(1) / 255, config)
    labels, state = torch.from_numpy(train.labels[chosen]), build_state(config)
    batches = torch.split(torch.randperm(len(labels)), config.loop.batch_size)[: config.total_steps]
    network, optimizer, schedule = state.network, state.optimizer, state.scheduler
    is_short = config.runtime.precision == "bfloat16"
    start = time.perf_counter()
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=is_short):
            logits = network(images[batch])
        loss = F.cross_entropy(logits.float(), labels[batch], label_smoothing=config.loss.label_smoothing)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()  # type: ignore[call-arg]
    return time.perf_counter() - start


def measure_start(repeats: int) -> dict[str, float]:
    """Start runs as the page does, and importing torch alone, in turns, each in a new process.

    Returns:
        The median seconds from the request to the first steps on the disk, of the import, and what the first is longer.
    """
    config = get_recipe("sprint").config
    imports, starts = [], []
    for _ in range(repeats):
        imports.append(time_call(lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True)))
        starts.append(_time_first_step(config))
    beyond = [start - alone for start, alone in zip(starts, imports, strict=True)]
    return {
        "start_to_first_step_s": statistics.median(starts),
        "import_torch_s": statistics.median(imports),
        "start_beyond_torch_s": statistics.median(beyond),
    }


def _time_first_step(config: TrainConfig) -> float:
    start = time.perf_counter()
    run = jobs.start_run(config, "sprint")
    seconds = None
    while store.read_entry(run).state in ("queued", "running"):
        with suppress(CoreError):
            if seconds is None and read_metrics(run)[0]:
                seconds = time.perf_counter() - start
                jobs.stop_run(run)  # it may also have come to its end just now
        if time.perf_counter() - start > _LIMIT_S:
            break
        time.sleep(0.01)
    if seconds is None:
        raise CoreError(f"{run.id} took no step within {_LIMIT_S:.0f} s; its log in {run.path} says why.")
    return seconds


def measure_answers(repeats: int) -> dict[str, float]:
    """Return the seconds in which compact-13k reads the 10,000 test digits, and the milliseconds for one digit."""
    digits = load("mnist").test.images
    compact, sprint = (_build(get_recipe(name).config) for name in ("compact-13k", "sprint"))
    evaluations = [
        time_call(lambda: compute_logits(compact[1], torch.from_numpy(digits), compact[0])) for _ in range(repeats + 1)
    ]
    figures = {"evaluation_s": statistics.median(evaluations[1:])}
    for name, (config, network) in (("single_prediction_compact_ms", compact), ("single_prediction_ms", sprint)):
        answer = partial(predict_probabilities, Classifier(store.Run(paths.runs_dir()), (Member(config, network),)))
        figures[name] = 1000 * statistics.median(time_call(partial(answer, digit[None])) for digit in digits[:200])
    return figures


def _build(config: TrainConfig) -> tuple[TrainConfig, nn.Module]:
    network = build_state(config).network
    network.eval()
    return config, network
