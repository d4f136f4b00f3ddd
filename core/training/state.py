"""Everything that changes while a run trains, and its way to disk and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from core.config import list_changes, parse_config
from core.errors import CheckpointError, ConfigError, TrainingError
from core.models.catalog import get_model_spec
from core.models.forward import choose_device
from core.models.initialize import initialize
from core.training.checkpoint import (
    flatten_optimizer,
    load_checkpoint,
    restore_optimizer,
    save_checkpoint,
    save_weights,
)
from core.training.optim import build_average, build_optimizer, build_scheduler

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn
    from torch.optim.swa_utils import AveragedModel

    from core.config import TrainConfig
    from core.runs.store import Run


# A run may be made longer, and go on elsewhere.
_MAY_CHANGE = ("loop.epochs", "loop.early_stopping", "runtime.device", "runtime.threads")


@dataclass
class Progress:
    """Where a run stands; plain numbers, saved as JSON.

    Attributes:
        step: optimiser steps taken.
        train_seconds: time spent in them, augmentation included, validation and saving not.
        epoch_loss, epoch_correct, epoch_seen: sums over the digits of the epoch under way.
        epoch_seconds: time spent in the epoch under way.
        lr: learning rate of the last step taken.
        best_validation_loss: lowest so far; None before the first.
        epochs_since_best: epochs since then.
    """

    step: int = 0
    train_seconds: float = 0.0
    epoch_loss: float = 0.0
    epoch_correct: int = 0
    epoch_seen: int = 0
    epoch_seconds: float = 0.0
    lr: float = 0.0
    best_validation_loss: float | None = None
    epochs_since_best: int = 0

    def start_epoch(self) -> None:
        """Set the sums of the epoch to zero."""
        self.epoch_loss, self.epoch_correct, self.epoch_seen, self.epoch_seconds = 0.0, 0, 0, 0.0


@dataclass
class TrainingState:
    """The parts of a run under way.

    Attributes:
        network: on `device`, in training mode.
        config: all settings.
        average: its averaged copy, None if weight averaging is off.
        augment_generator: random numbers of the augmentation, on `device`; dropout uses PyTorch's global ones.
    """

    network: nn.Module
    config: TrainConfig
    optimizer: torch.optim.Optimizer
    scheduler: LambdaLR | ReduceLROnPlateau
    average: AveragedModel | None
    augment_generator: torch.Generator
    device: torch.device
    progress: Progress = field(default_factory=Progress)

    @property
    def evaluated_network(self) -> nn.Module:
        """The network that is validated, saved as model.safetensors and used for predictions."""
        network: nn.Module = self.network if self.average is None else self.average.module
        return network


def build_network(config: TrainConfig) -> nn.Module:
    """Build the config's network with its initial weights; the caller has seeded PyTorch."""
    network = get_model_spec(config.model.name).build(dropout=config.model.dropout, width=config.model.width)
    initialize(network, config.model.initialization)
    return network.to(memory_format=torch.channels_last) if config.runtime.channels_last else network


def build_state(config: TrainConfig) -> TrainingState:
    """Build the state before the first step. Seeds PyTorch's global generator."""
    torch.manual_seed(config.runtime.seed)
    device = choose_device(config)
    network = build_network(config).to(device)
    network.train()
    optimizer = build_optimizer(network.parameters(), config.optimizer)
    return TrainingState(
        network=network,
        config=config,
        optimizer=optimizer,
        scheduler=build_scheduler(optimizer, config),
        average=build_average(network, config.loop.ema_decay) if config.loop.ema_decay else None,
        augment_generator=torch.Generator(device).manual_seed(config.runtime.seed + 1),
        device=device,
    )


def save_state(run: Run, state: TrainingState) -> None:
    """Write last.safetensors and last.json to resume from, and model.safetensors to predict with.

    Raises:
        TrainingError: if a weight is not finite; the earlier checkpoint then stays.
        RunError: if the disk refuses.
    """
    # Running means too, which are no parameters, and what is averaged apart from the network.
    kept = [*state.network.state_dict().values(), *state.evaluated_network.state_dict().values()]
    if not all(torch.isfinite(value).all() for value in kept):
        raise TrainingError(
            f"The weights are not finite after step {state.progress.step} (learning rate {state.progress.lr:g}); lower "
            "the learning rate or clip gradients, and start again."
        )
    tensors = {f"network.{name}": value for name, value in state.network.state_dict().items()}
    if state.average is not None:
        tensors |= {f"average.{name}": value for name, value in state.average.state_dict().items()}
    optimizer_tensors, groups = flatten_optimizer(state.optimizer)
    tensors |= optimizer_tensors
    tensors["random.torch"] = torch.get_rng_state()
    tensors["random.augment"] = state.augment_generator.get_state()
    if state.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(state.device)
    values = {
        "version": 1,
        "config": state.config.model_dump(),
        "progress": vars(state.progress),
        "optimizer_groups": groups,
        "scheduler": {key: value for key, value in state.scheduler.state_dict().items() if key != "lr_lambdas"},
    }
    save_weights(run.path / "model.safetensors", state.evaluated_network)
    save_checkpoint(run.path / "last.safetensors", tensors, values)


def restore_state(run: Run, state: TrainingState) -> None:
    """Bring a freshly built state to where last.safetensors left off, random numbers included.

    Raises:
        CheckpointError: if the checkpoint is missing, damaged or made with other settings.
    """
    path = run.path / "last.safetensors"
    tensors, values = load_checkpoint(path)
    _check_settings(path, values, state.config)
    try:
        state.network.load_state_dict(_take(tensors, "network."))
        if state.average is not None:
            state.average.load_state_dict(_take(tensors, "average."))
        restore_optimizer(state.optimizer, tensors, values["optimizer_groups"])
        scheduler: dict[str, Any] = values["scheduler"]
        if isinstance(state.scheduler, LambdaLR):
            scheduler["lr_lambdas"] = [None]  # functions are rebuilt from the config
        state.scheduler.load_state_dict(scheduler)
        torch.set_rng_state(tensors["random.torch"])
        state.augment_generator.set_state(tensors["random.augment"])
        if state.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], state.device)
        state.progress = Progress(**values["progress"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not fit the run's config ({error}); start a new run instead.") from None


def _check_settings(path: Path, values: Any, config: TrainConfig) -> None:
    """Refuse the checkpoint of another run, whose tensors may fit all the same.

    Two runs of the same settings take the same steps, so that either's checkpoint will do.
    """
    if not isinstance(values, dict) or "config" not in values:
        return  # written by an earlier version
    try:
        changed = [path for path in list_changes(parse_config(values["config"]), config) if path not in _MAY_CHANGE]
    except ConfigError as error:
        raise CheckpointError(f"{path} does not fit the run's config ({error}); start a new run instead.") from None
    if changed:
        raise CheckpointError(
            f"{path} was made with other settings ({', '.join(changed)}); put the run's own there or start a new run."
        )


def _take(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
