"""Real training on the bundled digits: determinism, stopping, resuming, failing."""

import json

import pytest
import torch
from safetensors.torch import load_file

from core.config import TrainConfig
from core.data.datasets import load
from core.errors import RunError, TrainingError
from core.runs import history, store
from core.training.loop import fit
from core.training.recorder import Recorder, cut_metrics
from core.training.state import build_state, restore_state, save_state

BASE = {"dataset": "sklearn-digits", "model": "mlp", "batch_size": 64, "epochs": 3, "threads": 1}
# Between them these hold every kind of state that a resume must bring back.
VARIANTS = {
    "sgd": {"optimizer": "sgd", "nesterov": True, "learning_rate": 0.05, "schedule": "cosine"},
    "adam-ema-dropout": {"optimizer": "adam", "learning_rate": 0.001, "ema_decay": 0.9, "dropout": 0.3},
    "batch-norm-augment": {
        "model": "sprint",
        "optimizer": "adamw",
        "learning_rate": 0.003,
        "ema_decay": 0.95,
        "rotate": 10,
        "elastic": 1.0,
        "schedule": "one-cycle",
        "channels_last": True,
    },
    "plateau": {"optimizer": "rmsprop", "learning_rate": 0.002, "schedule": "plateau", "patience": 0, "gamma": 0.5},
    "adadelta-bfloat16": {"optimizer": "adadelta", "learning_rate": 1.0, "precision": "bfloat16"},
}


class StoppingRecorder(Recorder):
    """A real recorder that asks for an end once a step is reached."""

    stop_at = 10**9

    def is_stop_requested(self):
        return json.loads((self._run.path / "metrics.jsonl").read_text().splitlines()[-1])["step"] >= self.stop_at


def new_run(**settings):
    config = TrainConfig().with_settings({**BASE, **settings})
    return config, store.create_run(config, "mlp")


def train(config, run, *, stop_at=10**9, resume=False):
    torch.set_num_threads(1)
    state = build_state(config)
    if resume:
        restore_state(run, state)
        cut_metrics(run, state.progress.step)
    with StoppingRecorder(run) as recorder:
        recorder.stop_at = stop_at
        return fit(config, load("sklearn-digits"), run, state, recorder), state


@pytest.fixture
def every_step_reports(monkeypatch):
    """Let the loop look for a stop request after every step, so that a test can stop within an epoch."""
    monkeypatch.setattr("core.training.loop.METRICS_INTERVAL_S", 0.0)


def weights_of(run):
    return load_file(run.path / "model.safetensors")


