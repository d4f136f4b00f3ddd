"""Maps of evidence: what in a picture speaks for one digit, and against it or for another one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Occlusion, Saliency
from torch import Tensor, nn

from core.data.loader import to_images
from core.errors import ShapeError, UsageError
from core.models.forward import run_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier, Member

Method = Literal["integrated-gradients", "occlusion", "gradient", "grad-cam"]

_SIDE = 28
# With them the sum comes within 0.1 logits of the integral (20 test digits, a trained sprint: 0.03 in the mean).
_PATH_STEPS = 100
_PATCH, _PATCH_STEP = 4, 2
_MAP_LAYERS = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU)


def list_methods(classifier: Classifier) -> tuple[Method, ...]:
    """Return the methods that can explain it; Grad-CAM needs a convolution in every member."""
    methods: tuple[Method, ...] = get_args(Method)
    if all(_find_map_layer(member.network) is not None for member in classifier.members):
        return methods
    return tuple(method for method in methods if method != "grad-cam")


def explain(
    classifier: Classifier, image: NDArray[np.uint8], target: int, method: Method, other: int | None = None
) -> NDArray[np.float32]:
    """Return how much each pixel speaks for a digit, in logits.

    What is explained is the logit of `target`, less that of `other` if one is given: the difference is the logarithm
    of how much more probable `target` is. Inks run from 0 (paper) to 1. For an ensemble, the map is the mean of its
    members' maps, although what it answers is the mean of their probabilities.

    - "integrated-gradients": what the ink of the pixel adds, compared with blank paper; the map sums to the difference
      between the picture and blank paper. Source: Sundararajan et al. 2017, Axiomatic attribution for deep networks.
    - "occlusion": what is lost when a patch of 4×4 pixels around the pixel is made paper, in the mean over the patches
      that cover it. Source: Zeiler and Fergus 2014, Visualizing and understanding convolutional networks, section 4.2.
    - "gradient": what a little more ink in the pixel would add, per unit of ink. Source: Simonyan et al. 2014, Deep
      inside convolutional networks, section 3, with the sign kept.
    - "grad-cam": what the last layer that still has a height and a width finds there, weighted by the mean gradient of
      each of its channels and enlarged bilinearly. Source: Selvaraju et al. 2017, Grad-CAM, equations 1 and 2, with the
      sign kept in place of the ReLU.

    Args:
        classifier: what answers.
        image: (28, 28) uint8, white ink on black.
        target: the digit to find evidence for, 0..9.
        method: one of those above.
        other: the digit to find evidence against; None looks at `target` alone.

    Returns:
        (28, 28) float32, positive for and negative against `target`; the same each time.

    Raises:
        ShapeError: if the image is not (28, 28).
        UsageError: if a digit is none, both are the same, or a member has no convolution for Grad-CAM.
    """
    _check(image, target, other)
    pixels = to_images(torch.from_numpy(np.ascontiguousarray(image))[None])  # (1, 1, 28, 28)
    maps = [_explain_member(member, pixels, target, method, other) for member in classifier.members]
    mean: NDArray[np.float32] = np.mean(maps, axis=0, dtype=np.float32)
    return mean


def _check(image: NDArray[np.uint8], target: int, other: int | None) -> None:
    if image.shape != (_SIDE, _SIDE):
        raise ShapeError(f"One digit of shape (28, 28) can be explained at a time, but got {image.shape}.")
    if not 0 <= target <= 9 or (other is not None and not 0 <= other <= 9):
        raise UsageError(f"Evidence is found for a digit from 0 to 9, but got {target} and {other}.")
    if target == other:
        raise UsageError(f"Evidence for {target} rather than {other} is none; choose two different digits.")


def _explain_member(
    member: Member, pixels: Tensor, target: int, method: Method, other: int | None
) -> NDArray[np.float32]:
    # A copy of its own: attribution hangs hooks on the network, which pages of other people use at the same time.
    network = copy.deepcopy(member.network).requires_grad_(requires_grad=False)

    def compute_score(images: Tensor) -> Tensor:
        logits = run_network(network, images, member.config)
        return logits[:, target] if other is None else logits[:, target] - logits[:, other]

    if method == "grad-cam":
        found = _compute_grad_cam(compute_score, network, pixels)
    else:
        found = _compute_by_pixel(compute_score, pixels, method)
    return found.detach().reshape(_SIDE, _SIDE).float().numpy()


def _compute_by_pixel(compute_score: Callable[[Tensor], Tensor], pixels: Tensor, method: Method) -> Tensor:
    found: Tensor
    if method == "integrated-gradients":
        # The midpoint rule is as close as captum's default quadrature, whose nodes take longer than the gradients.
        found = IntegratedGradients(compute_score).attribute(
            pixels.requires_grad_(), baselines=0, n_steps=_PATH_STEPS, method="riemann_middle"
        )
    elif method == "gradient":
        found = Saliency(compute_score).attribute(pixels.requires_grad_(), abs=False)
    else:
        found = Occlusion(compute_score).attribute(
            pixels,
            sliding_window_shapes=(1, _PATCH, _PATCH),
            strides=(1, _PATCH_STEP, _PATCH_STEP),
            baselines=0,
            perturbations_per_eval=256,
        )
    return found


def _compute_grad_cam(compute_score: Callable[[Tensor], Tensor], network: nn.Module, pixels: Tensor) -> Tensor:
    layer = _find_map_layer(network)
    if layer is None:
        raise UsageError("Grad-CAM needs a network with a convolution; choose another method for this one.")
    coarse = LayerGradCam(compute_score, layer).attribute(pixels.requires_grad_(), relu_attributions=False)
    enlarged: Tensor = LayerAttribution.interpolate(coarse, (_SIDE, _SIDE), interpolate_mode="bilinear")
    return enlarged


def _find_map_layer(network: nn.Module) -> nn.Module | None:
    """Return the layer whose output is the last with a height and a width, before pooling takes them away."""
    found: list[nn.Module] = []
    probe = copy.deepcopy(network)
    originals = dict(network.named_modules())

    def note(name: str, output: Tensor) -> None:
        if output.ndim == 4 and output.shape[-1] > 1:
            found.append(originals[name])

    for name, layer in probe.named_modules():
        if isinstance(layer, _MAP_LAYERS):
            layer.register_forward_hook(lambda _, __, output, name=name: note(name, output))
    with torch.inference_mode():
        probe(torch.zeros(1, 1, _SIDE, _SIDE))
    return found[-1] if found else None
