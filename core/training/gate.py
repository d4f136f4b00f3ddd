"""Training the gate, which is the same for every classifier: `python -m core.training.gate` makes its weights anew.

It learns from MNIST's training digits without the validation digits: alone, and in made-up numbers cut and joined in
every way that reading tries. What is not a digit there, letters and scribbles are its eleventh class.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from core.config import AugmentConfig
from core.data.augment import augment
from core.data.candidates import find_lines
from core.data.datasets import load, split_indices
from core.data.ink import find_ink
from core.data.loader import epoch_order, iterate_batches, to_images
from core.data.segment import prepare_picture
from core.data.strings import make_string
from core.data.strokes import LETTERS, LOOKALIKES, draw_letter, draw_scribble
from core.models.gate import NOT_A_DIGIT, WEIGHTS, build_gate
from core.training.checkpoint import save_weights

if TYPE_CHECKING:
    from core.data.candidates import Candidate
    from core.data.datasets import Split
    from core.data.strings import DigitString

VALIDATION_SIZE = 5000
_MIX = {"separate": 0.15, "touching": 0.35, "fused": 0.15, "broken": 0.25, "noisy": 0.1}
# A candidate is a digit if it shares this much of its ink with one, and is no digit below the second share.
_WHOLE, _PART = 0.9, 0.75
_AUGMENT = AugmentConfig(rotate=8.0, shift=0.04, scale=0.06)


def collect_examples(
    split: Split, indices: np.ndarray, strings: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make numbers and take every candidate in them for an example.

    Args:
        split: the digits to draw from.
        indices: which of them.
        strings: how many numbers to make.
        rng: source of all chance.

    Returns:
        images: (n, 28, 28) uint8.
        labels: (n,) int64 in 0..10, 10 for no digit.
    """
    images, labels = [], []
    for _ in range(strings):
        condition = str(rng.choice(list(_MIX), p=list(_MIX.values())))
        string = make_string(split, condition, int(rng.integers(1, 5)), rng, indices)
        for line in find_lines(find_ink(string.picture)):
            for candidate in line.candidates:
                label = _label(candidate, string)
                if label is not None:
                    images.append(candidate.preparation.image)
                    labels.append(label)
    return np.stack(images), np.array(labels)


def _label(candidate: Candidate, string: DigitString) -> int | None:
    """Return the digit that a candidate is, NOT_A_DIGIT, or None where both could be said."""
    left, top, right, bottom = candidate.preparation.box
    owners = string.owners[top:bottom, left:right]
    counts = np.bincount(owners[(candidate.preparation.ink > 0.3) & (owners >= 0)], minlength=len(string.text))
    owner = int(counts.argmax())
    share = counts[owner] / max(1, counts.sum(), (string.owners == owner).sum())
    if share >= _WHOLE:
        return int(string.text[owner])
    return NOT_A_DIGIT if share < _PART else None


def collect_strangers(drawings: int, rng: np.random.Generator) -> np.ndarray:
    """Draw letters and scribbles, half of each, and prepare what is found in them; (n, 28, 28) uint8.

    Letters that look like digits are left out: to learn them would be to unlearn digits.
    """
    letters = [letter for letter in LETTERS if letter not in LOOKALIKES]
    images = []
    for k in range(drawings):
        picture = draw_scribble(rng) if k % 2 else draw_letter(letters[int(rng.integers(len(letters)))], rng)
        images += [one.image for one in prepare_picture(picture)]
    return np.stack(images)


def train_gate(path: Path, strings: int = 2000, epochs: int = 4, seed: int = 0) -> None:
    """Train the gate on the CPU and save its weights."""
    digits = load("mnist")
    indices, _ = split_indices(digits.train.labels, VALIDATION_SIZE)
    rng = np.random.default_rng(seed)
    images, labels = collect_examples(digits.train, indices, strings, rng)
    strangers = collect_strangers(2 * strings, rng)
    alone = rng.permutation(indices)[: 12 * strings]
    pixels = torch.from_numpy(np.concatenate([images, strangers, digits.train.images[alone]]))
    targets = torch.from_numpy(
        np.concatenate([labels, np.full(len(strangers), NOT_A_DIGIT), digits.train.labels[alone]])
    )
    print(f"{len(targets):,} examples, {int((targets == NOT_A_DIGIT).sum()):,} of them no digits")
    fit_gate(pixels, targets, path, epochs, seed)


def fit_gate(pixels: torch.Tensor, targets: torch.Tensor, path: Path, epochs: int, seed: int) -> None:
    """Fit the gate to pixels (n, 28, 28) uint8 and targets (n,) int64 in 0..10, by Adam under a one-cycle schedule."""
    torch.manual_seed(seed)
    network = build_gate().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, betas=(0.7, 0.9))
    steps = epochs * -(-len(targets) // 256)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        total = 0.0
        for batch in iterate_batches(epoch_order(len(targets), seed, epoch), 256):
            inputs = augment(to_images(pixels[batch]), _AUGMENT, generator).contiguous(
                memory_format=torch.channels_last
            )
            loss = functional.cross_entropy(network(inputs), targets[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        print(f"epoch {epoch + 1}: loss {total / len(targets):.4f}")
    save_weights(path, network)


if __name__ == "__main__":
    train_gate(Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS)
