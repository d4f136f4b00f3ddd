"""From stored pixels to logits: the only way images reach a network, in training as in prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from core.data.loader import to_images
from core.data.views import list_shifts, list_views
from core.errors import ConfigError
from core.models.upright import SetUpright

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
    """Return logits (n, 10) float32 for images (n, 1, 28, 28) float32 in [0, 1], set upright if the config says so."""
    return _ask(network, _set_upright(images, config), config)


def _set_upright(images: Tensor, config: TrainConfig) -> Tensor:
    if config.model.upright == "off":
        return images
    upright: Tensor = SetUpright(resizes=config.model.upright == "slant-and-size")(images)
    return upright


def _ask(network: nn.Module, images: Tensor, config: TrainConfig) -> Tensor:
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
def compute_logits(
    network: nn.Module,
    pixels: Tensor,
    config: TrainConfig,
    batch_size: int = READING_BATCH,
    *,
    test_time_augmentation: bool = True,
) -> Tensor:
    """Return what a network says of digits; its mode is left as it was.

    Args:
        network: to ask.
        pixels: (n, 28, 28) uint8.
        config: of the network.
        batch_size: how many digits are asked about at once.
        test_time_augmentation: False asks about the digits as they are alone, whatever the config says.

    Returns:
        Logits (n, 10) float32, on the CPU; where several views are averaged, the mean of their log-probabilities.
    """
    device = next(network.parameters()).device
    averages = test_time_augmentation and config.model.test_time_augmentation
    was_training = network.training
    network.eval()
    try:
        batches = []
        for batch in torch.split(pixels, batch_size):
            images = _set_upright(to_images(batch.to(device)), config)
            if averages:
                views = list_views(images) if config.model.upright == "off" else list_shifts(images)
                logits = torch.stack([_ask(network, view, config).log_softmax(1) for view in views]).mean(0)
            else:
                logits = _ask(network, images, config)
            batches.append(logits.cpu())
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
