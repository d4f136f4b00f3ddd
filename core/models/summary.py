"""What a network is made of: its layers in the order they run, with shapes, costs and what they see of the picture."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PICTURE_SIDE = 28


@dataclass(frozen=True)
class LayerSummary:
    """One layer as it ran on one image.

    Attributes:
        name: path of the layer within the network, as in its state dict.
        kind: class of the layer, such as "Conv2d".
        output_shape: shape of its output, without the batch.
        parameters: trainable parameters; 0 where the layer runs once more.
        multiplies: multiply-accumulates per image; 0 for layers other than convolutions and linear ones.
        receptive_field: side, in pixels, of the square of the picture that one place of the output depends on, with
            what of it lies in the padding; after flattening, of all places together.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiplies: int
    receptive_field: int


@dataclass(frozen=True)
class _Field:
    """What a place sees of the picture, and how far its neighbour's view lies from its own, both in pixels."""

    side: int = 1
    step: int = 1


def count_parameters(module: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def summarize(module: nn.Module) -> list[LayerSummary]:
    """List the layers that have no layers within, in the order they run.

    One blank image passes through in evaluation mode; the network's modes are restored and nothing stays attached.

    Args:
        module: a network with parameters, from (n, 1, 28, 28) to (n, 10).
    """
    some_weight = next(module.parameters())
    blank = torch.zeros(1, 1, PICTURE_SIDE, PICTURE_SIDE, dtype=some_weight.dtype, device=some_weight.device)
    walk = _Walk(blank)
    leaves = [(name, layer) for name, layer in module.named_modules() if not any(layer.children())]
    hooks = [
        layer.register_forward_hook(
            lambda layer, inputs, output, name=name: walk.pass_layer(name, layer, inputs[0], output)
        )
        for name, layer in leaves
    ]
    modes = [(layer, layer.training) for layer in module.modules()]
    try:
        module.eval()
        with torch.inference_mode():
            module(blank)
    finally:
        for layer, mode in modes:
            layer.training = mode
        for hook in hooks:
            hook.remove()
    return walk.rows


class _Walk:
    """Follows a picture through the layers."""

    def __init__(self, picture: Tensor) -> None:
        self.rows: list[LayerSummary] = []
        self._largest = _Field()
        # The tensors are kept too: another one would get the identity of one that is gone.
        self._fields = {id(picture): (picture, self._largest)}
        self._passed: set[str] = set()

    def pass_layer(self, name: str, layer: nn.Module, inputs: Tensor, output: Tensor) -> None:
        """Note a layer that has just run."""
        # What no layer gave is branches put together: of those the one that sees most counts.
        known = self._fields.get(id(inputs))
        field = _widen(known[1] if known else self._largest, layer, inputs)
        self._fields[id(output)] = (output, field)
        self._largest = max(self._largest, field, key=lambda one: one.side)
        repeated = name in self._passed
        self._passed.add(name)
        self.rows.append(
            LayerSummary(
                name=name,
                kind=type(layer).__name__,
                output_shape=tuple(output.shape[1:]),
                parameters=0 if repeated else count_parameters(layer),
                multiplies=_count_multiplies(layer, output),
                receptive_field=field.side,
            )
        )


def _count_multiplies(layer: nn.Module, output: Tensor) -> int:
    if not isinstance(layer, nn.Conv2d | nn.Linear):
        return 0
    # Every output value is one dot product with the weights of its channel or unit.
    return output[0].numel() * layer.weight[0].numel()


def _widen(field: _Field, layer: nn.Module, inputs: Tensor) -> _Field:
    """Return what a place sees after a layer.

    Source: Araujo et al. 2019, Computing receptive fields of convolutional neural networks, section 2.
    """
    if isinstance(layer, nn.Flatten):
        return _Field(field.side + (inputs.shape[-1] - 1) * field.step, field.step)
    if not isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        return field
    kernel, stride = _read_side(layer.kernel_size), _read_side(layer.stride)
    dilation = 1 if isinstance(layer, nn.AvgPool2d) else _read_side(layer.dilation)
    return _Field(field.side + dilation * (kernel - 1) * field.step, field.step * stride)


def _read_side(size: int | tuple[int, ...]) -> int:
    """Return the one length of a square kernel, stride or dilation."""
    return size if isinstance(size, int) else size[0]
