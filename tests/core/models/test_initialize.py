"""Initial weights: each scheme's spread, what it touches, and that config.py offers the same schemes."""

import pytest
import torch
from torch import nn

from core.config import list_fields
from core.errors import UsageError
from core.models.catalog import get_model_spec
from core.models.initialize import initialize

SCHEMES = next(field.choices for field in list_fields() if field.path == "model.initialization")


def build_layers():
    torch.manual_seed(0)
    return nn.Conv2d(32, 48, 5), nn.BatchNorm2d(48), nn.Linear(400, 300)


def draw(scheme):
    layers = build_layers()
    torch.manual_seed(1)
    initialize(nn.Sequential(*layers), scheme)
    return layers


def test_linear_normal_draws_linear_layers_alone():
    conv, norm, linear = draw("linear-normal")
    before = build_layers()
    assert linear.weight.std().item() == pytest.approx(400**-0.5, rel=0.02)
    assert linear.weight.mean().item() == pytest.approx(0, abs=0.001)
    # A uniform draw of the same spread would end at √3 standard deviations.
    assert linear.weight.abs().max().item() > 3 * 400**-0.5
    assert torch.equal(conv.weight, before[0].weight)
    assert torch.equal(conv.bias, before[0].bias)
    assert torch.equal(norm.weight, before[1].weight)


def test_kaiming_normal_has_the_spread_for_relu():
    conv, _, linear = draw("kaiming-normal")
    assert conv.weight.std().item() == pytest.approx((2 / (32 * 25)) ** 0.5, rel=0.02)
    assert linear.weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.02)


def test_xavier_uniform_fills_its_bounds():
    conv, _, linear = draw("xavier-uniform")
    for weight, bound in ((conv.weight, (6 / (32 * 25 + 48 * 25)) ** 0.5), (linear.weight, (6 / 700) ** 0.5)):
        assert 0.99 * bound < weight.abs().max().item() <= bound
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_orthogonal_gives_orthonormal_rows():
    conv, _, linear = draw("orthogonal")
    for weight in (conv.weight.flatten(1), linear.weight):
        torch.testing.assert_close(weight @ weight.T, torch.eye(len(weight)), atol=1e-5, rtol=0)


def test_default_changes_nothing():
    for drawn, built in zip(draw("default"), build_layers(), strict=True):
        assert torch.equal(drawn.weight, built.weight)
        assert torch.equal(drawn.bias, built.bias)


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != "default"])
def test_biases_become_zero(scheme):
    conv, _, linear = draw(scheme)
    assert not linear.bias.any()
    assert conv.bias.any() == (scheme == "linear-normal")


def test_every_scheme_of_the_config_is_known_and_works_without_biases():
    images = torch.randn(2, 1, 28, 28)
    for scheme in SCHEMES:
        net = get_model_spec("compact-6k").build()
        initialize(net, scheme)
        assert net(images).isfinite().all()


def test_unknown_scheme_lists_the_valid_ones():
    with pytest.raises(UsageError) as caught:
        initialize(nn.Linear(2, 2), "zeros")
    assert all(scheme in str(caught.value) for scheme in SCHEMES)
