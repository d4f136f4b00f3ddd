import json

import numpy as np
import pytest
from sklearn import metrics as reference

from core import paths
from core.data.datasets import load, split_indices
from core.errors import CheckpointError, RunError
from core.evaluation.calibration import brier_score, fit_temperature, scale
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.predictions import Predictions
from core.evaluation.report import compute_report, evaluate_run, load_predictions, load_report, load_validation
from core.runs import store


def test_every_figure_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 500)
    probabilities = rng.dirichlet(np.ones(10) * 0.3, 500).astype(np.float32)
    predictions = probabilities.argmax(1)
    report = compute_report(probabilities, labels)
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        labels, predictions, labels=range(10), zero_division=0
    )
    assert report["accuracy"] == pytest.approx(reference.accuracy_score(labels, predictions))
    assert report["correct"] == int((labels == predictions).sum())
    assert report["confusion"] == reference.confusion_matrix(labels, predictions, labels=range(10)).tolist()
    assert [row["precision"] for row in report["classes"]] == pytest.approx(list(precision))
    assert [row["recall"] for row in report["classes"]] == pytest.approx(list(recall))
    assert [row["f1"] for row in report["classes"]] == pytest.approx(list(f1))
    assert [row["support"] for row in report["classes"]] == list(support)
    for average in ("macro", "weighted"):
        expected = reference.precision_recall_fscore_support(labels, predictions, average=average, zero_division=0)[:3]
        assert list(report[average].values()) == pytest.approx(list(expected))
    likelihood = -np.log(np.clip(probabilities[np.arange(500), labels], 1e-38, 1)).mean()
    assert report["loss"] == pytest.approx(float(likelihood), rel=1e-4)
    json.dumps(report)


def test_ranking_calibration_and_temperature_are_in_the_report():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, 500)  # no nines
    probabilities = rng.dirichlet(np.ones(10) * 0.3, 500).astype(np.float32)
    validation = Predictions(rng.dirichlet(np.ones(10), 200).astype(np.float32), rng.integers(0, 10, 200))
    report = compute_report(probabilities, labels, validation)
    assert report["ranking"][9] == {"digit": 9, "roc_area": None, "average_precision": None}
    for digit in range(9):
        scores, found = probabilities[:, digit], report["ranking"][digit]
        assert found["roc_area"] == pytest.approx(reference.roc_auc_score(labels == digit, scores))
        assert found["average_precision"] == pytest.approx(reference.average_precision_score(labels == digit, scores))
    assert report["calibration"]["nll"] == report["loss"]
    temperature = report["temperature"]
    assert temperature["value"] == fit_temperature(validation)
    assert temperature["validation_total"] == report["validation"]["total"] == 200
    assert temperature["before"] == report["calibration"]
    after = scale(Predictions(probabilities, labels), temperature["value"])
    assert temperature["after"]["brier"] == brier_score(after.probabilities, labels)
    assert compute_report(probabilities, labels)["temperature"] is None
    json.dumps(report, allow_nan=False)


def test_one_class_alone_and_an_untrained_network_have_figures():
    alone = compute_report(np.full((5, 10), 0.1, np.float32), np.full(5, 3))
    assert (alone["correct"], alone["ranking"][3]["roc_area"], alone["ranking"][3]["average_precision"]) == (0, None, 1)
    untrained = compute_report(np.full((20, 10), 0.1, np.float32), np.arange(20) % 10)
    assert untrained["correct"] == 2
    assert untrained["ranking"][4]["roc_area"] == 0.5
    assert untrained["calibration"]["ece"] == pytest.approx(0.0, abs=1e-7)
    json.dumps(alone, allow_nan=False)


def test_validation_answers_are_to_the_digits_that_were_held_out(finished_run):
    data = load("sklearn-digits")
    answers, indices = load_validation(finished_run)
    assert np.array_equal(answers.labels, data.train.labels[indices])
    config = store.read_config(finished_run)
    assert np.array_equal(indices, split_indices(data.train.labels, config.validation_size)[1])
    assert float(answers.right.mean()) == pytest.approx(store.read_record(finished_run).validation_accuracy, abs=1e-6)
    (finished_run.path / "validation.npz").write_bytes(b"PK")
    with pytest.raises(RunError, match=r"validation\.npz is damaged"):
        load_validation(finished_run)


def test_a_classifier_that_is_never_right_still_has_a_report():
    labels = np.arange(10)
    report = compute_report(np.roll(np.eye(10, dtype=np.float32), 1, axis=1), labels)
    assert (report["correct"], report["accuracy"]) == (0, 0.0)
    assert report["interval"][0] == pytest.approx(0.0, abs=1e-12)
    assert len(report["pairs"]) == 10


def test_the_stored_report_is_the_networks_own_answer(finished_run):
    data = load("sklearn-digits")
    report, predictions = load_report(finished_run), load_predictions(finished_run)
    again = predict_probabilities(load_classifier(finished_run), data.test.images)
    assert np.allclose(predictions.probabilities, again, atol=1e-6)
    assert report["correct"] == int((again.argmax(1) == data.test.labels).sum())
    assert np.array_equal(predictions.labels, data.test.labels)
    assert predictions.probabilities.sum(1) == pytest.approx(np.ones(360), abs=1e-5)


def test_evaluating_again_gives_the_same_report(finished_run):
    before = load_report(finished_run)
    data = load("sklearn-digits")
    (finished_run.path / "report.json").unlink()
    assert evaluate_run(finished_run, data, data.checksum) == before == load_report(finished_run)


def test_other_digits_than_the_run_was_trained_on_are_refused(finished_run):
    with pytest.raises(RunError, match="trained on other digits"):
        evaluate_run(finished_run, load("sklearn-digits"), "another checksum")


def test_a_run_without_an_evaluation_says_what_to_do(finished_run):
    for name in ("report.json", "test.npz", "model.safetensors"):
        (finished_run.path / name).unlink()
    with pytest.raises(RunError, match="python -m core evaluate"):
        load_report(finished_run)
    with pytest.raises(RunError, match="python -m core evaluate"):
        load_predictions(finished_run)
    with pytest.raises(RunError, match="has no model yet"):
        load_classifier(finished_run)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"not a zip"])
def test_damaged_predictions_are_refused(finished_run, content):
    (finished_run.path / "test.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"test\.npz is damaged"):
        load_predictions(finished_run)


def test_a_report_of_another_version_is_refused(finished_run):
    path = finished_run.path / "report.json"
    path.write_text(json.dumps({**load_report(finished_run), "version": 99}))
    with pytest.raises(RunError, match="damaged or of another version"):
        load_report(finished_run)


def test_weights_of_another_network_are_refused(finished_run):
    config = store.read_config(finished_run).with_settings({"width": 2})
    (finished_run.path / "config.json").write_text(json.dumps(config.model_dump()))
    with pytest.raises(CheckpointError, match="made for another network"):
        load_classifier(finished_run)


def test_a_pretrained_run_is_evaluated_without_changing_its_files(finished_run, monkeypatch):
    monkeypatch.setattr(paths, "pretrained_dir", lambda: finished_run.path.parent)
    before = {path.name: path.read_bytes() for path in finished_run.path.iterdir() if path.is_file()}
    data = load("sklearn-digits")
    report = evaluate_run(finished_run, data, data.checksum)
    assert report["confusion"] == load_report(finished_run)["confusion"]
    assert {path.name: path.read_bytes() for path in finished_run.path.iterdir() if path.is_file()} == before
