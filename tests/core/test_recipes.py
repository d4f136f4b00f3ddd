import pytest

from core.errors import UsageError
from core.models.catalog import MODELS, get_model_spec
from core.models.summary import count_parameters
from core.recipes import RECIPES, get_recipe


def test_names_are_unique_and_every_model_has_a_recipe():
    names = [recipe.name for recipe in RECIPES]
    assert len(set(names)) == len(names)
    assert {spec.name for spec in MODELS} == {recipe.config.model.name for recipe in RECIPES}


def test_published_settings_are_as_published():
    compact = get_recipe("compact-13k").config
    assert (compact.loop.batch_size, compact.loop.epochs) == (32, 20)
    assert (compact.optimizer.name, compact.optimizer.learning_rate, compact.optimizer.momentum) == ("sgd", 0.01, 0.9)
    assert (compact.schedule.name, compact.schedule.gamma, compact.schedule.patience) == ("plateau", 0.1, 1)
    assert (compact.augment.rotate, compact.augment.brightness, compact.augment.contrast) == (7.0, 0.1, 0.1)
    tiny = get_recipe("tinyvgg-sgd").config
    assert (tiny.optimizer.learning_rate, tiny.optimizer.momentum, tiny.loop.epochs) == (0.1, 0.0, 3)
    assert (tiny.data.normalize_mean, tiny.data.normalize_std) == (0.0, 1.0)
    tuned = get_recipe("hybrid-cnn-tuned").config
    assert (tuned.data.normalize_mean, tuned.data.normalize_std, tuned.loop.epochs) == (0.5, 0.5, 15)
    assert tuned.model.initialization == "linear-normal"
    assert get_recipe("dropout-cnn").config.loop.batch_size == 96


def test_claims_are_fractions_of_their_sources():
    claims = {recipe.name: recipe.claimed for recipe in RECIPES if recipe.claimed is not None}
    assert claims == {
        "compact-13k": 0.9961,
        "compact-6k": 0.9941,
        "tinyvgg-sgd": 0.9759,
        "hybrid-cnn": 0.9769,
        "hybrid-cnn-tuned": 0.9910,
    }
    assert all(get_recipe(name).source for name in claims)


def test_what_improves_a_recipe_has_no_more_parameters_and_epochs():
    improved = [recipe for recipe in RECIPES if recipe.improves]
    assert [recipe.name for recipe in improved] == [f"{recipe.improves}-better" for recipe in improved]
    assert "compact-13k-better" in [recipe.name for recipe in improved]
    for recipe in improved:
        base = get_recipe(recipe.improves)
        assert base.improves is None
        assert (recipe.claimed, recipe.source) == (None, ""), "what is published here is measured, not claimed"
        assert count_weights(recipe) <= count_weights(base)
        assert recipe.config.loop.epochs <= base.config.loop.epochs
        own, given = recipe.config.data, base.config.data
        assert (own.dataset, own.train_size, own.validation_size) == (given.dataset, given.train_size, None)


def count_weights(recipe):
    model = recipe.config.model
    return count_parameters(get_model_spec(model.name).build(model.dropout, model.width))


def test_an_unknown_recipe_lists_the_known():
    with pytest.raises(UsageError, match=r"no recipe 'x'.*sprint"):
        get_recipe("x")
