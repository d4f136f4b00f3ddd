"""Maps of evidence: against weights, by hand, and by what they must add up to."""

import numpy as np
import pytest
import torch

from core.config import TrainConfig
from core.errors import ShapeError, UsageError
from core.evaluation.predict import Classifier, Member, load_classifier
from core.explain.saliency import explain, list_methods
from core.models.catalog import MODELS
from core.models.forward import compute_logits
from core.runs.store import Run

STANDARD_DEVIATION = 0.5


@pytest.fixture
def digit():
    return np.random.default_rng(3).integers(0, 256, (28, 28)).astype(np.uint8)


@pytest.fixture
def linear(tmp_path):
    """Softmax regression with random weights: its evidence is known to the last digit."""
    return build(tmp_path, "softmax-regression", 0)


def build(folder, name, seed):
    settings = {"normalize_mean": 0.2, "normalize_std": STANDARD_DEVIATION}
    config = TrainConfig().with_settings({"model": name, **settings})
    torch.manual_seed(seed)
    spec = next(spec for spec in MODELS if spec.name == name)
    return Classifier(Run(folder), (Member(config, spec.build().eval()),))


def read_weights(classifier, target, other):
    weight = classifier.members[0].network[1].weight.detach().numpy() / STANDARD_DEVIATION
    return (weight[target] - weight[other]).reshape(28, 28)


def score(classifier, image, target, other):
    logits = compute_logits(classifier.members[0].network, torch.from_numpy(image[None]), classifier.members[0].config)
    return float(logits[0, target] - logits[0, other])


def test_the_gradient_of_a_linear_network_is_its_weights(linear, digit):
    found = explain(linear, digit, 9, "gradient", 4)
    np.testing.assert_allclose(found, read_weights(linear, 9, 4), atol=1e-6)
    alone = linear.members[0].network[1].weight[9].detach().numpy().reshape(28, 28) / STANDARD_DEVIATION
    np.testing.assert_allclose(explain(linear, digit, 9, "gradient"), alone, atol=1e-6)


def test_integrated_gradients_of_a_linear_network_are_weights_times_ink(linear, digit):
    found = explain(linear, digit, 9, "integrated-gradients", 4)
    np.testing.assert_allclose(found, read_weights(linear, 9, 4) * digit / 255, atol=1e-5)


def test_occlusion_of_a_linear_network_is_what_its_patches_lose_in_the_mean(linear, digit):
    lost = read_weights(linear, 9, 4) * digit / 255
    found = explain(linear, digit, 9, "occlusion", 4)
    # The corner lies in one patch, the pixel two further right in two, the one two down and right in four.
    patches = {(top, left): lost[top : top + 4, left : left + 4].sum() for top in (0, 2) for left in (0, 2)}
    assert found[0, 0] == pytest.approx(patches[0, 0], abs=1e-5)
    assert found[0, 2] == pytest.approx((patches[0, 0] + patches[0, 2]) / 2, abs=1e-5)
    assert found[3, 3] == pytest.approx(sum(patches.values()) / 4, abs=1e-5)


def test_integrated_gradients_of_a_trained_network_sum_to_what_the_ink_adds(trained_mnist, mnist):
    classifier = load_classifier(trained_mnist)
    for image, label in zip(mnist.test.images[:8], mnist.test.labels[:8].tolist(), strict=True):
        other = (label + 5) % 10
        added = score(classifier, image, label, other) - score(classifier, np.zeros_like(image), label, other)
        found = explain(classifier, image, label, "integrated-gradients", other)
        assert found.sum() == pytest.approx(added, abs=0.15)
        assert not found[image == 0].any()


def test_occluding_the_ink_takes_away_what_speaks_for_the_answer(trained_mnist, mnist):
    classifier = load_classifier(trained_mnist)
    image, label = mnist.test.images[0], int(mnist.test.labels[0])
    for method in ("occlusion", "integrated-gradients"):
        found = explain(classifier, image, label, method)
        strongest = np.unravel_index(found.argmax(), found.shape)
        without = image.copy()
        without[max(strongest[0] - 2, 0) : strongest[0] + 3, max(strongest[1] - 2, 0) : strongest[1] + 3] = 0
        other = (label + 1) % 10
        assert score(classifier, without, label, other) < score(classifier, image, label, other)


@pytest.mark.parametrize("name", [spec.name for spec in MODELS])
def test_every_model_can_be_explained_the_same_each_time(name, tmp_path, digit):
    classifier = build(tmp_path, name, 0)
    methods = list_methods(classifier)
    assert ("grad-cam" in methods) == (name not in ("mlp", "softmax-regression"))
    for method in methods:
        found = explain(classifier, digit, 3, method, 5)
        assert (found.shape, found.dtype) == ((28, 28), np.float32)
        assert np.isfinite(found).all()
        assert found.any()
        np.testing.assert_array_equal(found, explain(classifier, digit, 3, method, 5))


def test_blank_paper_has_no_ink_to_speak_for_anything(trained_mnist):
    classifier, blank = load_classifier(trained_mnist), np.zeros((28, 28), np.uint8)
    for method in ("integrated-gradients", "occlusion"):
        # But for rounding: the occluded copies go through the network in batches of another size.
        np.testing.assert_allclose(explain(classifier, blank, 3, method, 5), 0, atol=1e-5)
    for method in ("gradient", "grad-cam"):
        assert np.isfinite(explain(classifier, blank, 3, method, 5)).all()


def test_the_evidence_of_an_ensemble_is_the_mean_of_its_members(tmp_path, digit):
    first, second = build(tmp_path, "sprint", 0), build(tmp_path, "mlp", 1)
    both = Classifier(Run(tmp_path), first.members + second.members)
    expected = (explain(first, digit, 3, "gradient") + explain(second, digit, 3, "gradient")) / 2
    np.testing.assert_allclose(explain(both, digit, 3, "gradient"), expected, atol=1e-6)
    assert "grad-cam" not in list_methods(both)
    with pytest.raises(UsageError, match="convolution"):
        explain(both, digit, 3, "grad-cam")


def test_explaining_leaves_the_network_as_it_was(trained_mnist, mnist):
    classifier = load_classifier(trained_mnist)
    network = classifier.members[0].network
    for method in list_methods(classifier):
        explain(classifier, mnist.test.images[0], 7, method, 9)
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in network.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())


def test_what_cannot_be_explained_is_said(linear, digit):
    with pytest.raises(ShapeError, match=r"\(2, 28, 28\)"):
        explain(linear, np.stack([digit, digit]), 3, "gradient")
    with pytest.raises(UsageError, match="0 to 9"):
        explain(linear, digit, 10, "gradient")
    with pytest.raises(UsageError, match="two different digits"):
        explain(linear, digit, 3, "gradient", 3)
