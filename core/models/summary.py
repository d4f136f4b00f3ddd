"""What a network is made of: its layers in the order they run, with shapes and costs."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LayerSummary:
    """One layer as it ran on one image.

    Attributes:
        name: path of the layer within the network, as in its state dict.
        kind: class of the layer, such as "Conv2d".
        output_shape: shape of its output, without the batch.
        parameters: trainable parameters.
        multiplies: multiply-accumulates per image; 0 for layers other than convolutions and linear ones.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiplies: int


def count_parameters(module: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def summarize(module: nn.Module) -> list[LayerSummary]:
    """List the layers that have no layers within, in the order they run.

    One blank image passes through in evaluation mode; the network's modes are restored and nothing stays attached.

    Args:
        module: a network with parameters, from (n, 1, 28, 28) to (n, 10).
    """
    rows: list[LayerSummary] = []
    leaves = [(name, layer) for name, layer in module.named_modules() if not any(layer.children())]
    hooks = [
        layer.register_forward_hook(lambda layer, _, output, name=name: rows.append(_describe(name, layer, output)))
        for name, layer in leaves
    ]
    modes = [(layer, layer.training) for layer in module.modules()]
    some_weight = next(module.parameters())
    try:
        module.eval()
        with torch.inference_mode():
            module(torch.zeros(1, 1, 28, 28, dtype=some_weight.dtype, device=some_weight.device))
    finally:
        for layer, mode in modes:
            layer.training = mode
        for hook in hooks:
            hook.remove()
    return rows


def _describe(name: str, layer: nn.Module, output: Tensor) -> LayerSummary:
    multiplies = 0
    if isinstance(layer, nn.Conv2d | nn.Linear):
        # Every output value is one dot product with the weights of its channel or unit.
        multiplies = output[0].numel() * layer.weight[0].numel()
    return LayerSummary(name, type(layer).__name__, tuple(output.shape[1:]), count_parameters(layer), multiplies)
