"""Several runs from one config: seeds, training-set sizes, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config import TrainConfig

MAX_SEEDS = 100


def plan_batch(config: TrainConfig, seeds: int = 1, sizes: Sequence[int] = ()) -> list[TrainConfig]:
    """Return the config for each seed and each training-set size.

    Every size is trained for as many optimiser steps as `config` takes: what differs is how many digits there are to
    learn from, not how long is learnt. What counts in epochs (the schedules step, exponential and plateau, and early
    stopping) counts the more numerous epochs of the smaller set.

    Args:
        config: the settings to start from; its seed is the first.
        seeds: number of consecutive seeds, 1..100.
        sizes: training digits; empty keeps those of `config`. Repetitions count once.

    Returns:
        All seeds of the first size, then of the next.

    Raises:
        ConfigError: with a sentence for every number that does not do.
    """
    if not 1 <= seeds <= MAX_SEEDS:
        raise ConfigError([f"The number of seeds is {seeds}; it must be from 1 to {MAX_SEEDS}."])
    problems: list[str] = []
    sized: list[TrainConfig] = []
    for size in dict.fromkeys(sizes):
        try:
            sized.append(resize(config, size))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    first = config.runtime.seed
    return [one.with_settings({"runtime.seed": first + i}) for one in sized or [config] for i in range(seeds)]


def resize(config: TrainConfig, size: int) -> TrainConfig:
    """Return the config on `size` training digits, with the epochs that make as many steps as before.

    Raises:
        ConfigError: if there are not so many digits, or it would take more epochs than a run may have.
    """
    if size == config.train_size:
        return config
    sized = config.with_settings({"data.train_size": size})
    epochs = config.total_steps / sized.steps_per_epoch
    limit = 1000
    if epochs > limit:
        raise ConfigError(
            [
                f"{size:,} training digits would need {epochs:,.0f} epochs for the {config.total_steps:,} steps that "
                f"{config.train_size:,} digits take; at most {limit:,} are allowed, so take more digits."
            ]
        )
    return sized.with_settings({"loop.epochs": epochs})
