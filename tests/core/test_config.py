import json

import pytest
from pydantic import ValidationError

from core.config import ANY, TrainConfig, get_value, list_changes, list_fields, parse_config, resolve_field
from core.errors import ConfigError
from core.models.catalog import MODELS


def test_defaults_are_valid_and_survive_json():
    config = TrainConfig()
    assert parse_config(json.loads(json.dumps(config.model_dump()))) == config


def test_a_config_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        TrainConfig().optimizer.learning_rate = 1.0


def test_every_field_has_help_and_a_range_or_choices():
    for field in list_fields():
        assert field.help.endswith("."), field.path
        assert field.range_text, field.path
        assert field.default is None or field.choices == () or field.default in field.choices


def test_every_only_for_names_a_real_field_and_real_values():
    fields = {field.path: field for field in list_fields()}
    for field in list_fields():
        for path, values in field.only_for.items():
            if values == ANY:
                assert fields[path].kind == "text", field.path
            else:
                assert set(values) <= set(fields[path].choices), field.path


def test_applies_to_follows_the_other_field():
    fields = {field.path: field for field in list_fields()}
    sgd = TrainConfig().with_settings({"optimizer": "sgd"})
    adam = TrainConfig().with_settings({"optimizer": "adam"})
    assert fields["optimizer.momentum"].applies_to(sgd)
    assert not fields["optimizer.momentum"].applies_to(adam)
    assert fields["optimizer.beta1"].applies_to(adam)
    assert not fields["loss.temperature"].applies_to(sgd)
    assert fields["loss.temperature"].applies_to(sgd.with_settings({"teacher": "vgg-7"}))


@pytest.mark.parametrize("name", ["../elsewhere", "a b", "x" * 200])
def test_a_teacher_s_name_is_a_run_s(name):
    with pytest.raises(ConfigError, match=r"loss\.teacher"):
        TrainConfig().with_settings({"teacher": name})


def test_the_models_of_the_catalogue_are_the_choices():
    field = next(field for field in list_fields() if field.path == "model.name")
    assert field.choices == tuple(spec.name for spec in MODELS)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("optimizer.learning_rate", "optimizer.learning_rate"),
        ("learning_rate", "optimizer.learning_rate"),
        ("optimizer", "optimizer.name"),
        ("dataset", "data.dataset"),
    ],
)
def test_fields_answer_to_short_names(key, path):
    assert resolve_field(key) == path


def test_an_ambiguous_name_lists_the_candidates():
    with pytest.raises(ConfigError, match=r"could be .*optimizer\.name"):
        resolve_field("name")


def test_with_settings_converts_texts():
    config = TrainConfig().with_settings(
        {"learning_rate": "0.5", "epochs": "2", "nesterov": "true", "validation_size": "", "train_size": "1000"}
    )
    assert config.optimizer.learning_rate == 0.5
    assert config.loop.epochs == 2
    assert config.optimizer.nesterov is True
    assert config.data.validation_size is None
    assert config.data.train_size == 1000


def test_all_problems_are_reported_at_once_in_words():
    with pytest.raises(ConfigError) as caught:
        TrainConfig().with_settings(
            {"learning_rate": "-1", "batch_size": "many", "optimiser": "sgd", "schedule": "sometimes", "epochs": "inf"}
        )
    problems = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "optimizer.learning_rate is -1; it must be above 0." in problems
    assert "loop.batch_size is 'many'; it must be a whole number." in problems
    assert "There is no setting 'optimiser'; did you mean optimizer" in problems
    assert "schedule.name is 'sometimes'; it must be 'constant'" in problems
    assert "loop.epochs" in problems


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "nonsense"}, "model.name is 'nonsense'; it must be one of"),
        ({"model": "softmax-regression", "dropout": 0.5}, "no dropout layer"),
        ({"model": "softmax-regression", "width": 2}, "fixed width"),
        ({"validation_size": 0, "schedule": "plateau"}, "needs validation digits"),
        ({"validation_size": 0, "early_stopping": 2}, "needs validation digits"),
        ({"dataset": "sklearn-digits", "validation_size": 1430}, "must leave at least 10"),
        ({"dataset": "sklearn-digits", "train_size": 1400}, "only 1318 digits are left"),
        ({"nesterov": True, "momentum": 0}, "needs optimizer.momentum"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        TrainConfig().with_settings(settings)


def test_steps_count_the_last_smaller_batch_and_fractions_of_an_epoch():
    config = TrainConfig().with_settings({"batch_size": 1000, "epochs": 1.5, "train_size": 2500})
    assert config.steps_per_epoch == 3
    assert config.total_steps == 4  # 4.5 rounds to even
    assert TrainConfig().train_size == 55_000
    assert TrainConfig().validation_size == 5_000


def test_a_batch_larger_than_the_set_is_one_step():
    config = TrainConfig().with_settings({"dataset": "sklearn-digits", "batch_size": 60_000, "epochs": 1})
    assert config.steps_per_epoch == 1


def test_list_changes_names_what_differs():
    base = TrainConfig()
    changed = base.with_settings({"learning_rate": 0.3, "seed": 7})
    assert list_changes(changed, base) == {"optimizer.learning_rate": 0.3, "runtime.seed": 7}
    assert get_value(changed, "runtime.seed") == 7


def test_an_unknown_key_in_a_file_is_named():
    values = TrainConfig().model_dump()
    values["optimizer"]["learningrate"] = 1
    with pytest.raises(
        ConfigError, match=r"no setting 'optimizer\.learningrate'; did you mean optimizer\.learning_rate"
    ):
        parse_config(values)
