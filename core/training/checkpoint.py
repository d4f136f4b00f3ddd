"""Checkpoints: tensors and the rest of a training state in one safetensors file, so that the two can never disagree."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from core.errors import CheckpointError, RunError
from core.files import replace_file, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor, nn


# The header of a checkpoint has some 10 kB; the widest network has 75 MB of weights, its checkpoint four times that.
_MOST_HEADER_BYTES = 1_000_000
_MOST_BYTES = 1_000_000_000


def save_weights(path: Path, network: nn.Module) -> None:
    """Save a network's parameters and buffers, atomically.

    Raises:
        RunError: if the disk refuses.
    """
    _save(path, {name: value.detach() for name, value in network.state_dict().items()}, {})


def load_weights(path: Path, network: nn.Module) -> None:
    """Load parameters and buffers into `network`.

    Raises:
        CheckpointError: if the file is missing, damaged, not finite, or made for another network.
    """
    _check_fit(path, _read_shapes(path), network)
    tensors = _load(path)
    _check_finite(path, tensors)
    network.load_state_dict(tensors)


def save_checkpoint(path: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Save a training state as `path` (.safetensors), with a readable copy of `state` beside it (.json).

    The state travels in the header of the safetensors file, which is replaced in one step; the copy is for people.

    Raises:
        RunError: if the disk refuses.
    """
    _save(path, tensors, {"state": json.dumps(state)})
    write_json(path.with_suffix(".json"), state)


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load what `save_checkpoint` saved.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    tensors = _load(path)
    try:
        with safe_open(path, framework="pt") as file:
            return tensors, json.loads((file.metadata() or {})["state"])
    except (KeyError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{path} holds no training state ({error}); the run cannot be resumed.") from None


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Split an optimiser's state into tensors, by "optimizer.PARAMETER.NAME", and its parameter groups."""
    state = optimizer.state_dict()
    tensors = {
        f"optimizer.{number}.{name}": torch.as_tensor(value)
        for number, values in state["state"].items()
        for name, value in values.items()
        if value is not None
    }
    return tensors, state["param_groups"]


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], groups: list[dict[str, Any]]
) -> None:
    """Give an optimiser the state that `flatten_optimizer` took from one of the same kind."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, number, name = key.split(".", 2)
            state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _save(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    # Each tensor on its own memory: safetensors refuses shared storage.
    own = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}
    with replace_file(path) as temporary:
        try:
            save_file(own, temporary, metadata=metadata)
        except SafetensorError as error:  # also where the disk refuses: it raises no OSError
            raise RunError(f"{path} could not be written ({error}); free some space, then resume the run.") from error


def _load(path: Path) -> dict[str, Tensor]:
    with _explain_damage(path):
        _check_size(path)
        return load_file(path)


@contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; train the run until its first checkpoint.") from None
    except (SafetensorError, OSError, ValueError, MemoryError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise CheckpointError(f"{path} is damaged ({reason}); restore it or train the run again.") from None


def _check_size(path: Path) -> None:
    """Refuse a file or a header that is larger than any of ours, before either is read."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        header = int.from_bytes(file.read(8), "little")
    if size > _MOST_BYTES:
        raise ValueError(f"{size:,} bytes are more than any network has")
    if header > min(size, _MOST_HEADER_BYTES):
        raise ValueError(f"a header of {header:,} bytes")


def _read_shapes(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return kind and shape of each tensor of a file, none of which is read."""
    with _explain_damage(path):
        _check_size(path)
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)
            return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def _check_fit(path: Path, shapes: dict[str, tuple[str, tuple[int, ...]]], network: nn.Module) -> None:
    expected = network.state_dict()
    missing = sorted(set(expected) - set(shapes))
    extra = sorted(set(shapes) - set(expected))
    if missing or extra:
        what = f"'{missing[0]}' is missing" if missing else f"'{extra[0][:60]}' is not part of it"
        raise CheckpointError(f"{path} was made for another network ({what}).")
    for name, value in expected.items():
        kind, shape = shapes[name]
        if shape != tuple(value.shape):
            raise CheckpointError(
                f"{path} was made for another network ('{name}' has shape {shape}, not {tuple(value.shape)})."
            )
        if value.is_floating_point() != kind.startswith(("F", "BF")):
            raise CheckpointError(f"{path} was made for another network ('{name}' holds numbers of kind {kind}).")


def _check_finite(path: Path, tensors: dict[str, Tensor]) -> None:
    for name, value in tensors.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(f"{path} holds weights that are not finite ('{name}'); train the run again.")
