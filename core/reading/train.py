"""Training the two networks by which numbers are read, the same for every classifier: `python -m core.reading.train`.

The pointer parts a line into digits; the gate learns from what it finds what is a digit and what is none. They are no
runs: both learn on the CPU from examples made for it, and come with the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
import typer
from torch.nn import functional

from core.data.loader import epoch_order, iterate_batches
from core.models import gate, pointer
from core.models.gate import NOT_A_DIGIT, build_gate
from core.models.pointer import Pointer
from core.reading.examples import (
    STRANGERS_AND_SYMBOLS,
    collect_candidates,
    collect_lines,
    collect_neighbours,
    make_digits,
)
from core.reading.pointing import WORK_HEIGHT
from core.training.checkpoint import load_weights, save_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from torch import Tensor, nn

# Lines to a batch, and to a group in which they are sorted by width so that little is padded.
_LINES, _SORTED = 24, 240
_CANDIDATES = 256
# Cycles of the pointer, each on other numbers: highest learning rate, epochs, share of numbers that are ones alike. Two
# teach it to part digits; in them too few ones stand side by side to be told from a letter's strokes.
_POINTER_CYCLES = ((0.004, 8, 0.0), (0.002, 8, 0.0), (0.002, 3, 0.15))
# Share of the gate's numbers that are ones alike.
_GATE_ONES = 0.05
# Cycles of the gate: highest learning rate, epochs. In the second there are symbols among the strangers, this share of
# straight strokes among the numbers, and all of MNIST's digits as they are beside the candidates.
_GATE_CYCLES = ((0.01, 4), (0.004, 2))
_GATE_STRAIGHT = 0.05
_SHEET_HEIGHT = WORK_HEIGHT * 3 // 2
_SHEET_WIDTHS = (48, 240)
# Beyond so many line heights it matters less how far a pixel misses its middle.
_NEAR = 0.05


def train_pointer(path: Path, numbers: int, first_cycle: int, seed: int) -> None:
    """Train the pointer, in cycles on so many made-up numbers each, and save its weights.

    Args:
        path: of the weights; those of an earlier cycle, unless the first cycle is 1.
        numbers: to learn from in each cycle.
        first_cycle: from 1.
        seed: of the network and the numbers.
    """
    torch.manual_seed(seed)
    network = Pointer()
    if first_cycle > 1:
        load_weights(path, network)
    for cycle, (learning_rate, epochs, ones) in enumerate(_POINTER_CYCLES[first_cycle - 1 :], start=first_cycle - 1):
        rng = np.random.default_rng((seed, 1, cycle))
        lines = collect_lines(make_digits(rng), numbers, rng, ones)
        print(f"pointer: {len(lines):,} lines")
        plan = [batch for _ in range(epochs) for batch in _plan_lines([ink.shape[1] for ink, _ in lines], rng)]
        batches = (lay_out([lines[k] for k in batch], rng) for batch in plan)
        _fit(network, batches, len(plan), learning_rate, compute_distance, weight_decay=1e-3, rise=0.3)
    # Half precision is enough to read by, and keeps the files small.
    save_weights(path, network.half())


def train_gate(path: Path, numbers: int, first_cycle: int, seed: int) -> None:
    """Train the gate, in cycles on every candidate in so many made-up numbers each, and save its weights.

    Args: as of `train_pointer`.
    """
    torch.manual_seed(seed)
    network = build_gate()
    if first_cycle > 1:
        load_weights(path, network)
    for cycle, (learning_rate, epochs) in enumerate(_GATE_CYCLES[first_cycle - 1 :], start=first_cycle):
        images, labels = _collect_gate_examples(cycle, numbers, seed)
        print(f"gate: {len(labels):,} candidates, {int((labels == NOT_A_DIGIT).sum()):,} of them no digits")
        pixels, targets = torch.from_numpy(images), torch.from_numpy(labels)
        plan = [
            batch
            for epoch in range(epochs)
            for batch in iterate_batches(epoch_order(len(targets), seed, epoch), _CANDIDATES)
        ]
        examples = ((pixels[batch].float() / 255, targets[batch]) for batch in plan)
        _fit(network, examples, len(plan), learning_rate, functional.cross_entropy, weight_decay=1e-2, rise=0.2)
        # Half precision is enough; the next cycle goes on from what a file of this one would hold.
        save_weights(path, network.half())
        network.float()


def _collect_gate_examples(cycle: int, numbers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (n, 2, 28, 28) uint8 pictures and the (n,) int64 labels of a cycle of the gate, from 1."""
    rng = np.random.default_rng((seed, 2))
    digits = make_digits(rng)
    if cycle == 1:
        return collect_candidates(digits, numbers, rng, _GATE_ONES)
    parts = (
        collect_candidates(digits, numbers, rng, _GATE_ONES, _GATE_STRAIGHT, STRANGERS_AND_SYMBOLS),
        collect_neighbours(np.random.default_rng((seed, 3))),
    )
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, labels


