"""From pixels to logits, with and without answers averaged over several views."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.config import TrainConfig
from core.data.views import list_shifts, list_views
from core.evaluation.predict import Classifier, Member, predict_probabilities
from core.models.catalog import get_model_spec
from core.models.forward import compute_logits, normalize, run_network
from core.models.upright import SetUpright
from core.runs.store import Run

PIXELS = torch.randint(0, 256, (7, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
PLAIN = TrainConfig().with_settings({"model": "mlp"})
AVERAGED = PLAIN.with_settings({"test_time_augmentation": True})


def build():
    torch.manual_seed(0)
    return get_model_spec("mlp").build()


def test_an_average_is_of_the_log_probabilities_of_all_views():
    network = build()
    with torch.no_grad():
        views = list_views(PIXELS[:, None] / 255)
        expected = sum(network.eval()(normalize(view, PLAIN)).log_softmax(1) for view in views) / len(views)
    torch.testing.assert_close(compute_logits(network, PIXELS, AVERAGED, 3), expected)


def test_what_is_set_upright_is_moved_afterwards():
    network = build()
    config = AVERAGED.with_settings({"model.upright": "slant-and-size"})
    with torch.no_grad():
        views = list_shifts(SetUpright(resizes=True)(PIXELS[:, None] / 255))
        expected = sum(network.eval()(normalize(view, config)).log_softmax(1) for view in views) / len(views)
    torch.testing.assert_close(compute_logits(network, PIXELS, config, 3), expected)


def test_an_average_can_be_left_out():
    network = build()
    plain = compute_logits(network, PIXELS, PLAIN)
    assert torch.equal(compute_logits(network, PIXELS, AVERAGED, test_time_augmentation=False), plain)
    assert not torch.allclose(compute_logits(network, PIXELS, AVERAGED).softmax(1), plain.softmax(1), atol=1e-4)


def test_a_classifier_can_be_asked_for_one_view_alone():
    images = PIXELS.numpy()
    averaging, plain = (
        Classifier(Run(Path("none")), (Member(config, build().eval()),)) for config in (AVERAGED, PLAIN)
    )
    once = predict_probabilities(averaging, images, test_time_augmentation=False)
    assert np.array_equal(once, predict_probabilities(plain, images))
    assert not np.allclose(once, predict_probabilities(averaging, images), atol=1e-4)


def test_the_mode_of_a_network_is_left_as_it_was():
    network = build().train()
    compute_logits(network, PIXELS, AVERAGED)
    assert network.training


@pytest.mark.parametrize(("upright", "resizes"), [("slant", False), ("slant-and-size", True)])
def test_digits_are_set_upright_before_the_network_sees_them(upright, resizes):
    network, images = build().eval(), PIXELS[:, None] / 255
    config = PLAIN.with_settings({"upright": upright})
    expected = network(normalize(SetUpright(resizes=resizes)(images), PLAIN))
    torch.testing.assert_close(run_network(network, images, config), expected)
    assert not torch.allclose(run_network(network, images, PLAIN), expected, atol=1e-3)
