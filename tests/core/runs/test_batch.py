"""Batches: consecutive seeds, and sizes that all get the same number of steps."""

import pytest

from core.config import TrainConfig
from core.errors import ConfigError
from core.recipes import RECIPES, get_recipe
from core.runs.batch import plan_batch

SPRINT = get_recipe("sprint").config


def test_one_seed_and_no_size_is_the_config_itself():
    assert plan_batch(SPRINT) == [SPRINT]


def test_seeds_count_up_from_the_configs_own():
    base = SPRINT.with_settings({"seed": 5})
    configs = plan_batch(base, 3)
    assert [config.runtime.seed for config in configs] == [5, 6, 7]
    assert {config.with_settings({"seed": 5}) for config in configs} == {base}


def test_sizes_take_as_many_steps_as_the_whole():
    configs = plan_batch(SPRINT, 2, [1000, 5000, 1000, 55_000])
    assert [(config.train_size, config.runtime.seed) for config in configs] == [
        (1000, 0), (1000, 1), (5000, 0), (5000, 1), (55_000, 0), (55_000, 1),
    ]  # fmt: skip
    assert {config.total_steps for config in configs} == {SPRINT.total_steps} == {115}
    assert [config.loop.epochs for config in configs[::2]] == [115 / 7, 115 / 35, 0.3]
    assert configs[4] == SPRINT, "all the digits are the config as it stands"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("size", [3333, 10_007, 54_999])
def test_steps_are_equal_for_every_recipe_and_odd_sizes(recipe, size):
    [config] = plan_batch(recipe.config, 1, [size])
    assert (config.train_size, config.total_steps) == (size, recipe.config.total_steps)


def test_every_size_that_does_not_do_is_named():
    with pytest.raises(ConfigError) as caught:
        plan_batch(SPRINT, 1, [5, 1000, 58_000])
    assert len(caught.value.problems) == 2
    assert "data.train_size is 5; it must be at least 10" in caught.value.problems[0]
    assert "only 55000 digits are left" in caught.value.problems[1]


def test_more_epochs_than_a_run_may_have_are_refused():
    with pytest.raises(ConfigError, match="10 training digits would need 3,820 epochs for the 3,820 steps"):
        plan_batch(SPRINT.with_settings({"epochs": 10}), 1, [10])


@pytest.mark.parametrize("seeds", [0, -1, 101])
def test_the_number_of_seeds_has_bounds(seeds):
    with pytest.raises(ConfigError, match=f"number of seeds is {seeds}; it must be from 1 to 100"):
        plan_batch(SPRINT, seeds)


def test_seeds_beyond_the_largest_are_refused():
    with pytest.raises(ConfigError, match=r"runtime\.seed"):
        plan_batch(TrainConfig().with_settings({"seed": 2**31 - 2}), 3)
