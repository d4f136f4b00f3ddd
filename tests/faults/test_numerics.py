"""Numbers that run away, and settings at the edge of sense: a clear state, and no figure that means nothing."""

import json
import math
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.config import TrainConfig, parse_config
from core.data.datasets import load
from core.errors import CheckpointError, ConfigError, TrainingError
from core.evaluation.report import evaluate_run, load_predictions, load_report
from core.runs import history, store
from core.train import train_run
from core.training import loop, state
from core.training.checkpoint import load_weights

ROOT = Path(__file__).parents[2]
SMALL = {"dataset": "sklearn-digits", "model": "mlp", "width": 0.25, "batch_size": 64, "epochs": 2, "threads": 1}


def new_run(**settings):
    return store.create_run(TrainConfig().with_settings({**SMALL, **settings}), "mlp")


def assert_figures(value, where=""):
    """Every number in it is finite, and every share lies between 0 and 1."""
    if isinstance(value, dict):
        for name, one in value.items():
            assert_figures(one, f"{where}.{name}")
    elif isinstance(value, list):
        for one in value:
            assert_figures(one, where)
    elif isinstance(value, float):
        assert math.isfinite(value), where
        if any(word in where for word in ("accuracy", "precision", "recall", "f1", "ece", "interval", "roc_area")):
            assert 0 <= value <= 1, where


def assert_sensible(run):
    record = store.read_record(run)
    assert_figures(record.model_dump())
    assert_figures(history.read_metrics(run)[0])
    if record.status == "completed":
        assert_figures(load_report(run))
        probabilities = load_predictions(run).probabilities
        assert probabilities.sum(1) == pytest.approx(1, abs=1e-4)
    for view in ("train", "evaluate"):
        at = AppTest.from_file(ROOT / "dashboard" / "Home.py", default_timeout=60).switch_page(f"views/{view}.py")
        at.query_params["run"] = run.id
        at.run()
        assert not at.exception
        shown = [metric.value for metric in at.metric] + [one.value for one in [*at.markdown, *at.caption, *at.error]]
        assert not any(word in f" {text.lower()} " for text in shown for word in (" nan", " inf ", "inf %")), shown
    return record


EDGES = {
    "a batch larger than the set": {"batch_size": 60_000},
    "one image of each class": {"train_size": 10, "batch_size": 1},
    "one digit to validate on": {"validation_size": 1, "train_size": 10, "batch_size": 60_000},
    "none to validate on": {"validation_size": 0, "train_size": 10},
    "a thousandth of an epoch": {"epochs": 0.001},
    "nothing but label smoothing": {"label_smoothing": 0.99},
    "no step to speak of": {"learning_rate": 1e-12},
    "no gradient to speak of": {"clip_norm": 1e-9},
}


@pytest.mark.usefixtures("home", "no_download")
@pytest.mark.parametrize("edge", EDGES)
def test_settings_at_the_edge_of_sense_end_in_sensible_figures(edge):
    run = new_run(**EDGES[edge])
    assert train_run(run).status == "completed"
    record = assert_sensible(run)
    assert record.test_total == 360


@pytest.mark.usefixtures("home", "no_download")
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_a_learning_rate_that_is_too_high_fails_or_learns_nothing_in_words(optimizer):
    run = new_run(optimizer=optimizer, learning_rate=10.0)
    with suppress(TrainingError):
        train_run(run)
    record = assert_sensible(run)
    if record.status == "failed":
        assert "not finite" in record.error
        assert "lower the learning rate" in record.error
    else:
        assert (record.status, record.error) == ("completed", "")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("learning_rate=1e9", "optimizer.learning_rate is 1e9; it must be at most 10."),
        ("learning_rate=nan", "optimizer.learning_rate is 'nan'; it must be a"),
        ("learning_rate=inf", "optimizer.learning_rate is 'inf'; it must be a"),
        ("learning_rate=0", "it must be above 0"),
        ("epochs=0", "loop.epochs is 0; it must be above 0."),
        ("batch_size=0", "it must be at least 1"),
        ("train_size=9", "it must be at least 10"),
        ("normalize_std=0", "it must be above 0"),
    ],
)
def test_settings_beyond_sense_are_refused_in_a_sentence(home, setting, words):
    with pytest.raises(ConfigError, match=r".") as caught:
        TrainConfig().with_settings(dict([setting.split("=")]))
    assert words in str(caught.value)
    assert not (home / "runs").exists()


