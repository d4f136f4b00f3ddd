"""The way of pixels into the network: whole-batch augmentation beside torchvision's per-image transforms."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import torch

from core.config import AugmentConfig
from core.data.augment import augment
from core.data.datasets import load
from core.data.loader import to_images
from core.recipes import get_recipe
from core.training.loop import Window, take_step
from core.training.state import build_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from core.config import TrainConfig

GOALS = {
    "pipeline_speedup": 50.0,
    "augmentation_share": 0.15,
    "augmentation_share_better": 0.15,
    "compact_epoch_s": 15.0,
}
# The same distribution on both sides: uniform within ± these, bilinear, black outside.
RANGES = AugmentConfig(rotate=10.0, shift=0.07, scale=0.1)
BATCH, BATCHES_HERE = 256, 40
_BLOCK_STEPS = 60


def time_call(act: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure_pipeline(repeats: int) -> dict[str, float]:
    """Augment digits as torchvision does, by its present transforms (v2) and its older ones, and as this project does.

    Torchvision takes a batch each turn, this project as many batches as take about as long.

    Returns:
        How many times as many images a second it is here, as the median over turns; and the images per second of each.
    """
    from PIL import Image
    from torchvision import transforms
    from torchvision.transforms import v2

    images = load("mnist").train.images[:BATCH]
    pictures, pixels = [Image.fromarray(image) for image in images], torch.from_numpy(images)
    ranges: dict[str, Any] = {
        "degrees": RANGES.rotate,
        "translate": (RANGES.shift, RANGES.shift),
        "scale": (1 - RANGES.scale, 1 + RANGES.scale),
        "interpolation": transforms.InterpolationMode.BILINEAR,
    }
    present = v2.Compose([v2.RandomAffine(**ranges), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    older = transforms.Compose([transforms.RandomAffine(**ranges), transforms.ToTensor()])
    generator = torch.Generator().manual_seed(0)
    ways: tuple[Callable[[], Tensor], ...] = (
        lambda: torch.stack([present(picture) for picture in pictures]),
        lambda: torch.stack([older(picture) for picture in pictures]),
        lambda: torch.stack([augment(to_images(pixels), RANGES, generator)[0] for _ in range(BATCHES_HERE)]),
    )
    counts = (BATCH, BATCH, BATCH * BATCHES_HERE)
    # The first turn also loads and chooses what is needed.
    turns = [[count / time_call(way) for count, way in zip(counts, ways, strict=True)] for _ in range(repeats + 1)][1:]
    return {
        "pipeline_speedup": statistics.median(here / present for present, _, here in turns),
        "pipeline_speedup_over_v1": statistics.median(here / older for _, older, here in turns),
        "pipeline_images_per_second": statistics.median(here for _, _, here in turns),
        "torchvision_images_per_second": statistics.median(present for present, _, _ in turns),
        "torchvision_v1_images_per_second": statistics.median(older for _, older, _ in turns),
    }


def measure_compact(repeats: int) -> dict[str, float]:
    """Train compact-13k for a while; return the seconds of an epoch, and the share of it that is augmentation."""
    published = get_recipe("compact-13k").config
    seconds, share = _time_steps(published, repeats)
    _, share_better = _time_steps(get_recipe("compact-13k-better").config, repeats)
    return {
        "compact_epoch_s": seconds * published.steps_per_epoch,
        "augmentation_share": share,
        "augmentation_share_better": share_better,
    }


def _time_steps(config: TrainConfig, repeats: int) -> tuple[float, float]:
    """Return the median seconds of a step, augmentation included, and the median share of the augmentation in it."""
    train = load("mnist").train
    digits = torch.from_numpy(train.images), torch.from_numpy(train.labels)
    state, size = build_state(config), config.loop.batch_size
    window = Window(state.device)

    def take(steps: int) -> None:
        for batch in torch.split(torch.randperm(len(train.labels))[: steps * size], size):
            take_step(config, digits, batch, state, window)

    def change(steps: int) -> None:
        for batch in torch.split(torch.randperm(len(train.labels))[: steps * size], size):
            augment(to_images(digits[0][batch]), config.augment, state.augment_generator)

    take(5)
    times = [(time_call(lambda: take(_BLOCK_STEPS)), time_call(lambda: change(_BLOCK_STEPS))) for _ in range(repeats)]
    step = statistics.median(whole for whole, _ in times) / _BLOCK_STEPS
    return step, statistics.median(part / whole for whole, part in times)
