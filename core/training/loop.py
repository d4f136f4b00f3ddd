"""The training loop. There is no other."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from core.data.augment import augment, is_active
from core.data.datasets import split_indices
from core.data.loader import epoch_order, iterate_batches, to_images
from core.errors import TrainingError
from core.models.forward import compute_logits, run_network
from core.training.loss import compute_loss, compute_taught_loss
from core.training.state import save_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from core.config import TrainConfig
    from core.data.datasets import DigitData
    from core.runs.store import Run
    from core.training.recorder import Recorder
    from core.training.state import Progress, TrainingState

    # From images (b, 1, 28, 28) in [0, 1] to log-probabilities (b, 10).
    Teacher = Callable[[Tensor], Tensor]

METRICS_INTERVAL_S = 0.1


def fit(
    config: TrainConfig,
    data: DigitData,
    run: Run,
    state: TrainingState,
    recorder: Recorder,
    teacher: Teacher | None = None,
) -> Literal["completed", "stopped"]:
    """Train from where `state` stands to the end of the config, saving a checkpoint at each epoch and when stopped.

    Args:
        config: all settings.
        data: the dataset the config names.
        run: the folder for checkpoints.
        state: built or restored; changed in place.
        recorder: writes the figures, and knows whether someone asked for an end.
        teacher: the one that the config names, on the state's device; None if it names none.

    Returns:
        "stopped" if someone asked for an end before the last step.

    Raises:
        TrainingError: if the loss is not finite; last.safetensors is then the last good checkpoint.
    """
    training, validation = _load_splits(config, data, state.device)
    progress, steps_per_epoch = state.progress, config.steps_per_epoch
    # Also asked on the way in: a run that stopped early and then lost its process is only evaluated, not trained on.
    while progress.step < config.total_steps and not _has_stalled(config, progress):
        epoch, start = divmod(progress.step, steps_per_epoch)
        if start == 0:
            progress.start_epoch()
        last_step = min((epoch + 1) * steps_per_epoch, config.total_steps)
        if not _train_until(last_step, config, training, state, recorder, teacher):
            save_state(run, state)
            return "stopped"
        # The line first: if the process dies in between, a resume cuts the line and takes the epoch again, whereas a
        # checkpoint without its line would leave a hole in the curves for good.
        recorder.write(_close_epoch(config, validation, state))
        save_state(run, state)
        # Within an epoch it is asked with each report; an epoch may be shorter than the time between two.
        if progress.step < config.total_steps and recorder.is_stop_requested():
            return "stopped"
    return "completed"


def _has_stalled(config: TrainConfig, progress: Progress) -> bool:
    """Whether early stopping is on and the validation loss has not fallen for as many epochs as it allows."""
    return 0 < config.loop.early_stopping <= progress.epochs_since_best


def _load_splits(
    config: TrainConfig, data: DigitData, device: torch.device
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return training and validation digits as (pixels (n, 28, 28) uint8, labels (n,) int64) on the device."""
    chosen = split_indices(data.train.labels, config.validation_size, config.data.train_size)
    pixels, labels = torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels)
    parts = [(pixels[indices].to(device), labels[indices].to(device)) for indices in map(torch.from_numpy, chosen)]
    return parts[0], parts[1]


def _train_until(
    last_step: int,
    config: TrainConfig,
    training: tuple[Tensor, Tensor],
    state: TrainingState,
    recorder: Recorder,
    teacher: Teacher | None,
) -> bool:
    """Take steps up to `last_step`, all within one epoch; False if someone asked to stop before."""
    progress, spe = state.progress, config.steps_per_epoch
    epoch = progress.step // spe
    order = epoch_order(len(training[0]), config.runtime.seed, epoch).to(state.device)
    batches = iterate_batches(order, config.loop.batch_size, start=progress.step % spe)
    window = Window(state.device)
    while progress.step < last_step:
        take_step(config, training, next(batches), state, window, teacher)
        progress.step += 1
        # The last step of an epoch always reports, so that the sums of the epoch are complete.
        if window.is_due() or progress.step == last_step:
            recorder.write(window.close(progress, spe))
            if progress.step < last_step and recorder.is_stop_requested():
                return False
    return True


