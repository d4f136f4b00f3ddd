"""Ensembles of real runs: the mean of what the members say, kept and read like any run."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from run_folders import copy_run, rewrite_answers

from core.config import TrainConfig
from core.data.datasets import load
from core.errors import RunError, UsageError
from core.evaluation.ensemble import create_ensemble
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.report import evaluate_run, load_predictions, load_report, load_validation
from core.runs import store
from core.train import train_run


@pytest.fixture(scope="module")
def trained_other(tmp_path_factory):
    """A second completed run on the bundled digits, of another network."""
    config = TrainConfig().with_settings({"dataset": "sklearn-digits", "model": "softmax-regression", "epochs": 3})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(tmp_path_factory.mktemp("other")))
        run = store.create_run(config, "softmax-regression")
        train_run(run)
    return run


@pytest.fixture
def members(home, trained_small, trained_other):
    return [copy_run(trained_small, home), copy_run(trained_other, home)]


def test_an_ensemble_averages_probabilities_and_reads_like_a_run(members):
    ensemble = create_ensemble(members, "  two of\nthem ")
    entry = store.read_entry(ensemble)
    assert (entry.state, entry.record.name, entry.record.model) == ("completed", "two of them", "ensemble")
    assert entry.record.members == [run.id for run in members]
    assert entry.record.parameters == sum(store.read_record(run).parameters for run in members)

    parts = [load_predictions(run).probabilities.astype(np.float64) for run in members]
    stored = load_predictions(ensemble)
    assert_allclose(stored.probabilities, (parts[0] + parts[1]) / 2, rtol=1e-6)
    report = load_report(ensemble)
    assert report["correct"] == int(stored.right.sum()) == entry.record.test_correct
    assert report["temperature"]["validation_total"] == report["validation"]["total"]

    validations = [load_validation(run) for run in members]
    answers, indices = load_validation(ensemble)
    assert_array_equal(indices, validations[0][1])
    assert_allclose(answers.probabilities, np.mean([one.probabilities for one, _ in validations], axis=0), rtol=1e-5)
    assert entry.record.validation_accuracy == pytest.approx(float(answers.right.mean()))


def test_an_ensemble_reads_new_pictures_and_can_be_evaluated_again(members):
    ensemble = create_ensemble(members)
    data = load("sklearn-digits")
    again = predict_probabilities(load_classifier(ensemble), data.test.images)
    assert_allclose(again, load_predictions(ensemble).probabilities, atol=1e-6)
    before = load_report(ensemble)
    after = evaluate_run(ensemble, data, store.read_record(ensemble).dataset_checksum)
    assert after["confusion"] == before["confusion"]
    assert after["temperature"]["value"] == pytest.approx(before["temperature"]["value"], rel=1e-3)


def test_a_member_that_was_deleted_is_named(members):
    ensemble = create_ensemble(members)
    store.delete_run(members[1])
    with pytest.raises(RunError, match=f"{ensemble.id} is an ensemble .*{members[1].id}"):
        load_classifier(ensemble)
    assert load_report(ensemble)["total"] == 360


def test_members_validated_on_other_digits_leave_out_the_temperature(home, trained_small, members):
    config = store.read_config(trained_small).with_settings({"validation_size": 50, "epochs": 1})
    other = store.create_run(config, "mlp")
    train_run(other)
    ensemble = create_ensemble([members[0], other])
    report = load_report(ensemble)
    assert (report["validation"], report["temperature"], load_validation(ensemble)) == (None, None, None)
    assert store.read_record(ensemble).validation_accuracy is None
    assert evaluate_run(ensemble, load("sklearn-digits"), store.read_record(other).dataset_checksum) == report


def test_what_cannot_be_averaged_is_refused_in_words_and_leaves_nothing(home, members, trained_small):
    stopped = copy_run(trained_small, home, id="20260101-000000-mlp-stop", status="stopped")
    other_digits = copy_run(trained_small, home, id="20260101-000000-mlp-digi", dataset_checksum="other")
    ensemble = create_ensemble(members)
    folders = set(ensemble.path.parent.iterdir())
    for runs, kind, words in (
        (members[:1], UsageError, "at least two"),
        ([members[0], members[0]], UsageError, "named twice"),
        ([members[0], ensemble], UsageError, "ensemble itself"),
        ([members[0], other_digits], UsageError, "different digits"),
        ([members[0], stopped], RunError, "not completed"),
    ):
        with pytest.raises(kind, match=words):
            create_ensemble(runs)
    assert set(ensemble.path.parent.iterdir()) == folders


def test_answers_to_other_digits_are_not_averaged(members):
    answers = load_predictions(members[1])
    rewrite_answers(members[1], answers.probabilities)
    np.savez(members[1].path / "test.npz", probabilities=answers.probabilities[:9], labels=answers.labels[:9])
    with pytest.raises(RunError, match="different digits"):
        create_ensemble(members)


def test_a_name_that_leads_out_of_the_runs_is_no_member(members):
    ensemble = create_ensemble(members)
    store.update_record(ensemble, members=["../datasets", members[0].id])
    with pytest.raises(RunError, match="a member that is no run's id"):
        load_classifier(ensemble)
