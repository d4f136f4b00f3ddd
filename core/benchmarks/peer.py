"""The peer that `sprint` is measured against, rebuilt from its description and trained by a bare PyTorch loop.

It is train_mnist_fast's final recipe: one epoch of all 60,000 training digits in batches of 256, normalised in memory
beforehand, by Adam at 0.01 with betas 0.7 and 0.9 under a one-cycle schedule.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

if TYPE_CHECKING:
    from core.data.datasets import Split

BATCH_SIZE = 256
LEARNING_RATE = 0.01
BETAS = (0.7, 0.9)
MEAN, STD = 0.1307, 0.3081


def build_peer() -> nn.Module:
    """Build two convolutions of 24 and 32 channels, each with pooling, and linear layers of 256 and 10."""
    return nn.Sequential(
        nn.Conv2d(1, 24, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 24, 12, 12)
        nn.Conv2d(24, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 32, 5, 5)
        nn.Flatten(),  # (n, 800)
        nn.Linear(800, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


def prepare(split: Split) -> tuple[Tensor, Tensor]:
    """Return normalised images (n, 1, 28, 28) float32 and labels (n,) int64."""
    return (torch.from_numpy(split.images).unsqueeze(1) / 255 - MEAN) / STD, torch.from_numpy(split.labels)


def train_peer(images: Tensor, labels: Tensor, seed: int) -> tuple[nn.Module, float]:
    """Train the peer for its one epoch; return it with the seconds that its steps took.

    Args:
        images: (n, 1, 28, 28) float32, normalised.
        labels: (n,) int64.
        seed: of weights and order.
    """
    torch.manual_seed(seed)
    network, order = build_peer(), torch.randperm(len(labels))
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, betas=BETAS)
    batches = torch.split(order, BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=LEARNING_RATE, total_steps=len(batches), cycle_momentum=False
    )
    start = time.perf_counter()
    for batch in batches:
        loss = F.cross_entropy(network(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network, time.perf_counter() - start


@torch.inference_mode()
def compute_accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images (n, 1, 28, 28), normalised, that the network reads as labelled."""
    network.eval()
    answers = [network(part).argmax(1) for part in torch.split(images, 1000)]
    return (torch.cat(answers) == labels).float().mean().item()
