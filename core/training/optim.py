"""Optimiser, learning rate and averaged weights from a TrainConfig."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor, nn

    from core.config import OptimizerConfig, TrainConfig

# One-cycle without a warm-up is a cosine; 0.3 is the share PyTorch's own OneCycleLR rises over.
ONE_CYCLE_WARMUP = 0.3
ONE_CYCLE_START = 1 / 25


def build_optimizer(parameters: Iterable[nn.Parameter], config: OptimizerConfig) -> torch.optim.Optimizer:
    """Build the optimiser with the settings that apply to it."""
    rate, decay = config.learning_rate, config.weight_decay
    betas, fused = (config.beta1, config.beta2), config.fused or None  # None leaves the choice to PyTorch, as before
    match config.name:
        case "sgd":
            nesterov = config.nesterov and config.momentum > 0
            momentum = config.momentum
            return torch.optim.SGD(parameters, rate, momentum, nesterov=nesterov, weight_decay=decay, fused=fused)
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, betas=betas, weight_decay=decay, fused=fused)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, betas=betas, weight_decay=decay, fused=fused)
        case "rmsprop":
            return torch.optim.RMSprop(
                parameters, lr=rate, alpha=config.beta2, momentum=config.momentum, weight_decay=decay
            )
        case "adadelta":
            return torch.optim.Adadelta(parameters, lr=rate, rho=config.beta2, weight_decay=decay)


def compute_lr_factor(config: TrainConfig, step: int) -> float:
    """Return the share of the peak learning rate that the schedule gives a step.

    Args:
        config: plateau has no such plan and gives 1.
        step: in 0..total_steps - 1.
    """
    schedule, total = config.schedule, config.total_steps
    if schedule.name == "plateau":
        return 1.0
    warmup_share = schedule.warmup_fraction
    start = 0.0
    if schedule.name == "one-cycle":
        warmup_share = warmup_share or ONE_CYCLE_WARMUP
        start = ONE_CYCLE_START
    warmup = round(warmup_share * total)
    if step < warmup:
        return start + (1 - start) * (step + 1) / warmup
    epoch = step // config.steps_per_epoch
    match schedule.name:
        case "step":
            return float(schedule.gamma ** (epoch // schedule.step_epochs))
        case "exponential":
            return float(schedule.gamma**epoch)
        case "cosine" | "one-cycle":
            progress = min(1.0, (step - warmup) / max(1, total - 1 - warmup))
            return schedule.final_fraction + (1 - schedule.final_fraction) * (1 + math.cos(math.pi * progress)) / 2
    return 1.0


def build_scheduler(optimizer: torch.optim.Optimizer, config: TrainConfig) -> LambdaLR | ReduceLROnPlateau:
    """Build the schedule: stepped once per optimiser step, but plateau once per epoch, with the validation loss."""
    if config.schedule.name == "plateau":
        return ReduceLROnPlateau(optimizer, factor=config.schedule.gamma, patience=config.schedule.patience)
    return LambdaLR(optimizer, lambda step: compute_lr_factor(config, step))


def build_average(network: nn.Module, decay: float) -> AveragedModel:
    """Build an exponential moving average of the weights and of the batch-norm statistics.

    The decay starts lower, min(decay, (1 + n) / (10 + n)) after n steps, so that a short run does not keep its initial
    weights.
    Source: the same ramp as TensorFlow's ExponentialMovingAverage with num_updates.
    """

    @torch.no_grad()
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], n_averaged: Tensor | int) -> None:
        n = int(n_averaged)
        keep = min(decay, (1 + n) / (10 + n))
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)  # counters, such as batch norm's number of batches

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)
