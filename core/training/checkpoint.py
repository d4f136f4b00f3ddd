"""Checkpoints: tensors and the rest of a training state in one safetensors file, so that the two can never disagree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from core.errors import CheckpointError, RunError
from core.files import replace_file, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn


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
    tensors = _load(path)
    _check_fit(path, tensors, network)
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
    try:
        return load_file(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; train the run until its first checkpoint.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); restore it or train the run again.") from None


def _check_fit(path: Path, tensors: dict[str, Tensor], network: nn.Module) -> None:
    expected = network.state_dict()
    missing = sorted(set(expected) - set(tensors))
    extra = sorted(set(tensors) - set(expected))
    if missing or extra:
        what = f"'{missing[0]}' is missing" if missing else f"'{extra[0]}' is not part of it"
        raise CheckpointError(f"{path} was made for another network ({what}).")
    for name, value in expected.items():
        if tensors[name].shape != value.shape:
            raise CheckpointError(
                f"{path} was made for another network ('{name}' has shape {tuple(tensors[name].shape)}, "
                f"not {tuple(value.shape)})."
            )
        if not torch.isfinite(tensors[name]).all():
            raise CheckpointError(f"{path} holds weights that are not finite ('{name}'); train the run again.")
