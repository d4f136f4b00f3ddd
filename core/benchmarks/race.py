"""Seconds to 99 %: the recipe `sprint` beside its peer, in turns within one process; and what more seconds buy."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import torch

from core.benchmarks.peer import compute_accuracy, prepare, train_peer
from core.data.datasets import load
from core.models.forward import compute_logits
from core.recipes import get_recipe
from core.runs import store
from core.training.loop import fit
from core.training.recorder import Recorder
from core.training.state import build_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config import TrainConfig

GOALS = {"sprint_accuracy_mean": 0.99, "sprint_speedup": 8.0}
_BENT = {"rotate": 6.0, "shift": 0.04, "scale": 0.07, "shear": 4.0, "label_smoothing": 0.05}
# From the quickest to the slowest; all are `sprint` with these settings changed, which were chosen by validation.
FRONTIER: tuple[dict[str, object], ...] = (
    {"epochs": 0.2},
    {"epochs": 0.3},
    {"epochs": 1},
    {"epochs": 2, **_BENT},
    {"epochs": 4, **_BENT},
    {"epochs": 8, **_BENT},
)
FRONTIER_SEEDS = 3
HIGH = 0.994


def train_once(config: TrainConfig, recipe: str = "sprint") -> tuple[float, float]:
    """Train a config as `python -m core train` does, metrics and checkpoints included.

    Returns:
        The seconds its steps took, and the share of the test digits that its last weights read right.
    """
    data, run = load(config.data.dataset), store.create_run(config, recipe)
    state = build_state(config)
    with Recorder(run) as recorder:
        fit(config, data, run, state, recorder)
    logits = compute_logits(state.evaluated_network, torch.from_numpy(data.test.images), config)
    right = (logits.argmax(1) == torch.from_numpy(data.test.labels)).float().mean().item()
    return state.progress.train_seconds, right


def measure_race(seeds: int, on_progress: Callable[[str], None]) -> dict[str, float]:
    """Train `sprint` and the peer in turns, each with seeds 0, 1, … and return times, ratios and test accuracies."""
    data, recipe = load("mnist"), get_recipe("sprint")
    training, test = prepare(data.train), prepare(data.test)
    train_once(recipe.config)  # the first run of a process also chooses the kernels
    sprint, peer = [], []
    for seed in range(seeds):
        network, seconds = train_peer(*training, seed)
        peer.append((seconds, compute_accuracy(network, *test)))
        sprint.append(train_once(recipe.config.with_settings({"seed": seed})))
        on_progress(
            f"seed {seed}: sprint {sprint[-1][0]:.2f} s, {sprint[-1][1]:.2%}; peer {seconds:.2f} s, {peer[-1][1]:.2%}"
        )
    ratios = [slow / quick for (slow, _), (quick, _) in zip(peer, sprint, strict=True)]
    return {
        "sprint_speedup": statistics.median(ratios),
        "sprint_accuracy_mean": statistics.fmean(right for _, right in sprint),
        "sprint_accuracy_sd": statistics.stdev(right for _, right in sprint) if seeds > 1 else 0.0,
        "sprint_s": statistics.median(seconds for seconds, _ in sprint),
        "peer_s": statistics.median(seconds for seconds, _ in peer),
        "peer_accuracy_mean": statistics.fmean(right for _, right in peer),
    }


def measure_frontier(on_progress: Callable[[str], None]) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Train `sprint` for less and for more; return the seconds to 99.4 %, if reached, and the points."""
    points: list[dict[str, Any]] = []
    config = get_recipe("sprint").config
    for settings in FRONTIER:
        runs = [train_once(config.with_settings({**settings, "seed": seed})) for seed in range(FRONTIER_SEEDS)]
        point = {
            "settings": settings,
            "seconds": statistics.median(seconds for seconds, _ in runs),
            "accuracy": statistics.fmean(right for _, right in runs),
        }
        points.append(point)
        on_progress(f"{settings['epochs']:g} epochs: {point['seconds']:.2f} s, {point['accuracy']:.2%}")
    figures = {name_point(point["settings"], "s"): point["seconds"] for point in points}
    figures |= {name_point(point["settings"], "accuracy"): point["accuracy"] for point in points}
    reached = [point["seconds"] for point in points if point["accuracy"] >= HIGH]
    return figures | ({"accuracy_99_4_s": min(reached)} if reached else {}), points


def name_point(settings: dict[str, object], what: str) -> str:
    """Return the name of a figure of the frontier, as in 'frontier_0_3_epochs_s'."""
    return f"frontier_{settings['epochs']}_epochs_{what}".replace(".", "_")
