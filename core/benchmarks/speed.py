"""How quick training is: the time to 99 %, the input pipeline, the loop, starting a run, and answering."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

from core.benchmarks import pipeline, race, training_cost
from core.benchmarks.home import open_home
from core.benchmarks.machine import describe_machine
from core.training.memory import keep_freed_memory

if TYPE_CHECKING:
    from collections.abc import Callable

GOALS = {**race.GOALS, **pipeline.GOALS, **training_cost.GOALS}


def measure_speed(
    seeds: int = 10, repeats: int = 10, on_progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure training on every core of this machine; the two sides of each ratio take turns.

    Args:
        seeds: of `sprint` and its peer.
        repeats: of everything else; figures are medians.
        on_progress: told what is measured next, and what has come out.

    Returns:
        {machine, figures: {name: value}, goals: {name: value}, frontier: [{settings, seconds, accuracy}]}; `_s` are
        seconds, `_ms` milliseconds, accuracies and shares fractions.

    Raises:
        CoreError: if MNIST is missing, or a run does not start.
    """
    threads = torch.get_num_threads()
    keep_freed_memory()  # as in a process that trains, for both sides of every ratio
    torch.set_num_threads(os.cpu_count() or 1)
    figures: dict[str, float] = {}
    try:
        with open_home():
            on_progress("sprint and its peer")
            figures |= race.measure_race(seeds, on_progress)
            on_progress("augmentation, ours and torchvision's")
            figures |= pipeline.measure_pipeline(repeats)
            on_progress("compact-13k")
            figures |= pipeline.measure_compact(repeats)
            on_progress("the loop beside a bare one")
            figures |= training_cost.measure_loop(repeats, on_progress)
            on_progress("answers")
            figures |= training_cost.measure_answers(repeats)
            on_progress("starting runs")
            figures |= training_cost.measure_start(repeats)
            on_progress("what more seconds buy")
            more, points = race.measure_frontier(on_progress)
            figures |= more
    finally:
        torch.set_num_threads(threads)
    return {"machine": describe_machine(), "figures": figures, "goals": GOALS, "frontier": points}
