"""Layer summaries: shapes, parameters and multiplies checked by hand; the network is left as found."""

import pytest
import torch
from torch import nn

from core.models.catalog import MODELS, get_model_spec
from core.models.summary import LayerSummary, count_parameters, summarize


def test_tinyvgg_layer_by_layer():
    assert summarize(get_model_spec("tinyvgg-sgd").build()) == [
        LayerSummary("0", "Conv2d", (10, 26, 26), 100, 10 * 26 * 26 * 9, 3),
        LayerSummary("1", "ReLU", (10, 26, 26), 0, 0, 3),
        LayerSummary("2", "Conv2d", (10, 26, 26), 110, 10 * 26 * 26 * 10, 3),
        LayerSummary("3", "ReLU", (10, 26, 26), 0, 0, 3),
        LayerSummary("4", "MaxPool2d", (10, 13, 13), 0, 0, 4),
        LayerSummary("5", "Flatten", (1690,), 0, 0, 28),
        LayerSummary("6", "Linear", (10,), 16_910, 16_900, 28),
    ]


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
def test_rows_account_for_every_parameter_and_end_in_ten(spec):
    net = spec.build()
    rows = summarize(net)
    assert sum(row.parameters for row in rows) == spec.parameters
    assert rows[-1].output_shape == (10,)
    assert {row.name for row in rows} <= dict(net.named_modules()).keys()


def test_a_layer_that_runs_again_costs_again_but_holds_its_parameters_once():
    conv = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    rows = summarize(nn.Sequential(conv, nn.ReLU(), conv))
    assert [(row.parameters, row.multiplies) for row in rows] == [(9, 784 * 9), (0, 0), (0, 784 * 9)]
    assert [row.receptive_field for row in rows] == [3, 3, 5]


def test_grouped_convolution_counts_its_own_inputs():
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 3, padding=1, groups=4))
    assert [row.multiplies for row in summarize(net)] == [4 * 784, 4 * 784 * 9]


def list_fields(net, kind):
    return [row.receptive_field for row in summarize(net) if row.kind == kind]


def test_receptive_fields_of_a_chain():
    # 5 by the first kernel at step 2; +2·2; pooling +1·2, step 4; +2·4; pooling +1·4, step 8; three places +2·8.
    sprint = get_model_spec("sprint").build()
    assert list_fields(sprint, "Conv2d") == [5, 9, 19]
    assert list_fields(sprint, "MaxPool2d") == [11, 23]
    assert list_fields(sprint, "Linear") == [39]


def test_receptive_fields_of_running_sums():
    # Each block goes on from its deepest layer: 2 layers +2·1, a stride, 3 layers +2·2, a stride, 3 layers +2·4, …
    compact = get_model_spec("compact-13k").build()
    assert list_fields(compact, "Conv2d") == [3, 5, 7, 9, 13, 17, 21, 25, 33, 41, 49, 57]
    assert list_fields(compact, "AvgPool2d") == [73]


def test_receptive_fields_of_residual_blocks():
    # The 1×1 shortcuts see what the block was given (7, then 17 − 4 = 13), their sum what the longer way sees.
    resnet = get_model_spec("resnet-8").build()
    assert list_fields(resnet, "Conv2d") == [3, 5, 7, 9, 13, 7, 17, 25, 13]
    assert list_fields(resnet, "AvgPool2d") == [25 + 6 * 4]


def test_a_dilated_kernel_reaches_further():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=4), nn.Conv2d(1, 1, 3))
    assert list_fields(net, "Conv2d") == [9, 11]


def test_the_picture_itself_can_be_a_branch():
    class Skipping(nn.Module):
        def __init__(self):
            super().__init__()
            self.deep, self.flat = nn.Conv2d(1, 1, 7, padding=3), nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, images):
            return self.deep(images) + self.flat(images)

    assert list_fields(Skipping(), "Conv2d") == [7, 3]


def measure_reaches(trunk, side):
    """Return, by the layer's name, height and width of the pixels that can move the middle of its output."""
    maps = {}
    for name, layer in trunk.named_modules():
        layer.register_forward_hook(lambda layer, inputs, output, name=name: maps.update({name: output}))
    images = torch.randn(2, 1, side, side, dtype=torch.float64, requires_grad=True)
    trunk(images)
    reaches = {}
    for name, one in maps.items():
        middle = one.shape[-1] // 2
        [moved] = torch.autograd.grad(one[:, :, middle, middle].square().sum(), images, retain_graph=True)
        rows, columns = (moved.abs().sum((0, 1, axis)).nonzero() for axis in (3, 2))
        reaches[name] = [int(places.max() - places.min() + 1) for places in (rows, columns)]
    return reaches


@pytest.mark.parametrize("name", ["sprint", "compact-6k", "resnet-8", "s5-baseline"])
def test_receptive_fields_are_where_gradients_come_from(name):
    torch.manual_seed(0)
    net = get_model_spec(name).build()
    rows = [row for row in summarize(net) if row.kind in ("Conv2d", "MaxPool2d", "AvgPool2d")]
    flatten = next(place for place, layer in enumerate(net) if isinstance(layer, nn.Flatten))
    # A picture so large that its border is out of reach.
    reaches = measure_reaches(net[:flatten].double().eval(), 110)
    assert len(rows) >= 5
    assert {row.name: reaches[row.name] for row in rows} == {row.name: [row.receptive_field] * 2 for row in rows}


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
