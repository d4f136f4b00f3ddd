"""The declared ensemble, of a recipe as small as can be: trained, averaged once, and read from its report."""

import pytest

from core.benchmarks.ensemble import GOALS, RECIPE, SEEDS, measure_ensemble
from core.config import TrainConfig
from core.evaluation.report import load_predictions, load_report
from core.recipes import Recipe, get_recipe
from core.runs import store

SMALL = {"dataset": "sklearn-digits", "model": "softmax-regression", "optimizer": "adam", "learning_rate": 0.01}
TINY = Recipe("tiny", "As small as can be.", "", None, TrainConfig().with_settings({**SMALL, "epochs": 2}))


@pytest.mark.usefixtures("home")
def test_members_are_trained_and_averaged_once():
    result = measure_ensemble(TINY, 2, lambda _: None)
    entries = store.list_runs()
    [ensemble] = [entry for entry in entries if entry.record.members]
    members = [entry for entry in entries if not entry.record.members]
    assert sorted(entry.record.seed for entry in members) == [0, 1]
    assert sorted(ensemble.record.members) == sorted(entry.run.id for entry in members)

    report, figures = load_report(ensemble.run), result["figures"]
    assert (figures["ensemble_accuracy"], figures["ensemble_members"]) == (report["accuracy"], 2)
    assert [figures["ensemble_low"], figures["ensemble_high"]] == report["interval"]
    assert figures["ensemble_scaled_ece"] == report["temperature"]["after"]["ece"]
    assert figures["ensemble_scaled_loss"] == report["temperature"]["after"]["nll"]
    accuracies = [load_report(entry.run)["accuracy"] for entry in members]
    assert figures["ensemble_member_accuracy"] == pytest.approx(sum(accuracies) / 2)
    first, second = (~load_predictions(entry.run).right for entry in members)
    assert figures["ensemble_misread_by_all"] == (first & second).sum() > 0
    assert figures["ensemble_misread_by_any"] == (first | second).sum() > figures["ensemble_misread_by_all"]
    assert result["goals"] == GOALS

    assert measure_ensemble(TINY, 2, lambda _: None)["figures"] == figures
    assert len(store.list_runs()) == 3, "neither trained nor averaged again"


def test_what_is_declared_exists_and_holds_out_digits_for_a_temperature():
    assert get_recipe(RECIPE).config.validation_size > 0
    assert SEEDS >= 5
