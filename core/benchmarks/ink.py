"""What preparing a digit is worth, step by step, on MNIST's test digits enlarged, shifted and inverted.

Nothing was chosen on these: the steps are those by which MNIST itself was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.benchmarks.machine import describe_machine
from core.data.datasets import load
from core.data.ink import find_ink, prepare_digit
from core.evaluation.predict import load_classifier, predict_probabilities

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.runs.store import Run

# One more step each.
STEPS: dict[str, dict[str, bool]] = {
    "plain_resize": {"tighten": False, "keep_aspect": False, "centre_mass": False},
    "and_box": {"tighten": True, "keep_aspect": False, "centre_mass": False},
    "and_aspect": {"tighten": True, "keep_aspect": True, "centre_mass": False},
    "and_centring": {"tighten": True, "keep_aspect": True, "centre_mass": True},
}
GOALS = {"points_lost": 0.3}


def measure_ink(
    run: Run, digits: int = 10_000, seed: int = 0, on_progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Compare the accuracy on test digits as they are with that on pictures of them, prepared with ever more steps.

    Args:
        run: what classifies.
        digits: how many of the test digits, from the first.
        seed: of the pictures.
        on_progress: told what is measured next.
    """
    test = load("mnist").test
    labels = test.labels[:digits]
    classifier = load_classifier(run)
    rng = np.random.default_rng(seed)
    images: dict[str, list[np.ndarray]] = {name: [] for name in STEPS}
    on_progress(f"preparing {len(labels):,} pictures")
    for image in test.images[:digits]:
        ink = find_ink(make_picture(image, rng))
        for name, steps in STEPS.items():
            digit = prepare_digit(ink, None, **steps)
            images[name].append(np.zeros((28, 28), np.uint8) if digit is None else digit.image)
    on_progress("classifying")
    right = {
        name: int((predict_probabilities(classifier, np.stack(prepared)).argmax(1) == labels).sum())
        for name, prepared in images.items()
    }
    originals = int((predict_probabilities(classifier, test.images[:digits]).argmax(1) == labels).sum())
    n = len(labels)
    return {
        "machine": describe_machine(),
        "run": run.id,
        "figures": {
            "digits": n,
            "originals": originals / n,
            **{name: k / n for name, k in right.items()},
            "points_lost": 100 * (originals - right["and_centring"]) / n,
        },
        "goals": GOALS,
    }


def make_picture(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Enlarge a digit (28, 28) uint8 smoothly 3 to 8 times, anywhere on a larger sheet, dark on light; (h, w) uint8."""
    side = 28 * int(rng.integers(3, 9))
    height, width = (side + int(rng.integers(side // 2)) for _ in range(2))
    sheet = np.full((height, width), 255, np.uint8)
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    enlarged = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
    sheet[top : top + side, left : left + side] = 255 - enlarged
    return sheet
