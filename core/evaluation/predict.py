"""A finished run as a function from digits to probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.errors import RunError
from core.models.catalog import get_model_spec
from core.models.forward import compute_logits
from core.runs.store import read_config
from core.training.checkpoint import load_weights

if TYPE_CHECKING:
    from torch import nn

    from core.config import TrainConfig
    from core.runs.store import Run


@dataclass(frozen=True)
class Classifier:
    """A trained network with the settings it needs to see digits as it did in training.

    Attributes:
        run: where it came from.
        config: its settings.
        network: on the CPU, in evaluation mode.
    """

    run: Run
    config: TrainConfig
    network: nn.Module


def load_classifier(run: Run) -> Classifier:
    """Load the weights a run predicts with (the averaged ones, if it averages).

    Raises:
        RunError: if it has none yet, or its config.json cannot be read.
        ConfigError: if a setting in it is not valid.
        CheckpointError: if they are damaged.
    """
    weights = run.path / "model.safetensors"
    if not weights.is_file():
        raise RunError(f"{run.id} has no model yet; let it train for at least one epoch.")
    config = read_config(run)
    network = get_model_spec(config.model.name).build(dropout=config.model.dropout, width=config.model.width)
    load_weights(weights, network)
    if config.runtime.channels_last:
        network = network.to(memory_format=torch.channels_last)
    network.eval()
    return Classifier(run, config, network)


def predict_probabilities(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """Return probabilities (n, 10) float32, rows summing to 1, for images (n, 28, 28) uint8, white ink on black."""
    pixels = torch.from_numpy(np.ascontiguousarray(images))
    logits = compute_logits(classifier.network, pixels, classifier.config)
    probabilities: np.ndarray = logits.softmax(1).numpy()
    return probabilities
