"""The way of pixels into the network: whole-batch augmentation beside torchvision's per-image transforms."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

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

    from core.config import TrainConfig

GOALS = {
    "pipeline_speedup": 50.0,
    "augmentation_share": 0.15,
    "augmentation_share_better": 0.15,
    "compact_epoch_s": 15.0,
}
# The same distribution on both sides: uniform within ± these, bilinear, black outside.
RANGES = AugmentConfig(rotate=10.0, shift=0.07, scale=0.1)
BATCH = 256
_BLOCK_STEPS = 60


def time_call(act: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure_pipeline(repeats: int) -> dict[str, float]:
    """Augment a batch both ways in turns; return the ratio of their speeds, and the images per second of each."""
    from PIL import Image
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import Compose, RandomAffine, ToDtype, ToImage

    images = load("mnist").train.images[:BATCH]
    pictures = [Image.fromarray(image) for image in images]
    change = RandomAffine(
        degrees=RANGES.rotate,
        translate=(RANGES.shift, RANGES.shift),
        scale=(1 - RANGES.scale, 1 + RANGES.scale),
        interpolation=InterpolationMode.BILINEAR,
    )
    one_by_one = Compose([change, ToImage(), ToDtype(torch.float32, scale=True)])
    pixels, generator = torch.from_numpy(images), torch.Generator().manual_seed(0)
    ways = (
        lambda: torch.stack([one_by_one(picture) for picture in pictures]),
        lambda: augment(to_images(pixels), RANGES, generator),
    )
    slow, quick = zip(*([time_call(way) for way in ways] for _ in range(repeats + 1)), strict=True)
    return {
        # The first of each also loads and chooses what it needs.
        "pipeline_speedup": statistics.median(a / b for a, b in list(zip(slow, quick, strict=True))[1:]),
        "pipeline_images_per_second": BATCH / statistics.median(quick[1:]),
        "torchvision_images_per_second": BATCH / statistics.median(slow[1:]),
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
