import json

import pytest
import torch
from safetensors.torch import save_file

from core.errors import CheckpointError, RunError
from core.training.checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights


def test_weights_survive_a_round_trip(tmp_path):
    first, second = torch.nn.Linear(4, 2), torch.nn.Linear(4, 2)
    save_weights(tmp_path / "model.safetensors", first)
    load_weights(tmp_path / "model.safetensors", second)
    assert torch.equal(first.weight, second.weight)


def test_state_travels_with_the_tensors_and_lies_beside_them(tmp_path):
    path = tmp_path / "last.safetensors"
    save_checkpoint(path, {"a": torch.arange(3)}, {"step": 7})
    tensors, state = load_checkpoint(path)
    assert tensors["a"].tolist() == [0, 1, 2]
    assert state == {"step": 7} == json.loads((tmp_path / "last.json").read_text())


def test_a_disk_that_refuses_is_said(tmp_path):
    with pytest.raises(RunError, match="could not be written"):
        save_weights(tmp_path / "no folder" / "model.safetensors", torch.nn.Linear(1, 1))


def test_shared_memory_is_saved_as_two_tensors(tmp_path):
    whole = torch.arange(6.0)
    save_checkpoint(tmp_path / "x.safetensors", {"a": whole, "b": whole[:3]}, {})
    tensors, _ = load_checkpoint(tmp_path / "x.safetensors")
    assert tensors["b"].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 100])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged"):
        load_weights(tmp_path / "model.safetensors", torch.nn.Linear(1, 1))


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="is missing"):
        load_weights(tmp_path / "model.safetensors", torch.nn.Linear(1, 1))


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_weights(path, torch.nn.Linear(4, 2))
    with pytest.raises(CheckpointError, match=r"'weight' has shape \(2, 4\), not \(2, 5\)"):
        load_weights(path, torch.nn.Linear(5, 2))
    with pytest.raises(CheckpointError, match="'bias' is not part of it"):
        load_weights(path, torch.nn.Linear(4, 2, bias=False))


def test_weights_that_are_not_finite_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.tensor([[float("nan")]]), "bias": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="not finite"):
        load_weights(path, torch.nn.Linear(1, 1))


def test_a_model_without_a_training_state_cannot_be_resumed(tmp_path):
    save_weights(tmp_path / "model.safetensors", torch.nn.Linear(1, 1))
    with pytest.raises(CheckpointError, match="no training state"):
        load_checkpoint(tmp_path / "model.safetensors")