def test_the_command_line_refuses_them_with_exit_2_and_makes_no_run(home):
    result = subprocess.run(
        [sys.executable, "-m", "core", "train", "--set", "learning_rate=1e9", "--set", "epochs=0"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "learning_rate is 1e9; it must be at most 10." in result.stderr
    assert "epochs is 0" in result.stderr
    assert not (home / "runs").exists()


def test_a_config_edited_by_hand_is_refused_too(home):
    run = new_run()
    values = json.loads((run.path / "config.json").read_text())
    values["optimizer"]["learning_rate"] = 1e9
    (run.path / "config.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"learning_rate is 1e\+09"):
        train_run(run)
    assert not (run.path / "last.safetensors").exists()
    values["optimizer"]["learning_rate"] = float("nan")
    with pytest.raises(ConfigError, match="finite"):
        parse_config(values)


@pytest.fixture
def explode(monkeypatch):
    """Multiply the weights by a factor at the end of each step."""
    take_step = loop.take_step

    def install(factor):
        def step(config, training, batch, state, *rest):
            take_step(config, training, batch, state, *rest)
            with torch.no_grad():
                for value in state.network.parameters():
                    value.mul_(factor)

        monkeypatch.setattr(loop, "take_step", step)

    return install


@pytest.mark.usefixtures("home", "no_download")
@pytest.mark.parametrize("factor", [1e4, float("inf"), float("nan")])
@pytest.mark.parametrize("validation_size", [0, 100])
def test_exploding_weights_fail_the_run_and_the_last_good_checkpoint_stays(explode, factor, validation_size):
    run = new_run(validation_size=validation_size, epochs=1)
    train_run(run)
    good = (run.path / "model.safetensors").read_bytes()
    (run.path / "config.json").write_text(json.dumps(store.read_config(run).with_settings({"epochs": 3}).model_dump()))
    store.update_record(run, status="stopped")
    explode(factor)
    with pytest.raises(TrainingError, match="not finite"):
        train_run(run)
    record = assert_sensible(run)
    assert (record.status, record.test_correct) == ("failed", None)
    assert "lower the learning rate" in record.error
    assert (run.path / "model.safetensors").read_bytes() == good


@pytest.mark.usefixtures("home")
def test_running_means_that_are_not_finite_never_replace_a_good_checkpoint():
    run = new_run(model="sprint", width=1, epochs=1)
    current = state.build_state(store.read_config(run))
    state.save_state(run, current)
    good = (run.path / "model.safetensors").read_bytes()
    [means, *_] = [value for name, value in current.network.named_buffers() if name.endswith("running_mean")]
    means.fill_(float("inf"))
    with pytest.raises(TrainingError, match="not finite"):
        state.save_state(run, current)
    assert (run.path / "model.safetensors").read_bytes() == good
    load_weights(run.path / "model.safetensors", current.network)


@pytest.mark.usefixtures("home", "no_download")
def test_weights_so_large_that_the_answers_are_not_finite_fail_the_evaluation():
    run = new_run(validation_size=0, epochs=1)
    train_run(run)
    current = state.build_state(store.read_config(run))
    with torch.no_grad():
        for value in current.network.parameters():
            value.fill_(1e30)
    state.save_state(run, current)
    store.update_record(run, status="stopped", weights="")
    with pytest.raises(CheckpointError, match="gives no probabilities"):
        evaluate_run(run, load("sklearn-digits"), store.read_record(run).dataset_checksum)
