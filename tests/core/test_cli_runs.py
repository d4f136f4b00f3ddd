"""The commands on several runs: comparing two, and averaging some into one."""

import json
import subprocess
import sys

import numpy as np
import pytest
from run_folders import copy_run, rewrite_answers

from core.evaluation.compare import compare
from core.evaluation.report import load_predictions
from core.runs import store


def run_core(*arguments):
    return subprocess.run([sys.executable, "-m", "core", *arguments], capture_output=True, text=True, check=False)


def read_core(*arguments):
    result = run_core(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def pair(home, trained_small):
    """Two runs, of which the second misreads five digits that the first reads right."""
    first = copy_run(trained_small, home, id="20260101-000001-mlp-aaaa")
    second = copy_run(trained_small, home, id="20260101-000002-mlp-bbbb")
    answers = load_predictions(second)
    probabilities = answers.probabilities.copy()
    for index in np.flatnonzero(answers.right)[:5]:
        probabilities[index] = np.roll(probabilities[index], 1)
    rewrite_answers(second, probabilities)
    return first, second


def test_compare_gives_the_figures_of_core(pair):
    found = compare(*(load_predictions(run) for run in pair))
    low, high = found.compute_interval()
    value = read_core("compare", "20260101-000001", "20260101-000002")
    assert (value["first"], value["second"]) == tuple(run.id for run in pair)
    assert (value["only_first"], value["only_second"], value["total"]) == (5, 0, 360)
    assert value["p_value"] == pytest.approx(2 * 0.5**5)
    assert value["interval"] == pytest.approx([low, high])
    assert "could easily be chance, p = 0.062" in value["words"]
    text = run_core("compare", *(run.id for run in pair)).stdout
    assert "5 digits are read right by the first alone, 0 by the second alone" in text
    assert "+1.39 percentage points" in text


def test_runs_on_different_digits_are_not_compared(pair):
    labels = load_predictions(pair[1]).labels
    probabilities = load_predictions(pair[1]).probabilities
    np.savez(pair[1].path / "test.npz", probabilities=probabilities[:-1], labels=labels[:-1])
    result = run_core("compare", *(run.id for run in pair))
    assert result.returncode == 1
    assert "tested on different digits" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_ensemble_is_a_run_with_members(pair):
    value = read_core("ensemble", "20260101-000001", "20260101-000002", "--name", "the two")
    assert value["members"] == [run.id for run in pair]
    assert (value["name"], value["status"], value["test_total"]) == ("the two", "completed", 360)
    mean = np.mean([load_predictions(run).probabilities for run in pair], axis=0)
    labels = load_predictions(pair[0]).labels
    assert value["test_correct"] == int((mean.argmax(1) == labels).sum())
    assert store.read_record(store.find_run("latest")).id == value["run"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["20260101-000001"], "at least two runs"),
        (["20260101-000001", "20260101-000001"], "each run once"),
        (["20260101-000001", "nonsense"], "There is no run 'nonsense'"),
    ],
)
def test_what_cannot_be_averaged_is_refused_in_a_sentence(pair, arguments, words):
    result = run_core("ensemble", *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert len(store.list_runs()) == len(pair)
