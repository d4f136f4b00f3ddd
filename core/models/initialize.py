"""Initial weights, apart from the architectures: any scheme on any network."""

from collections.abc import Callable

from torch import Tensor, nn

from core.errors import UsageError


def _kaiming_normal(weight: Tensor) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


def _linear_normal(weight: Tensor) -> None:
    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


_Layers = tuple[type[nn.Conv2d] | type[nn.Linear], ...]
_BOTH: _Layers = (nn.Conv2d, nn.Linear)
_SCHEMES: dict[str, tuple[_Layers, Callable[[Tensor], object]]] = {
    "kaiming-normal": (_BOTH, _kaiming_normal),
    "xavier-uniform": (_BOTH, nn.init.xavier_uniform_),
    "orthogonal": (_BOTH, nn.init.orthogonal_),
    "linear-normal": ((nn.Linear,), _linear_normal),
}


def initialize(module: nn.Module, scheme: str) -> None:
    """Draw new weights in place from PyTorch's global generator, and set the biases of those layers to zero.

    Args:
        module: any network; batch norm, and weights that are not learned, are left as they are.
        scheme: "default" leaves all as built; "kaiming-normal", "xavier-uniform" and "orthogonal" draw convolutions
            and linear layers; "linear-normal" draws linear layers alone, with mean 0 and standard deviation 1/√inputs.

    Raises:
        UsageError: if there is no such scheme; the message lists the valid names.

    Source: He et al. 2015; Glorot and Bengio 2010; Saxe et al. 2014; the hybrid networks' README.
    """
    if scheme == "default":
        return
    if scheme not in _SCHEMES:
        raise UsageError(f"There is no initialization '{scheme}'; choose one of default, {', '.join(_SCHEMES)}.")
    layers, draw = _SCHEMES[scheme]
    for layer in module.modules():
        if isinstance(layer, layers) and layer.weight.requires_grad:  # known filters stay
            draw(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
