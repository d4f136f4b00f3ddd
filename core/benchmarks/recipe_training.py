"""Training recipes over several seeds: what is done is not done again, what was broken off goes on."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.benchmarks.machine import describe_machine
from core.errors import RunError, TrainingError
from core.runs import jobs, store
from core.runs.batch import plan_batch
from core.runs.groups import find_config, get_record, strip_seed
from core.runs.measured import find_group

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from core.config import TrainConfig
    from core.recipes import Recipe
    from core.runs.groups import RunGroup
    from core.runs.store import Run, RunEntry

POLL_S = 0.5
UNDER_WAY = ("queued", "running")


def train_recipes(
    recipes: Sequence[Recipe],
    seeds: int,
    on_progress: Callable[[str], None],
    on_done: Callable[[Recipe], None],
    done: Mapping[str, Collection[int]] | None = None,
) -> None:
    """Train over consecutive seeds what is missing, as many at once as DIGITS_PARALLEL allows.

    Ctrl-C stops what trains at a checkpoint; the next call goes on from there.

    Args:
        recipes: in the order in which they are trained.
        seeds: of each, 1..100.
        on_progress: told what begins, and what fails.
        on_done: told of a recipe as soon as one more of its seeds is done.
        done: seeds by recipe that need no training, as they were measured before; None is none.

    Raises:
        ConfigError: if the number of seeds does not do.
        TrainingError: in the end, if some trainings failed.
    """
    problems: list[str] = []

    def note_end(recipe: Recipe, run: Run) -> None:
        entry = store.read_entry(run)
        if entry.state == "completed":
            on_done(recipe)
            return
        why = f" ({entry.record.error})" if entry.record and entry.record.error else ""
        problems.append(f"{run.id} is {entry.state or 'unreadable'}{why}")
        on_progress(problems[-1])

    batch = [(recipe, config) for recipe in recipes for config in plan_batch(recipe.config, seeds)]
    known = done or {}
    missing = [(recipe, config) for recipe, config in batch if config.runtime.seed not in known.get(recipe.name, ())]
    _train_missing(missing, on_progress, note_end)
    if problems:
        raise TrainingError(f"{'; '.join(problems)}. The same command trains on from there; all else is kept.")


def find_seeds(recipe: Recipe, seeds: int, entries: list[RunEntry], without: Collection[int] = ()) -> RunGroup | None:
    """Return the completed runs of a recipe's first seeds that were trained here on its device; None if there are none.

    Args:
        recipe: what they are seeds of.
        seeds: how many of its seeds are looked for.
        entries: all runs there.
        without: seeds that are not looked for.
    """
    device = choose_device_name(recipe.config)
    wanted = {config.runtime.seed for config in plan_batch(recipe.config, seeds)}.difference(without)
    own = [entry for entry in entries if entry.record and entry.record.device == device]
    return find_group(recipe, [entry for entry in own if get_record(entry).seed in wanted])


def describe_training_machine(recipes: Sequence[Recipe]) -> dict[str, Any]:
    """Return what recipes are trained on, with the GPU's name if any of them trains on one.

    Raises:
        ConfigError: if one names a device that is not here.
    """
    from core.models.forward import check_device

    machine = describe_machine()
    for recipe in recipes:
        check_device(recipe.config)
        if choose_device_name(recipe.config) == "cuda":
            import torch

            machine["accelerator"] = torch.cuda.get_device_name()
    return machine


def choose_device_name(config: TrainConfig) -> str:
    """Return the device that the config trains on here: "cpu", "cuda" or "mps"."""
    # PyTorch takes seconds to import, and the command line's help needs none of it.
    from core.models.forward import choose_device

    return str(choose_device(config))


def _train_missing(
    wanted: Sequence[tuple[Recipe, TrainConfig]],
    on_progress: Callable[[str], None],
    on_end: Callable[[Recipe, Run], None],
) -> None:
    """Train what is missing; `on_end` is told of each run as soon as it has ended, well or not."""
    limit = jobs.read_parallel_limit()
    waiting = deque(wanted)
    under_way: dict[Run, Recipe] = {}
    try:
        while waiting or under_way:
            while waiting and len(under_way) < limit:
                recipe, config = waiting.popleft()
                run = _start(recipe, config)
                if run is not None:
                    under_way[run] = recipe
                    left = f"; up to {len(waiting)} more after it" if waiting else ""
                    on_progress(f"{recipe.name}, seed {config.runtime.seed} trains as {run.id}{left}")
            ended = [run for run in under_way if store.read_entry(run).state not in UNDER_WAY]
            for run in ended:
                on_end(under_way.pop(run), run)
            if under_way and not ended:
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        _stop(under_way)
        raise


def _start(recipe: Recipe, config: TrainConfig) -> Run | None:
    """Train one seed of a recipe, unless that is done (None) or under way, from where it was broken off if it was."""
    device = choose_device_name(config)
    same = [entry for entry in store.list_runs() if _is_attempt(entry, recipe, config, device)]
    if any(entry.state == "completed" for entry in same):
        return None
    active = [entry.run for entry in same if entry.state in UNDER_WAY]
    if active:
        return active[0]
    if not same:
        return jobs.start_run(config, recipe.name)
    run = max(same, key=lambda entry: get_record(entry).step).run
    jobs.resume_run(run)
    return run


def _is_attempt(entry: RunEntry, recipe: Recipe, config: TrainConfig, device: str) -> bool:
    """Whether a run is one of this recipe, seed and device; the device of one that has not begun is open."""
    record = entry.record
    if record is None or entry.run.pretrained or record.recipe != recipe.name or record.seed != config.runtime.seed:
        return False
    found = find_config(entry)
    return found is not None and strip_seed(found) == strip_seed(config) and record.device in ("", device)


def _stop(runs: Iterable[Run]) -> None:
    """Ask runs for a checkpoint and an end, and wait until all have ended."""
    for run in runs:
        # One of them may have ended by itself just now.
        with suppress(RunError):
            jobs.stop_run(run)
    while any(store.read_entry(run).state in UNDER_WAY for run in runs):
        time.sleep(POLL_S)
