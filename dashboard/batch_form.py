"""Several runs from one form: how many seeds, and how many digits to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import ConfigError
from core.runs.batch import plan_batch
from dashboard.settings_form import say_in_words

if TYPE_CHECKING:
    from core.config import TrainConfig

# A waiting run is a process; more than these would crowd the machine.
MAX_RUNS = 50
_SEEDS, _SIZES = "batch_seeds", "batch_sizes"
_OFFERED = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def check_batch(config: TrainConfig) -> tuple[list[TrainConfig], list[str]]:
    """Return the config of every run that is asked for, or none and a sentence for each problem.

    Args:
        config: the settings in the form.
    """
    seeds, texts = st.session_state.get(_SEEDS, 1), st.session_state.get(_SIZES, [])
    problems = [f"Training-set size '{text}' is no whole number." for text in texts if _parse(text) is None]
    sizes = {size for text in texts if (size := _parse(text)) is not None}
    if problems:
        return [], problems
    count = seeds * max(1, len(sizes))
    if count > MAX_RUNS:
        return [], [f"These are {count} runs; at most {MAX_RUNS} are started at once, so take fewer seeds or sizes."]
    try:
        return plan_batch(config, seeds, sorted(sizes)), []
    except ConfigError as error:
        return [], [say_in_words(problem) for problem in error.problems]


def render_batch_form(config: TrainConfig | None) -> None:
    """Draw the choice of seeds and training-set sizes behind a button.

    Args:
        config: the settings in the form; None while they are not valid.
    """
    with st.popover("Several runs", width="stretch"):
        st.number_input(
            "Seeds",
            min_value=1,
            max_value=100,
            step=1,
            key=_SEEDS,
            help="Train so many times, with one seed after another. Their mean and spread say more than one run: at "
            "99.5 % most differences between two runs are chance.",
        )
        st.multiselect(
            "Training-set sizes",
            _list_sizes(config),
            key=_SIZES,
            accept_new_options=True,
            # So that Enter after a number takes that number, not all that look like it.
            select_all=False,
            filter_mode="prefix",
            placeholder="the size in the settings",
            help="Train on so many digits each, for as many steps as the settings make: the epochs are scaled. "
            "Choose some or write your own; with two or more, the Runs page draws a learning curve.",
        )


def describe_batch(configs: list[TrainConfig]) -> str:
    """Say what several runs are, as in '6 runs: seeds 0 to 2, each on 1,000 and 5,000 digits for 215 steps'.

    Args:
        configs: at least one.
    """
    seeds = [config.runtime.seed for config in configs]
    sizes = [f"{size:,}" for size in sorted({config.train_size for config in configs})]
    named = f"seeds {min(seeds)} to {max(seeds)}, each" if len(set(seeds)) > 1 else f"seed {seeds[0]},"
    listed = " and ".join([", ".join(sizes[:-1]), sizes[-1]] if len(sizes) > 1 else sizes)
    runs = "1 run" if len(configs) == 1 else f"{len(configs)} runs"
    return f"{runs}: {named} on {listed} digits for {configs[0].total_steps:,} steps. They take turns."


def is_batch() -> bool:
    """Whether more is asked for than the one run of the settings."""
    return st.session_state.get(_SEEDS, 1) > 1 or bool(st.session_state.get(_SIZES))


def reset_batch() -> None:
    """Go back to a single run; called before the widgets are drawn."""
    st.session_state[_SEEDS], st.session_state[_SIZES] = 1, []


def _list_sizes(config: TrainConfig | None) -> list[str]:
    if config is None:
        return []
    whole = config.train_size
    return [f"{size:,}" for size in (*(size for size in _OFFERED if whole / 100 <= size < whole), whole)]


def _parse(text: str) -> int | None:
    digits = text.replace(",", "").replace(" ", "")
    return int(digits) if digits.isdecimal() else None
