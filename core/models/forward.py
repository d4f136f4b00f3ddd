"""From stored pixels to logits: the only way images reach a network, in training as in prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from core.data.loader import to_images
from core.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.config import TrainConfig


def choose_device(config: TrainConfig) -> torch.device:
    """Return the device the config asks for; "auto" is a GPU if there is one."""
    if config.runtime.device != "auto":
        return torch.device(config.runtime.device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def normalize(images: Tensor, config: TrainConfig) -> Tensor:
    """Scale pixels as the network was trained to see them.

    Args:
        images: (n, 1, 28, 28) float32 in [0, 1].
        config: gives mean, standard deviation and memory layout.
    """
    scaled = images.sub(config.data.normalize_mean).div_(config.data.normalize_std)
    return scaled.contiguous(memory_format=torch.channels_last) if config.runtime.channels_last else scaled


def run_network(network: nn.Module, images: Tensor, config: TrainConfig) -> Tensor:
    """Return logits (n, 10) float32 for images (n, 1, 28, 28) float32 in [0, 1], in the config's precision."""
    scaled = normalize(images, config)
    if config.runtime.precision == "float32":
        logits: Tensor = network(scaled)
        return logits
    with torch.autocast(scaled.device.type, dtype=torch.bfloat16):
        logits = network(scaled)
    return logits.float()


# Of a thousand, what thin convolutions at full size give no longer fits into a processor's cache: half as quick.
READING_BATCH = 250


@torch.inference_mode()
def compute_logits(network: nn.Module, pixels: Tensor, config: TrainConfig, batch_size: int = READING_BATCH) -> Tensor:
    """Return logits (n, 10) float32, on the CPU, for pixels (n, 28, 28) uint8; the network's mode is left as it was."""
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    try:
        batches = [
            run_network(network, to_images(batch.to(device)), config).cpu() for batch in torch.split(pixels, batch_size)
        ]
    finally:
        network.train(was_training)
    return torch.cat(batches) if batches else torch.empty(0, 10)


def check_device(config: TrainConfig) -> None:
    """Raise ConfigError if the config names a device this machine lacks."""
    wanted = config.runtime.device
    missing = (wanted == "cuda" and not torch.cuda.is_available()) or (
        wanted == "mps" and not torch.backends.mps.is_available()
    )
    if missing:
        raise ConfigError([f"runtime.device is '{wanted}', which this machine lacks; use auto or cpu."])
