"""The networks by name. Adding one is a file beside this one and a line in MODELS; nothing else names them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from core.errors import UsageError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelSpec:
    """One architecture.

    Attributes:
        name: what configs and the command line call it.
        title: one line on what it is.
        builder: "module:function" under core.models; the function takes `dropout` and `width` where `settings` names
            them and returns a module from (n, 1, 28, 28) float images to (n, 10) logits. A string, so that listing the
            models imports no torch.
        parameters: trainable parameters with default settings.
        source: who published it.
        settings: which of "dropout" and "width" the builder takes.
    """

    name: str
    title: str
    builder: str
    parameters: int
    source: str
    settings: tuple[str, ...] = ()

    def build(self, dropout: float | None = None, width: float = 1.0) -> nn.Module:
        """Build the network with its own initial weights.

        Args:
            dropout: probability in [0, 1) for every dropout layer; None keeps the architecture's own.
            width: factor on the number of channels or hidden units.
        """
        module_name, function_name = self.builder.split(":")
        function = getattr(import_module(f"core.models.{module_name}"), function_name)
        values = {"dropout": dropout, "width": width}
        module: nn.Module = function(**{name: values[name] for name in self.settings})
        return module


_BOTH = ("dropout", "width")

MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        "sprint",
        "Three convolutions, quick on a laptop",
        "sprint:build_sprint",
        23_354,
        "this project",
        ("width",),
    ),
    ModelSpec(
        "upright",
        "Digits set upright, known edge filters, two convolutions that learn: the quickest",
        "upright:build_upright",
        30_410,
        "this project; deskewing is LeCun et al. 1998's, the filters are Gabor-like",
        ("width",),
    ),
    ModelSpec(
        "compact-13k",
        "Running sums of thin convolutions, 8 and 16 channels",
        "compact:build_compact_13k",
        13_244,
        "a published notebook; its README claims 99.61 %",
        _BOTH,
    ),
    ModelSpec(
        "compact-6k",
        "Running sums of thin convolutions, 8 channels",
        "compact:build_compact_6k",
        6_716,
        "the notebook of compact-13k; its README claims 99.41 %",
        _BOTH,
    ),
    ModelSpec(
        "thousand",
        "One block that runs four times, on upright digits of one size: under a thousand parameters",
        "thousand:build_thousand",
        970,
        "this project; depthwise separable convolutions are Chollet 2017's",
        ("width",),
    ),
    ModelSpec(
        "tinyvgg-sgd",
        "Two convolutions and a linear layer",
        "tinyvgg:build_tinyvgg",
        17_120,
        "a published notebook, trained by plain SGD; it reports 97.59 %",
        ("width",),
    ),
    ModelSpec(
        "hybrid-cnn",
        "Two convolutions under four linear layers, with dropout",
        "hybrid:build_hybrid",
        2_874_869,
        "a published README, which claims 97.69 %",
        _BOTH,
    ),
    ModelSpec(
        "hybrid-cnn-tuned",
        "The hybrid network with a second pooling and a smaller head",
        "hybrid:build_hybrid_tuned",
        477_738,
        "the README of hybrid-cnn, which claims 99.10 %",
        _BOTH,
    ),
    ModelSpec(
        "dropout-cnn",
        "Two convolutions, each with pooling and dropout, under two linear layers",
        "dropout_cnn:build_dropout_cnn",
        225_034,
        "the layers of a published README; sizes and rates are this project's",
        _BOTH,
    ),
    ModelSpec(
        "s5-baseline",
        "Four convolutions of 32 to 256 channels under two linear layers",
        "s5:build_s5",
        593_200,
        "the first model of a published course notebook",
        ("width",),
    ),
    ModelSpec(
        "vgg-7",
        "Three pairs of 3×3 convolutions of 32, 64 and 128 channels",
        "vgg:build_vgg_7",
        288_170,
        "Simonyan and Zisserman 2015, Very deep convolutional networks; with batch norm, sizes are this project's",
        ("width",),
    ),
    ModelSpec(
        "resnet-8",
        "Residual network of three blocks",
        "resnet:build_resnet_8",
        77_754,
        "He et al. 2016, Deep residual learning for image recognition",
        ("width",),
    ),
    ModelSpec(
        "densenet-16",
        "Densely connected network of three blocks, growth 16",
        "densenet:build_densenet_16",
        125_418,
        "Huang et al. 2017, Densely connected convolutional networks",
        _BOTH,
    ),
    ModelSpec(
        "mlp",
        "Perceptron with 256 and 128 hidden units",
        "fully_connected:build_mlp",
        235_146,
        "LeCun et al. 1998, Gradient-based learning applied to document recognition; sizes are this project's",
        _BOTH,
    ),
    ModelSpec(
        "softmax-regression",
        "One linear layer: a template per digit",
        "fully_connected:build_softmax_regression",
        7_850,
        "LeCun et al. 1998, Gradient-based learning applied to document recognition",
    ),
)


def get_model_spec(name: str) -> ModelSpec:
    """Return the model of that name.

    Raises:
        UsageError: if there is none; the message lists the valid names.
    """
    for spec in MODELS:
        if spec.name == name:
            return spec
    raise UsageError(f"There is no model '{name}'; choose one of {', '.join(spec.name for spec in MODELS)}.")
