"""A finished run as a teacher: a network in training learns its probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from core.errors import RunError
from core.evaluation.predict import load_classifier
from core.models.forward import run_network
from core.runs.store import find_member

if TYPE_CHECKING:
    from torch import Tensor

    from core.config import TrainConfig
    from core.training.loop import Teacher


def load_teacher(config: TrainConfig, device: torch.device) -> Teacher | None:
    """Return what the config's teacher says of images; None if it names none.

    Raises:
        RunError: if there is no such run any more, it has no weights or learned from other digits.
        CheckpointError: if its weights are damaged.
    """
    if not config.loss.teacher:
        return None
    run = find_member(config.loss.teacher)
    members = load_classifier(run).members
    for member in members:
        if member.config.data.dataset != config.data.dataset:
            raise RunError(
                f"The teacher {run.id} learned from {member.config.data.dataset}, not from {config.data.dataset}; "
                "name another in loss.teacher."
            )
        member.network.to(device)

    @torch.no_grad()
    def teach(images: Tensor) -> Tensor:
        """Return log-probabilities (b, 10) float32 for images (b, 1, 28, 28) in [0, 1]."""
        answers = [run_network(member.network, images, member.config).softmax(1) for member in members]
        # Beyond these no float32 has a logarithm.
        return torch.stack(answers).mean(0).clamp(min=torch.finfo(torch.float32).tiny).log()

    return teach
