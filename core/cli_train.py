"""What `python -m core train` does: one run, a resumed one, or several one after another, each watched as it trains."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from core.errors import UsageError
from core.recipes import get_recipe
from core.runs import jobs, store
from core.runs.batch import plan_batch
from core.runs.summary import describe_result

if TYPE_CHECKING:
    from core.config import TrainConfig
    from core.runs.store import Run, RunRecord


def build_config(recipe: str, settings: list[str]) -> TrainConfig:
    """Return a recipe's config with settings written as FIELD=VALUE.

    Raises:
        UsageError: if there is no such recipe or setting, or a value does not do.
    """
    changes: dict[str, object] = {}
    for text in settings:
        key, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"--set {text} has no '='; write --set FIELD=VALUE, as in --set learning_rate=0.01.")
        changes[key.strip()] = value.strip()
    return get_recipe(recipe).config.with_settings(changes)


def parse_sizes(text: str) -> list[int]:
    """Return the numbers of '1000,5000'.

    Raises:
        UsageError: if one is no whole number.
    """
    sizes = []
    for part in text.split(","):
        if not part.strip().isdecimal():
            raise UsageError(f"--sizes {text} holds '{part}'; write whole numbers, as in --sizes 1000,5000,55000.")
        sizes.append(int(part))
    return sizes


def find_resumed(reference: str) -> Run:
    """Return the run to resume, ready to go on.

    Raises:
        RunNotFoundError: if there is none.
        RunError: if it is complete or under way.
        ConfigError: if its config.json cannot be used.
    """
    run = store.find_run(reference)
    store.read_config(run)
    is_launched = os.environ.get("DIGITS_BACKGROUND") == "1"
    jobs.check_resumable(run, is_launched=is_launched)
    if not is_launched:
        # The page that launched a background process has done both itself.
        jobs.clear_stop_request(run)
        store.update_record(run, launched=store.now())
    return run


def train_watched(run: Run, *, quiet: bool, background: bool = False) -> RunRecord:
    """Train a run and say how it ended, or say nothing.

    Args:
        run: a new or interrupted one.
        quiet: print nothing.
        background: print a line per epoch, as a log wants it, instead of a progress bar.
    """
    from core.train import train_run

    if quiet:
        return train_run(run)
    record = train_run(run, _print_epoch) if background else _train_with_bar(run)
    if record.status == "stopped":
        typer.echo(f"Stopped at step {record.step:,}; `python -m core train --resume {run.id}` continues it.")
    else:
        typer.echo(describe_result(record))
    return record


def train_batch(
    config: TrainConfig, recipe: str, name: str, *, seeds: int, sizes: list[int], quiet: bool
) -> tuple[list[Run], bool]:
    """Train one run after another, for each seed and each training-set size.

    Args:
        config: the settings to start from.
        recipe: its name.
        name: of every run.
        seeds: number of consecutive seeds, 1..100.
        sizes: training digits; empty keeps those of the config.
        quiet: print nothing.

    Returns:
        The runs that were begun, and whether it was broken off: by Ctrl-C, or as someone stopped one of them.
    """
    configs = plan_batch(config, seeds, sizes)
    jobs.read_parallel_limit()
    runs: list[Run] = []
    for number, one in enumerate(configs, 1):
        if not quiet:
            typer.echo(f"Run {number} of {len(configs)}: seed {one.runtime.seed}, {one.train_size:,} training digits.")
        runs.append(store.create_run(one, recipe, name))
        try:
            record = train_watched(runs[-1], quiet=quiet)
        except KeyboardInterrupt:
            return runs, True
        if record.status == "stopped":
            return runs, True
    return runs, False


def _train_with_bar(run: Run) -> RunRecord:
    from tqdm import tqdm

    from core.train import train_run

    if (count := jobs.count_waiting()) or jobs.count_training() >= jobs.read_parallel_limit():
        typer.echo(f"Another run is training ({count} waiting before this one); this one starts when its turn comes.")
    total = store.read_record(run).total_steps
    with tqdm(total=total, unit="step", desc=run.id, dynamic_ncols=True) as bar:
        return train_run(run, lambda line: _move_bar(bar, line))


def _move_bar(bar: Any, line: dict[str, Any]) -> None:
    bar.update(line["step"] - bar.n)
    if line["kind"] == "epoch":
        bar.write(_describe_epoch(line))
    else:
        bar.set_postfix(loss=f"{line['train_loss']:.4f}", refresh=False)


def _print_epoch(line: dict[str, Any]) -> None:
    if line["kind"] == "epoch":
        typer.echo(_describe_epoch(line))


def _describe_epoch(line: dict[str, Any]) -> str:
    text = f"epoch {line['epoch']:g}: training loss {line['train_loss']:.4f}, accuracy {line['train_accuracy']:.2%}"
    if line["validation_loss"] is not None:
        text += f"; validation loss {line['validation_loss']:.4f}, accuracy {line['validation_accuracy']:.2%}"
    return f"{text}; {line['images_per_second']:,.0f} images/s"
