import time

import pytest
import torch

from core.config import TrainConfig
from core.errors import ConfigError
from core.recipes import get_recipe
from core.training import loop
from core.training.estimate import LARGEST_BATCH, estimate_seconds

SMALL = TrainConfig().with_settings({"dataset": "sklearn-digits", "model": "mlp", "batch_size": 32, "threads": 1})


@pytest.fixture(autouse=True)
def _same_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


class Clock:
    """A clock by which every step takes a second, however busy the machine is."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    return clock


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("epochs", [1, 10])
def test_the_estimate_is_a_steps_time_for_every_step(epochs):
    config = SMALL.with_settings({"epochs": epochs})
    assert estimate_seconds(config) == pytest.approx(config.total_steps)


def test_augmentation_is_timed_with_the_step(clock, monkeypatch):
    config = SMALL.with_settings({"rotate": 10})

    def slow_augment(images, *_):
        clock.now += 4.0
        return images

    monkeypatch.setattr(loop, "augment", slow_augment)
    assert estimate_seconds(config) == pytest.approx(5 * config.total_steps)


def test_a_teachers_answers_are_timed_with_the_step(clock):
    config = SMALL.with_settings({"teacher": "some-run"})

    def teach(images):
        clock.now += 3.0
        return torch.zeros(len(images), 10).log_softmax(1)

    assert estimate_seconds(config, teach) == pytest.approx(4 * config.total_steps)


@pytest.mark.usefixtures("clock")
def test_batches_too_large_to_time_are_scaled():
    config = TrainConfig().with_settings({"model": "softmax-regression", "epochs": 2, "batch_size": 55_000})
    assert estimate_seconds(config) == pytest.approx(2 * 55_000 / LARGEST_BATCH)


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
