"""A finished run as a function from digits to probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.errors import CheckpointError, RunError, RunNotFoundError
from core.evaluation.predictions import average
from core.files import compute_checksum
from core.models.catalog import get_model_spec
from core.models.forward import compute_logits
from core.runs.store import find_member, read_config, read_record
from core.training.checkpoint import load_weights

if TYPE_CHECKING:
    from torch import nn

    from core.config import TrainConfig
    from core.runs.store import Run


@dataclass(frozen=True)
class Member:
    """A trained network with the settings it needs to see digits as it did in training.

    Attributes:
        config: its settings.
        network: on the CPU, in evaluation mode.
    """

    config: TrainConfig
    network: nn.Module


@dataclass(frozen=True)
class Classifier:
    """What predicts: one network, or those of an ensemble, whose probabilities are averaged.

    Attributes:
        run: where it came from.
        members: at least one.
    """

    run: Run
    members: tuple[Member, ...]


def load_classifier(run: Run, *, is_evaluation: bool = False) -> Classifier:
    """Load the weights a run predicts with (the averaged ones, if it averages); those of all members of an ensemble.

    Args:
        run: any with weights.
        is_evaluation: take whatever weights there are; otherwise only those that the run's figures are of.

    Raises:
        RunError: if it has none yet, its config.json cannot be read, or a member of an ensemble is gone.
        ConfigError: if a setting in it is not valid.
        CheckpointError: if they are damaged, or others than were evaluated.
    """
    names = read_record(run).members
    if not names:
        return Classifier(run, (_load_member(run, is_evaluation=is_evaluation),))
    try:
        runs = [find_member(name) for name in names]
    except RunNotFoundError as error:
        raise RunError(f"{run.id} is an ensemble and cannot read new pictures any more: {error}") from None
    return Classifier(run, tuple(_load_member(member, is_evaluation=is_evaluation) for member in runs))


def _load_member(run: Run, *, is_evaluation: bool) -> Member:
    weights = run.path / "model.safetensors"
    if not weights.is_file():
        raise RunError(f"{run.id} has no model yet; let it train for at least one epoch.")
    config = read_config(run)
    network = get_model_spec(config.model.name).build(dropout=config.model.dropout, width=config.model.width)
    load_weights(weights, network)
    evaluated = read_record(run).weights
    if evaluated and not is_evaluation and compute_checksum(weights) != evaluated:
        raise CheckpointError(
            f"{weights} holds other weights than the run's figures are of; restore it, or let "
            f"`python -m core evaluate {run.id}` read the test digits with these."
        )
    if config.runtime.channels_last:
        network = network.to(memory_format=torch.channels_last)
    network.eval()
    return Member(config, network)


def predict_probabilities(
    classifier: Classifier, images: np.ndarray, *, test_time_augmentation: bool = True
) -> np.ndarray:
    """Return probabilities (n, 10) float32, rows summing to 1, for images (n, 28, 28) uint8, white ink on black.

    Args:
        classifier: what answers.
        images: digits in MNIST's form.
        test_time_augmentation: False asks about the digits as they are alone, whatever the configs say.

    Raises:
        CheckpointError: if what the network computes is not finite.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(images))
    answers = [
        compute_logits(member.network, pixels, member.config, test_time_augmentation=test_time_augmentation)
        .softmax(1)
        .numpy()
        for member in classifier.members
    ]
    if not all(np.isfinite(answer).all() for answer in answers):
        raise CheckpointError(
            f"{classifier.run.id} gives no probabilities: its weights are so large that sums over them are not finite; "
            "train it again with a lower learning rate."
        )
    return average(answers)
