"""The network thousand: the same weights at every run of its block, statistics of each run alone."""

from itertools import pairwise

import torch
from torch import nn

from core.models.catalog import get_model_spec
from core.models.summary import count_parameters, summarize
from core.models.thousand import RepeatedBlock


def test_it_holds_fewer_than_a_thousand_parameters_and_uses_them_four_times():
    network = get_model_spec("thousand").build()
    assert count_parameters(network) < 1000
    runs = [row for row in summarize(network) if row.name.endswith("depthwise")]
    assert [row.output_shape for row in runs] == [(16, 14, 14)] * 2 + [(16, 7, 7)] * 2
    assert [row.parameters for row in runs] == [16 * 9, 0, 0, 0]


def test_each_run_keeps_statistics_of_its_own():
    block = RepeatedBlock(4, (2, 1))
    block(torch.rand(16, 4, 8, 8))
    means = torch.stack([norm.running_mean for norm in block.norms])
    assert len(means) == 3
    assert all(not torch.allclose(one, other) for one, other in pairwise(means))


def test_a_block_that_changes_nothing_only_pools():
    block = RepeatedBlock(4, (2, 2)).eval()
    nn.init.zeros_(block.scale_shift.factor)
    features = torch.rand(2, 4, 8, 8)
    assert torch.equal(block(features), nn.functional.max_pool2d(features, 2))
