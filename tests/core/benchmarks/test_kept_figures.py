"""The benchmarks of reading keep what they measure, with the command that measures it again."""

import json

import pytest
from run_folders import copy_run
from typer.testing import CliRunner

from core.benchmarks.figure_results import format_figures, load_figures
from core.benchmarks.pretrained_table import format_pretrained
from core.cli import app


def run_benchmark(*words: str) -> str:
    result = CliRunner().invoke(app, ["benchmark", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def run_id(home, mnist_cache, trained_mnist) -> str:
    return copy_run(trained_mnist, home).id


def test_numbers_of_chosen_kinds_are_kept_beside_all_others(run_id, tmp_path):
    file = tmp_path / "figures.json"
    words = ["strings", "--run", run_id, "--strings", "3", "--length", "5", "--condition", "separate"]
    run_benchmark(*words, "--output", str(file))
    [(name, kept)] = load_figures(file).items()
    assert name == "numbers"
    assert kept["command"] == "python -m core benchmark " + " ".join(words)
    figures = kept["figures"]
    assert figures["separate_5_total"] == 3
    assert figures["separate_5_low"] <= figures["separate_5_exact"] <= figures["separate_5_high"]
    text = format_figures(load_figures(file), "reading")
    [row] = [line for line in text.splitlines() if "any mistake" in line]
    assert f"≥ 98.5% | {figures['separate_5_exact']:.2%} [" in row
    assert ("**missed**" in row) == (figures["separate_5_exact"] < 0.985)
    assert str(tmp_path) not in text


def test_what_preparing_is_worth_is_kept_and_told_step_by_step(run_id, tmp_path):
    file = tmp_path / "figures.json"
    printed = json.loads(run_benchmark("ink", "--run", run_id, "--digits", "40", "--output", str(file), "--json"))
    kept = load_figures(file)["ink"]
    assert kept["command"] == f"python -m core benchmark ink --run {run_id} --digits 40"
    assert kept["figures"] == printed["figures"]
    rows = [line for line in format_figures(load_figures(file), "reading").splitlines() if kept["command"] in line]
    assert f"{kept['figures']['originals']:.2%} of 40" in rows[0]


def test_the_networks_that_come_trained_are_told_with_the_command_that_trains_them():
    rows = {line.split("`")[1]: line for line in format_pretrained().splitlines() if line.startswith("| `")}
    assert set(rows) >= {"compact-13k", "compact-6k", "sprint", "vgg-7"}
    assert "--recipe compact-13k-better --set seed=0 --set threads=1`" in rows["compact-13k"]
    assert "13,244" in rows["compact-13k"]
