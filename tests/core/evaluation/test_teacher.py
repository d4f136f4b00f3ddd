"""Learning from a finished run: a network in training is asked for the teacher's probabilities."""

import pytest
import torch
from run_folders import copy_run

from core.config import TrainConfig
from core.data.datasets import load
from core.data.loader import to_images
from core.errors import CheckpointError, RunError, RunNotFoundError
from core.evaluation.ensemble import create_ensemble
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.teacher import load_teacher
from core.runs import store
from core.train import train_run

SMALL = {"dataset": "sklearn-digits", "model": "mlp", "optimizer": "adam", "learning_rate": 0.002, "threads": 1}


def configure(**settings):
    return TrainConfig().with_settings({**SMALL, **settings})


def test_without_a_name_there_is_no_teacher():
    assert load_teacher(configure(), torch.device("cpu")) is None


def test_a_teacher_says_what_the_run_predicts(finished_run):
    teach = load_teacher(configure(teacher=finished_run.id), torch.device("cpu"))
    images = load("sklearn-digits").test.images[:50]
    expected = predict_probabilities(load_classifier(finished_run), images)
    taught = teach(to_images(torch.from_numpy(images)))
    assert not taught.requires_grad
    assert taught.exp().numpy() == pytest.approx(expected, abs=1e-5)


def test_an_ensemble_teaches_the_average(home, trained_small):
    runs = [copy_run(trained_small, home, id=f"2026010{day}-000000-mlp-aaaa") for day in (1, 2)]
    ensemble = create_ensemble(runs)
    teach = load_teacher(configure(teacher=ensemble.id), torch.device("cpu"))
    images = load("sklearn-digits").test.images[:50]
    expected = predict_probabilities(load_classifier(ensemble), images)
    assert teach(to_images(torch.from_numpy(images))).exp().numpy() == pytest.approx(expected, abs=1e-5)


def test_a_pupil_comes_closer_to_its_teacher_than_one_that_learns_from_labels(finished_run):
    images = load("sklearn-digits").test.images
    teacher = predict_probabilities(load_classifier(finished_run), images)
    gaps = {}
    for name, taught in (("labels", {}), ("teacher", {"teacher": finished_run.id, "teacher_share": 1.0})):
        run = store.create_run(configure(seed=5, epochs=4, **taught), "mlp")
        assert train_run(run).status == "completed"
        gaps[name] = abs(predict_probabilities(load_classifier(run), images) - teacher).mean()
    assert gaps["teacher"] < 0.7 * gaps["labels"]


@pytest.mark.usefixtures("home")
def test_a_run_that_would_learn_from_nobody_is_not_begun():
    with pytest.raises(RunNotFoundError, match="nothing to learn from: the run 'nobody' is not there"):
        store.create_run(configure(teacher="nobody"), "mlp")
    assert store.list_runs() == []


def test_a_teacher_of_other_digits_is_refused_before_training(finished_run):
    run = store.create_run(TrainConfig().with_settings({"teacher": finished_run.id}), "sprint")
    with pytest.raises(RunError, match="learned from sklearn-digits, not from mnist"):
        load_teacher(store.read_config(run), torch.device("cpu"))


def test_a_teacher_with_damaged_weights_is_refused(finished_run):
    (finished_run.path / "model.safetensors").write_bytes(b"0" * 100)
    with pytest.raises(CheckpointError):
        load_teacher(configure(teacher=finished_run.id), torch.device("cpu"))
