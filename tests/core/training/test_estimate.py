import time

import pytest
import torch

from core.config import TrainConfig
from core.data.datasets import load
from core.errors import ConfigError
from core.recipes import get_recipe
from core.runs import store
from core.training.estimate import estimate_seconds
from core.training.loop import fit
from core.training.recorder import Recorder
from core.training.state import build_state

SMALL = TrainConfig().with_settings({"dataset": "sklearn-digits", "model": "mlp", "batch_size": 32, "threads": 1})


@pytest.fixture(autouse=True)
def _same_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_the_time_grows_with_the_number_of_steps():
    short = estimate_seconds(SMALL.with_settings({"epochs": 1}))
    long = estimate_seconds(SMALL.with_settings({"epochs": 10}))
    assert 0 < short < long
    assert 3 < long / short < 30  # ten times, give or take what else the machine does


def test_augmentation_costs_time():
    plain = SMALL.with_settings({"model": "softmax-regression"})
    assert estimate_seconds(plain.with_settings({"elastic": 2.0, "rotate": 10})) > 1.5 * estimate_seconds(plain)


def test_it_comes_near_the_time_of_a_real_run(home):
    config = SMALL.with_settings({"epochs": 6})
    torch.set_num_threads(1)
    run = store.create_run(config, "mlp")
    state = build_state(config)
    with Recorder(run) as recorder:
        fit(config, load("sklearn-digits"), run, state, recorder)
    assert state.progress.train_seconds / 3 < estimate_seconds(config) < 3 * state.progress.train_seconds


def test_batches_too_large_to_time_are_scaled():
    config = TrainConfig().with_settings({"model": "softmax-regression", "epochs": 1, "threads": 1})
    start = time.perf_counter()
    whole = estimate_seconds(config.with_settings({"batch_size": 55_000}))
    assert time.perf_counter() - start < 20
    part = estimate_seconds(config.with_settings({"batch_size": 4096}))  # 14 steps: the same digits in all
    assert part / 4 < whole < part * 4


@pytest.mark.parametrize("name", ["sprint", "resnet-8"])
def test_nothing_outside_changes(name):
    config = get_recipe(name).config.with_settings({"epochs": 0.01, "threads": 1, "batch_size": 8})
    torch.set_num_threads(2)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    estimate_seconds(config)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)


def test_a_missing_device_is_said():
    if torch.backends.mps.is_available():
        pytest.skip("this machine has that device")
    with pytest.raises(ConfigError, match="lacks"):
        estimate_seconds(SMALL.with_settings({"device": "mps"}))
