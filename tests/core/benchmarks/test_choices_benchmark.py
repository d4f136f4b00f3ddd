"""Choices by validation, trained for real: candidates beside each other, kept, and told from the recipe."""

import statistics

import pytest

from core.benchmarks import choices
from core.benchmarks.choices import describe_difference, format_choices, list_candidates, load_trials, measure_choices
from core.benchmarks.readme import README, get_marks
from core.benchmarks.recipe_results import describe_settings
from core.config import TrainConfig
from core.errors import RunError, UsageError
from core.evaluation.calibration import fit_temperature, scale
from core.evaluation.report import describe_calibration, load_report, load_validation
from core.recipes import RECIPES, Recipe, get_recipe
from core.runs import store

SMALL = {"dataset": "sklearn-digits", "model": "softmax-regression", "optimizer": "adam", "learning_rate": 0.01}
TINY = Recipe("tiny", "As small as can be.", "", None, TrainConfig().with_settings({**SMALL, "epochs": 2}))


@pytest.fixture
def tiny(monkeypatch, home):
    monkeypatch.setattr(choices, "ALTERNATIVES", {"tiny": ({"learning_rate": 0.001},)})
    monkeypatch.setattr(choices, "get_recipe", lambda name: {"tiny": TINY}[name])
    return TINY


def test_candidates_are_compared_by_their_validation_digits(tiny, tmp_path, monkeypatch):
    file = tmp_path / "choices.json"
    result = measure_choices([tiny], 2, file, lambda _: None)
    assert list(result["figures"]) == ["tiny: as it is", "tiny: optimizer.learning_rate 0.001"]
    runs = [entry.run for entry in store.list_runs()]
    assert len(runs) == 4
    own = [run for run in runs if describe_settings(store.read_config(run)) == describe_settings(tiny.config)]
    reports = [load_report(run)["validation"] for run in own]
    row = result["rows"][0]
    assert sorted(row["losses"]) == sorted(report["nll"] for report in reports)
    assert row["loss"] == pytest.approx(statistics.fmean(row["losses"]))
    answers = [load_validation(run)[0] for run in own]
    scaled = [describe_calibration(scale(one, fit_temperature(one)))["nll"] for one in answers]
    assert sorted(row["scaled_losses"]) == pytest.approx(sorted(scaled))
    assert row["scaled_loss"] == pytest.approx(statistics.fmean(scaled)) == result["figures"]["tiny: as it is"]
    assert row["scaled_loss"] < row["loss"], "a temperature can only lower it"
    assert sorted(row["accuracies"]) == sorted(report["correct"] / report["total"] for report in reports)
    assert row["seeds"] == [0, 1]

    trials = load_trials(file)
    losses = [trial.scaled_loss for trial in trials]
    assert losses == sorted(losses)
    table = format_choices(trials).splitlines()[2:]
    assert table[0].startswith(
        f"| `tiny` | {describe_difference(trials[0])} | {losses[0]:.4f} | {trials[0].loss:.4f} | "
    )
    measure_choices([tiny], 2, file, lambda _: None)
    assert [entry.run for entry in store.list_runs()] == runs, "what is trained is not trained again"
    assert load_trials(file) == trials

    changed = Recipe("tiny", "", "", None, tiny.config.with_settings({"learning_rate": 0.001}))
    monkeypatch.setattr(choices, "get_recipe", lambda _: changed)
    told = [describe_difference(trial) for trial in load_trials(file)]
    assert sorted(told) == ["as it is", "optimizer.learning_rate 0.01"], "told from the recipe as it is by now"


def test_wrong_wishes_and_damaged_files_are_named(tiny, tmp_path):
    with pytest.raises(UsageError, match="Nothing else was tried for mlp; choose of tiny"):
        measure_choices([get_recipe("mlp")], 1, tmp_path / "choices.json")
    broken = tmp_path / "broken.json"
    broken.write_text('[{"recipe": "tiny"}]')
    with pytest.raises(RunError, match=r"broken\.json is damaged"):
        load_trials(broken)
    assert load_trials(tmp_path / "none.json") == []


def test_every_alternative_is_another_setting_of_a_recipe():
    for name in choices.ALTERNATIVES:
        candidates = list_candidates(get_recipe(name))
        assert len({str(describe_settings(candidate.config)) for candidate in candidates}) == len(candidates) > 1


def test_the_projects_own_trials_chose_what_the_recipes_are():
    trials = load_trials()
    for name in choices.ALTERNATIVES:
        own = [trial for trial in trials if trial.recipe == name]
        assert {str(trial.settings) for trial in own} == {
            str(describe_settings(candidate.config)) for candidate in list_candidates(get_recipe(name))
        }
        assert describe_difference(own[0]) == "as it is", "the lowest validation loss comes first"
    assert {trial.recipe for trial in trials} <= {recipe.name for recipe in RECIPES}


def test_the_readme_shows_the_projects_own_trials():
    begin, end = get_marks(choices.MARK)
    shown = README.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    assert shown.strip() == format_choices(load_trials())
