"""Layer summaries: shapes, parameters and multiplies checked by hand; the network is left as found."""

import pytest
import torch
from torch import nn

from core.models.catalog import MODELS, get_model_spec
from core.models.summary import LayerSummary, count_parameters, summarize


def test_tinyvgg_layer_by_layer():
    assert summarize(get_model_spec("tinyvgg-sgd").build()) == [
        LayerSummary("0", "Conv2d", (10, 26, 26), 100, 10 * 26 * 26 * 9),
        LayerSummary("1", "ReLU", (10, 26, 26), 0, 0),
        LayerSummary("2", "Conv2d", (10, 26, 26), 110, 10 * 26 * 26 * 10),
        LayerSummary("3", "ReLU", (10, 26, 26), 0, 0),
        LayerSummary("4", "MaxPool2d", (10, 13, 13), 0, 0),
        LayerSummary("5", "Flatten", (1690,), 0, 0),
        LayerSummary("6", "Linear", (10,), 16_910, 16_900),
    ]


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_rows_account_for_every_parameter_and_end_in_ten(spec):
    net = spec.build()
    rows = summarize(net)
    assert sum(row.parameters for row in rows) == spec.parameters
    assert rows[-1].output_shape == (10,)
    assert {row.name for row in rows} <= dict(net.named_modules()).keys()


def test_grouped_convolution_counts_its_own_inputs():
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 3, padding=1, groups=4))
    assert [row.multiplies for row in summarize(net)] == [4 * 784, 4 * 784 * 9]


def test_network_is_left_as_found():
    net = get_model_spec("resnet-8").build()
    net[1].eval()
    modes = [layer.training for layer in net.modules()]
    state = {name: value.clone() for name, value in net.state_dict().items()}
    summarize(net)
    assert [layer.training for layer in net.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert not any(layer._forward_hooks for layer in net.modules())


def test_modes_and_hooks_are_restored_after_a_failure():
    net = nn.Sequential(nn.Flatten(), nn.Linear(5, 10))
    with pytest.raises(RuntimeError):
        summarize(net)
    assert net.training
    assert net[1].training
    assert not any(layer._forward_hooks for layer in net.modules())


def test_frozen_parameters_are_not_counted():
    net = nn.Linear(3, 2)
    net.bias.requires_grad_(False)
    assert count_parameters(net) == 6
