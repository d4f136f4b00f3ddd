import pytest
import torch

from core.config import TrainConfig
from core.training.optim import build_average, build_optimizer, build_scheduler, compute_lr_factor


def factors(**settings):
    config = TrainConfig().with_settings({"batch_size": 5500, "epochs": 10, **settings})  # 10 steps an epoch
    return [compute_lr_factor(config, step) for step in range(config.total_steps)]


def test_constant_with_warm_up_rises_in_equal_steps():
    values = factors(warmup_fraction=0.1)
    assert values[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert set(values[10:]) == {1.0}


def test_step_drops_every_so_many_epochs():
    values = factors(schedule="step", step_epochs=3, gamma=0.5)
    assert values[29] == 1.0
    assert values[30] == 0.5
    assert values[99] == 0.125


def test_exponential_drops_every_epoch():
    values = factors(schedule="exponential", gamma=0.9)
    assert values[9] == 1.0
    assert values[95] == pytest.approx(0.9**9)


def test_cosine_ends_at_the_final_fraction():
    values = factors(schedule="cosine", final_fraction=0.1)
    assert values[0] == 1.0
    assert values[-1] == pytest.approx(0.1)
    assert values == sorted(values, reverse=True)


def test_one_cycle_rises_then_falls():
    values = factors(schedule="one-cycle")
    peak = values.index(max(values))
    assert max(values) == pytest.approx(1.0)
    assert 28 <= peak <= 30
    assert values[-1] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sgd", torch.optim.SGD),
        ("adam", torch.optim.Adam),
        ("adamw", torch.optim.AdamW),
        ("rmsprop", torch.optim.RMSprop),
        ("adadelta", torch.optim.Adadelta),
    ],
)
def test_each_optimiser_lowers_a_quadratic(name, kind):
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    config = TrainConfig().with_settings({"optimizer": name, "learning_rate": 0.1})
    optimizer = build_optimizer([weight], config.optimizer)
    assert type(optimizer) is kind
    for _ in range(50):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    assert weight.abs().item() < 3.0


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_fused_takes_the_same_steps_but_for_rounding(name):
    ends = []
    for fused in (False, True):
        weight = torch.nn.Parameter(torch.tensor([3.0, -1.0]))
        config = TrainConfig().with_settings({"optimizer": name, "learning_rate": 0.1, "fused": fused})
        optimizer = build_optimizer([weight], config.optimizer)
        assert bool(optimizer.param_groups[0]["fused"]) == fused
        for _ in range(20):
            optimizer.zero_grad()
            (weight**2).sum().backward()
            optimizer.step()
        ends.append(weight.detach().clone())
    torch.testing.assert_close(ends[0], ends[1])


def test_plateau_is_pytorchs_own():
    config = TrainConfig().with_settings({"schedule": "plateau", "gamma": 0.5, "patience": 0})
    optimizer = build_optimizer([torch.nn.Parameter(torch.zeros(1))], config.optimizer)
    scheduler = build_scheduler(optimizer, config)
    for loss in (1.0, 2.0):
        scheduler.step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)


def test_averaged_weights_forget_the_start_and_follow_the_end():
    network = torch.nn.Linear(1, 1, bias=False)
    average = build_average(network, 0.9)
    for value in [5.0] + [1.0] * 200:
        with torch.no_grad():
            network.weight.fill_(value)
        average.update_parameters(network)
    assert average.module.weight.item() == pytest.approx(1.0, abs=1e-4)
    assert network.weight.item() == 1.0
