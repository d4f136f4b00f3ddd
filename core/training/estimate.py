"""How long a run will train, from a few real steps on random pixels."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.models.forward import check_device, choose_device
from core.runs.jobs import count_threads
from core.training.loop import Window, take_step
from core.training.state import build_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config import TrainConfig
    from core.training.loop import Teacher

# The first steps allocate memory and choose kernels.
WARM_UP_STEPS = 2
LEAST_STEPS = 5
BUDGET_S = 0.8
# Beyond this a step's time grows in proportion, and one alone could take longer than anyone waits for an estimate.
LARGEST_BATCH = 4096


def estimate_seconds(config: TrainConfig, teacher: Teacher | None = None) -> float:
    """Time some steps, augmentation included, and return the seconds that all steps of the run would take.

    Starting the process, validating, saving and the final evaluation come on top. PyTorch's random numbers and number
    of threads are afterwards what they were.

    Args:
        config: all settings.
        teacher: the one that the config names, whose answers take time too; None if it names none.

    Raises:
        ConfigError: if the config asks for a device this machine lacks.
    """
    check_device(config)
    batch_size = min(config.loop.batch_size, config.train_size)
    timed_size = min(batch_size, LARGEST_BATCH)
    with _keep_settings(config):
        state = build_state(config)
        random = np.random.default_rng(0)
        pixels = torch.from_numpy(random.integers(0, 256, (timed_size, 28, 28), dtype=np.uint8)).to(state.device)
        labels = torch.from_numpy(random.integers(0, 10, timed_size, dtype=np.int64)).to(state.device)
        batch, window = torch.arange(timed_size, device=state.device), Window(state.device)
        times: list[float] = []
        while len(times) < WARM_UP_STEPS + LEAST_STEPS or sum(times) < BUDGET_S:
            start = time.perf_counter()
            take_step(config, (pixels, labels), batch, state, window, teacher)
            if state.device.type != "cpu":
                torch.accelerator.synchronize(state.device)
            times.append(time.perf_counter() - start)
    # The quickest step: what else the machine does just now says little about the whole run.
    return min(times[WARM_UP_STEPS:]) * batch_size / timed_size * config.total_steps


@contextmanager
def _keep_settings(config: TrainConfig) -> Iterator[None]:
    """Set the threads a run would have; restore them and the random state at the end."""
    threads = torch.get_num_threads()
    device = choose_device(config)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.set_num_threads(count_threads(config))
        try:
            yield
        finally:
            torch.set_num_threads(threads)