@pytest.mark.usefixtures("home")
def test_training_learns_and_writes_the_run_folder():
    config, run = new_run(optimizer="adam", learning_rate=0.002)
    outcome, state = train(config, run)
    lines, _ = history.read_metrics(run)
    epochs = [line for line in lines if line["kind"] == "epoch"]
    assert outcome == "completed"
    assert state.progress.step == config.total_steps
    assert [line["epoch"] for line in epochs] == [1.0, 2.0, 3.0]
    assert epochs[-1]["train_loss"] < epochs[0]["train_loss"] / 2
    assert epochs[-1]["validation_accuracy"] > 0.85
    assert {"last.safetensors", "last.json", "model.safetensors"} <= {path.name for path in run.path.iterdir()}
    assert store.read_record(run).validation_accuracy == epochs[-1]["validation_accuracy"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("variant", VARIANTS)
def test_same_seed_same_weights_and_another_seed_others(variant):
    settings = {**VARIANTS[variant], "epochs": 1}
    runs = []
    for seed in (3, 3, 4):
        config, run = new_run(**settings, seed=seed)
        train(config, run)
        runs.append(weights_of(run))
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert any(not torch.equal(runs[0][name], runs[2][name]) for name in runs[0])


@pytest.mark.usefixtures("home", "every_step_reports")
@pytest.mark.parametrize("stop_at", [1, 21, 25], ids=["first-step", "end-of-epoch", "within-an-epoch"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_run_reaches_the_weights_of_an_uninterrupted_one(variant, stop_at):
    config, whole = new_run(**VARIANTS[variant])
    assert config.steps_per_epoch == 21
    train(config, whole)
    config, parted = new_run(**VARIANTS[variant])
    outcome, state = train(config, parted, stop_at=stop_at)
    assert (outcome, state.progress.step) == ("stopped", stop_at)
    outcome, _ = train(config, parted, resume=True)
    assert outcome == "completed"
    first, second = weights_of(whole), weights_of(parted)
    assert all(torch.equal(first[name], second[name]) for name in first)
    curves = [
        [(line["step"], line["train_loss"], line["lr"]) for line in history.read_metrics(run)[0]]
        for run in (whole, parted)
    ]
    assert curves[0] == curves[1], "the resumed curve is the uninterrupted one"


@pytest.mark.usefixtures("home")
def test_a_resume_drops_the_lines_after_its_checkpoint():
    config, run = new_run(epochs=2)
    train(config, run)
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "step": 10000}\n{"kind": "st')
    cut_metrics(run, 21)
    lines, _ = history.read_metrics(run)
    assert max(line["step"] for line in lines) == 21


@pytest.mark.usefixtures("home")
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint():
    config, run = new_run(optimizer="sgd", momentum=0, learning_rate=0.05, epochs=1)
    train(config, run)
    good = weights_of(run)
    worse = config.with_settings({"epochs": 2})
    state = build_state(worse)
    restore_state(run, state)
    with torch.no_grad():
        next(state.network.parameters()).fill_(float("nan"))
    with (
        Recorder(run) as recorder,
        pytest.raises(TrainingError, match=r"not finite at step 22 \(epoch 2, learning rate 0\.05\)"),
    ):
        fit(worse, load("sklearn-digits"), run, state, recorder)
    after = weights_of(run)
    assert all(torch.equal(good[name], after[name]) for name in good)


@pytest.mark.usefixtures("home")
def test_exploding_weights_fail_in_words():
    config, run = new_run(optimizer="sgd", learning_rate=10.0, normalize_std=1e-30)
    with pytest.raises(TrainingError, match="loss is not finite"):
        train(config, run)


@pytest.mark.usefixtures("home")
def test_early_stopping_ends_before_the_last_epoch():
    config, run = new_run(optimizer="sgd", learning_rate=0.5, epochs=40, early_stopping=1)
    outcome, state = train(config, run)
    assert outcome == "completed"
    assert state.progress.step < config.total_steps


@pytest.mark.usefixtures("home")
def test_a_run_that_stopped_early_is_not_trained_on_when_resumed():
    config, run = new_run(optimizer="sgd", learning_rate=0.5, epochs=40, early_stopping=1)
    _, state = train(config, run)
    end = state.progress.step
    outcome, state = train(config, run, resume=True)
    assert (outcome, state.progress.step) == ("completed", end)


@pytest.mark.usefixtures("home")
def test_no_checkpoint_is_without_the_line_of_its_epoch():
    config, run = new_run(epochs=1)
    (run.path / "model.safetensors").mkdir()  # nothing can be saved
    with pytest.raises(RunError, match="could not be written"):
        train(config, run)
    assert history.read_metrics(run)[0][-1]["kind"] == "epoch"


@pytest.mark.usefixtures("home")
def test_no_validation_and_a_fraction_of_an_epoch():
    config, run = new_run(validation_size=0, epochs=0.5)
    train(config, run)
    last = history.read_metrics(run)[0][-1]
    assert (last["kind"], last["validation_loss"], last["validation_accuracy"]) == ("epoch", None, None)
    assert last["step"] == config.total_steps < config.steps_per_epoch


@pytest.mark.usefixtures("home")
def test_batch_larger_than_the_set_and_clipping():
    config, run = new_run(batch_size=60_000, clip_norm=0.1, epochs=2)
    _, state = train(config, run)
    assert state.progress.step == 2


@pytest.mark.usefixtures("home")
def test_weights_that_are_not_finite_never_replace_a_good_checkpoint():
    config, run = new_run(epochs=1)
    _, state = train(config, run)
    good = weights_of(run)
    with torch.no_grad():
        next(state.network.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="weights are not finite after step 21"):
        save_state(run, state)
    after = weights_of(run)
    assert all(torch.equal(good[name], after[name]) for name in good)


@pytest.mark.usefixtures("home")
def test_epochs_shorter_than_a_report_can_still_be_stopped(monkeypatch):
    monkeypatch.setattr("core.training.loop.METRICS_INTERVAL_S", 1e9)
    config, run = new_run()
    outcome, state = train(config, run, stop_at=21)
    assert (outcome, state.progress.step) == ("stopped", 21)