def _plan_lines(widths: list[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Deal lines out to batches, each of lines that are about as wide, in random order."""
    order = rng.permutation(len(widths))
    batches = []
    for first in range(0, len(order), _SORTED):
        group = order[first : first + _SORTED]
        group = group[np.argsort(np.array(widths)[group], kind="stable")]
        batches += np.split(group, range(_LINES, len(group), _LINES))
    return [batches[k] for k in rng.permutation(len(batches))]


def lay_out(lines: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Lay lines, as `collect_lines` returns them, at random places on sheets of one size; what is too wide is cut.

    Returns:
        (n, 1, h, w) float32 ink, and (n, 1, h, w) float32 offsets, NaN where there is no ink.
    """
    least, most = _SHEET_WIDTHS
    width = min(most, max(least, max(ink.shape[1] for ink, _ in lines) + 8))
    width += -width % pointer.STEP
    sheets = np.zeros((len(lines), 1, _SHEET_HEIGHT, width), np.float32)
    targets = np.full(sheets.shape, np.nan, np.float32)
    for sheet, target, (ink, offsets) in zip(sheets[:, 0], targets[:, 0], lines, strict=True):
        first = int(rng.integers(max(0, ink.shape[1] - width) + 1))
        part = (slice(_SHEET_HEIGHT), slice(first, first + width))
        h, w = ink[part].shape
        top, left = (int(rng.integers(room + 1)) for room in (_SHEET_HEIGHT - h, width - w))
        sheet[top : top + h, left : left + w] = ink[part]
        target[top : top + h, left : left + w] = offsets[part]
    return torch.from_numpy(sheets), torch.from_numpy(targets)


def compute_distance(offsets: Tensor, targets: Tensor) -> Tensor:
    """Return how far ink misses the middle it should point at, a mean over the pixels that have one."""
    has_middle = ~targets.isnan()
    return functional.smooth_l1_loss(offsets[has_middle], targets[has_middle], beta=_NEAR)


def _fit(
    network: nn.Module,
    batches: Iterator[tuple[Tensor, Tensor]],
    steps: int,
    learning_rate: float,
    compute_loss: Callable[[Tensor, Tensor], Tensor],
    *,
    weight_decay: float,
    rise: float,
) -> None:
    """Fit a network to batches of inputs and targets, by AdamW; `rise` is the share of steps with a rising rate."""
    network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, betas=(0.9, 0.98), weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=rise)
    total = 0.0
    for step, (inputs, targets) in enumerate(batches, start=1):
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(inputs.contiguous(memory_format=torch.channels_last))
        loss = compute_loss(outputs.float(), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 0 or step == steps:
            print(f"step {step:,} of {steps:,}: loss {total / ((step - 1) % 100 + 1):.4f}", flush=True)
            total = 0.0


def main(
    parts: Annotated[list[str], typer.Argument(help="What to train: pointer, gate.")] = ["pointer", "gate"],  # noqa: B006
    pointer_numbers: Annotated[int, typer.Option(min=1, help="To learn from.")] = 45_000,
    first_cycle: Annotated[
        int,
        typer.Option(min=1, max=len(_POINTER_CYCLES), help="From 2 on, training goes on from the weights there are."),
    ] = 1,
    gate_numbers: Annotated[int, typer.Option(min=1, help="As pointer-numbers.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Train the networks that part lines into digits, and write their weights anew."""
    if "gate" in parts and first_cycle > len(_GATE_CYCLES):
        raise typer.BadParameter(f"the gate has {len(_GATE_CYCLES)} cycles; name the pointer alone, or an earlier one")
    if "pointer" in parts:
        train_pointer(pointer.WEIGHTS, pointer_numbers, first_cycle, seed)
    if "gate" in parts:
        train_gate(gate.WEIGHTS, gate_numbers, first_cycle, seed)


if __name__ == "__main__":
    typer.run(main)
