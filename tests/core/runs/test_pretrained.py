import json
import re

import numpy as np
import pytest
from run_folders import copy_run

from core import paths
from core.errors import RunError, RunNotFoundError, UsageError
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.report import load_predictions, load_report
from core.runs import history, store
from core.runs.pretrained import MOST_BYTES, publish

# What a published run may hold; a picture of a dataset is in none of these.
FILES = {"config.json", "run.json", "report.json", "metrics.jsonl", "model.safetensors", "test.npz", "validation.npz"}


@pytest.fixture
def published(finished_run):
    return publish(finished_run, "small")


def test_a_published_run_says_what_the_run_says(published, finished_run):
    assert published.id == "small"
    assert published.pretrained
    assert {path.name for path in published.path.iterdir()} <= FILES
    record, original = store.read_record(published), store.read_record(finished_run)
    assert (record.status, record.test_correct, record.parameters) == (
        "completed",
        original.test_correct,
        original.parameters,
    )
    assert store.read_config(published) == store.read_config(finished_run)
    assert load_report(published) == {**load_report(finished_run), "run": "small"}
    before, after = load_predictions(finished_run), load_predictions(published)
    assert np.array_equal(before.probabilities, after.probabilities)
    assert np.array_equal(before.labels, after.labels)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    one, other = (predict_probabilities(load_classifier(run), images) for run in (finished_run, published))
    assert np.array_equal(one, other)


def test_it_is_found_by_its_name_and_listed_last(published, finished_run):
    assert store.find_run("small") == published
    assert [entry.run for entry in store.list_runs()] == [finished_run, published]
    assert store.find_run("latest") == finished_run


def test_nothing_of_the_machine_is_published(published):
    record = json.loads((published.path / "run.json").read_text())
    assert record["pid"] is None
    assert record["process"] == ""
    assert record["heartbeat"] == record["git_commit"] == ""
    for path in published.path.glob("*.json*"):
        assert not re.search(r"/(home|work|tmp|root|Users)/|[A-Z]:\\\\", path.read_text()), path.name


def test_the_curve_keeps_every_epoch_and_few_steps(home, trained_small):
    run = copy_run(trained_small, home)
    lines, _ = history.read_metrics(run)
    epochs = [line for line in lines if line["kind"] == "epoch"]
    many = [{**next(line for line in lines if line["kind"] == "step"), "step": step} for step in range(3000)]
    (run.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in many + epochs))
    kept, _ = history.read_metrics(publish(run, "thin"))
    assert [line for line in kept if line["kind"] == "epoch"] == epochs
    steps = [line["step"] for line in kept if line["kind"] == "step"]
    assert 100 <= len(steps) <= 200
    assert len(set(np.diff(steps))) == 1


def test_publishing_again_replaces_and_leaves_nothing_beside(published, finished_run):
    (published.path / "left.txt").write_text("old")
    assert publish(finished_run, "small") == published
    assert [path.name for path in paths.pretrained_dir().iterdir()] == ["small"]
    assert not (published.path / "left.txt").exists()


@pytest.mark.parametrize("name", ["", "Big", "../up", "latest", "best", "a b", "-x"])
def test_a_name_that_is_no_name_is_refused(name, finished_run):
    with pytest.raises(UsageError, match="cannot name a pretrained run"):
        publish(finished_run, name)
    with pytest.raises(RunNotFoundError):
        store.find_run("small")


def test_an_unfinished_run_is_refused_and_leaves_nothing(runs_in_every_state):
    for state in ("stopped", "failed", "running", "queued", "lost"):
        with pytest.raises(RunError, match="cannot be published"):
            publish(runs_in_every_state[state], "small")
    assert not paths.pretrained_dir().exists() or not any(paths.pretrained_dir().iterdir())


def test_what_is_too_large_to_commit_is_refused_and_leaves_the_earlier_one(published, finished_run):
    noise = np.random.default_rng(0).random((15_000, 10), np.float32)
    np.savez(finished_run.path / "test.npz", probabilities=noise, labels=np.zeros(15_000, np.int64))
    with pytest.raises(RunError, match=rf"test.npz .* over {MOST_BYTES // 1000} kB"):
        publish(finished_run, "small")
    assert len(load_predictions(published).labels) < 15_000
    assert [path.name for path in paths.pretrained_dir().iterdir()] == ["small"]
