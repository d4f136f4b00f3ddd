"""The losses a run can minimise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812  (PyTorch's own name for it)

if TYPE_CHECKING:
    from torch import Tensor

    from core.config import LossConfig


def compute_loss(logits: Tensor, labels: Tensor, config: LossConfig) -> Tensor:
    """Return the mean loss over a batch.

    Args:
        logits: (n, 10) float32.
        labels: (n,) int64 in 0..9.
        config: which loss, with its parameters.
    Source: focal loss, Lin et al. 2017, equation 4; label smoothing, Szegedy et al. 2016, section 7.
    """
    match config.name:
        case "cross-entropy":
            return F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
        case "focal":
            log_p = F.log_softmax(logits, dim=1).gather(1, labels[:, None]).squeeze(1)  # (n,)
            return -((1 - log_p.exp()) ** config.focal_gamma * log_p).mean()
        case "squared-error":
            n_classes = logits.shape[1]
            target = torch.full_like(logits, config.label_smoothing / n_classes)
            target.scatter_(1, labels[:, None], 1 - config.label_smoothing * (1 - 1 / n_classes))
            return ((logits.softmax(1) - target) ** 2).sum(1).mean()


def compute_taught_loss(logits: Tensor, labels: Tensor, taught: Tensor, config: LossConfig) -> Tensor:
    """Return the mean loss over a batch where a teacher's answers are learned beside the labels.

    Args:
        logits: (n, 10) float32.
        labels: (n,) int64 in 0..9.
        taught: (n, 10) float32, log-probabilities by the teacher.
        config: which loss for the labels, the teacher's share of the whole, and the temperature.
    Source: Hinton et al. 2015, Distilling the Knowledge in a Neural Network, section 2: Kullback–Leibler divergence at
    a temperature T, times T² so that its gradients weigh as much at any T.
    """
    t = config.temperature
    divergence = F.kl_div(F.log_softmax(logits / t, 1), F.softmax(taught / t, 1), reduction="batchmean") * t**2
    share = config.teacher_share
    return divergence if share == 1 else share * divergence + (1 - share) * compute_loss(logits, labels, config)