def take_step(
    config: TrainConfig,
    training: tuple[Tensor, Tensor],
    batch: Tensor,
    state: TrainingState,
    window: Window,
    teacher: Teacher | None = None,
) -> None:
    """One optimiser step on the digits that `batch` (b,) int64 indexes."""
    # index_select copies a whole digit at a time, where [batch] goes pixel by pixel.
    images = to_images(training[0].index_select(0, batch))  # (b, 1, 28, 28)
    labels = training[1][batch]  # (b,)
    if is_active(config.augment):
        images = augment(images, config.augment, state.augment_generator)
    logits = run_network(state.network, images, config)
    if teacher is None:
        loss = compute_loss(logits, labels, config.loss)
    else:
        loss = compute_taught_loss(logits, labels, teacher(images), config.loss)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if config.loop.clip_norm:
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), config.loop.clip_norm)
    window.add(loss.detach(), logits.detach(), labels, state.optimizer.param_groups[0]["lr"])
    state.optimizer.step()
    if isinstance(state.scheduler, LambdaLR):
        state.scheduler.step()
    if state.average is not None:
        state.average.update_parameters(state.network)


class Window:
    """Sums over the steps since the last report, kept on the device so that a GPU is not made to wait at each step."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._open()

    def _open(self) -> None:
        self._start = time.perf_counter()
        self._loss = torch.zeros((), device=self._device)
        self._correct = torch.zeros((), dtype=torch.int64, device=self._device)
        self._finite_steps = torch.zeros((), dtype=torch.int64, device=self._device)
        self._seen = 0
        self._steps = 0
        self._lr = 0.0

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor, lr: float) -> None:
        """Count one step."""
        self._loss += loss * len(labels)
        self._correct += (logits.argmax(1) == labels).sum()
        # After the first loss that is not finite the sum never is again, so this counts the steps before it.
        self._finite_steps += torch.isfinite(self._loss)
        self._seen += len(labels)
        self._steps += 1
        self._lr = lr

    def is_due(self) -> bool:
        """Whether a report is due."""
        return time.perf_counter() - self._start >= METRICS_INTERVAL_S

    def close(self, progress: Progress, steps_per_epoch: int) -> dict[str, Any]:
        """Add the sums to the progress, start new ones, and return the line for metrics.jsonl.

        Raises:
            TrainingError: if a loss was not finite.
        """
        loss, correct, finite_steps = self._loss.item(), int(self._correct), int(self._finite_steps)
        seconds = time.perf_counter() - self._start
        if finite_steps < self._steps:
            step = progress.step - self._steps + finite_steps + 1
            raise TrainingError(
                f"The loss is not finite at step {step} (epoch {1 + (step - 1) // steps_per_epoch}, learning rate "
                f"{self._lr:g}); lower the learning rate or clip gradients, and start again."
            )
        progress.epoch_loss += loss
        progress.epoch_correct += correct
        progress.epoch_seen += self._seen
        progress.epoch_seconds += seconds
        progress.train_seconds += seconds
        progress.lr = self._lr
        line = {
            "kind": "step",
            "step": progress.step,
            "epoch": progress.step / steps_per_epoch,
            "lr": self._lr,
            "train_loss": loss / self._seen,
            "train_accuracy": correct / self._seen,
            "images_per_second": self._seen / seconds,
            "train_seconds": progress.train_seconds,
        }
        self._open()
        return line


def _close_epoch(config: TrainConfig, validation: tuple[Tensor, Tensor], state: TrainingState) -> dict[str, Any]:
    """Validate, step a plateau schedule, and return the epoch's line for metrics.jsonl."""
    progress = state.progress
    lr = progress.lr
    loss = accuracy = None
    if len(validation[1]):
        # The digits as they are: so many times the work would tell the curve nothing of how training goes.
        logits = compute_logits(state.evaluated_network, validation[0], config, test_time_augmentation=False)
        labels = validation[1].cpu()
        loss = compute_loss(logits, labels, config.loss).item()
        accuracy = (logits.argmax(1) == labels).float().mean().item()
        if not math.isfinite(loss):
            raise TrainingError(
                f"The validation loss is not finite after step {progress.step} (epoch "
                f"{1 + (progress.step - 1) // config.steps_per_epoch}, learning rate {lr:g}); lower the "
                "learning rate or clip gradients, and start again."
            )
        if progress.best_validation_loss is None or loss < progress.best_validation_loss:
            progress.best_validation_loss, progress.epochs_since_best = loss, 0
        else:
            progress.epochs_since_best += 1
        if isinstance(state.scheduler, ReduceLROnPlateau):
            state.scheduler.step(loss)
    return {
        "kind": "epoch",
        "step": progress.step,
        "epoch": progress.step / config.steps_per_epoch,
        "lr": lr,
        "train_loss": progress.epoch_loss / progress.epoch_seen,
        "train_accuracy": progress.epoch_correct / progress.epoch_seen,
        "validation_loss": loss,
        "validation_accuracy": accuracy,
        "images_per_second": progress.epoch_seen / progress.epoch_seconds,
        "train_seconds": progress.train_seconds,
    }
