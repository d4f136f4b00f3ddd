"""What the benchmarks of speed rest on: the peer, the bare loop, copies of runs, exponents and the table."""

import json

import pytest
import torch

from core.benchmarks import pretrained_table
from core.benchmarks.figure_results import (
    GOALS,
    MARKS,
    ROWS,
    format_figures,
    load_figures,
    save_figures,
    write_readme_figures,
)
from core.benchmarks.peer import build_peer, prepare, train_peer
from core.benchmarks.readme import README, get_marks
from core.benchmarks.runs_on_disk import copy_runs, write_long_metrics
from core.benchmarks.scale import fit_exponent
from core.data.datasets import Split, load
from core.errors import RunError, UsageError
from core.models.summary import count_parameters
from core.runs import store
from core.runs.history import read_metrics

MACHINE = {"processor": "Abacus", "cores": 2, "torch": "2.15.0"}


def make_result(benchmark, value):
    """Every figure that the table asks of a benchmark, each with the same value."""
    names = {part.split(":")[0] for row in ROWS if row.benchmark == benchmark for part in row.form.split("{")[1:]}
    names |= {row.goal for row in ROWS if row.benchmark == benchmark and row.goal in GOALS[benchmark]}
    return {"machine": MACHINE, "figures": dict.fromkeys(names, value), "goals": GOALS[benchmark]}


def test_the_peer_has_the_layers_of_its_description():
    # 24·25 + 24, 32·24·9 + 32, 800·256 + 256, 256·10 + 10
    assert count_parameters(build_peer()) == 624 + 6944 + 205_056 + 2570


def test_the_peer_learns_and_its_seed_decides():
    train = load("sklearn-digits").train
    images, labels = prepare(Split(train.images, train.labels))
    assert images.mean().item() == pytest.approx((train.images.mean() / 255 - 0.1307) / 0.3081, abs=1e-4)
    weights = []
    for seed in (0, 0, 1):
        network, seconds = train_peer(images, labels, seed)
        assert seconds > 0
        weights.append(torch.cat([value.flatten() for value in network.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_copies_are_runs_of_their_own(finished_run):
    copies = copy_runs(finished_run, 3, first=7)
    entries = store.list_runs()
    assert {entry.run.id for entry in entries} == {finished_run.id, *(copy.id for copy in copies)}
    assert [store.read_config(copy).runtime.seed for copy in copies] == [7, 8, 9]
    assert all(store.read_entry(copy).state == "completed" for copy in copies)
    store.delete_run(copies[0])
    assert (copies[1].path / "model.safetensors").is_file()


def test_long_metrics_are_read_like_any(finished_run):
    write_long_metrics(finished_run, epochs=4, lines_per_epoch=50)
    lines, _ = read_metrics(finished_run)
    assert [line["kind"] for line in lines].count("epoch") == 4
    assert len(lines) == 4 * 51
    assert max(line["train_loss"] for line in lines) > 2


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_is_that_of_the_growth(power):
    sizes = (10, 100, 1000)
    assert fit_exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_every_goal_has_its_row():
    for benchmark, goals in GOALS.items():
        for name in goals:
            named = any(f"{{{name}:" in row.form or row.goal == name for row in ROWS if row.benchmark == benchmark)
            assert named, f"{name} is in no row of the table"


def test_figures_are_kept_and_stand_in_the_table_with_those_that_fall_short(tmp_path):
    file = tmp_path / "results" / "figures.json"
    save_figures("memory", make_result("memory", 950.0), "first", file)
    save_figures("scale", make_result("scale", 0.5), "second", file)
    save_figures("memory", make_result("memory", 901.0), "third", file)
    assert list(load_figures(file)) == ["memory", "scale"]
    text = format_figures(load_figures(file))
    [memory] = [line for line in text.splitlines() if "three runs open" in line]
    assert "≤ 900 MB | 901 MB" in memory
    assert "**missed**" in memory
    assert [line for line in text.splitlines() if "1,000 runs" in line and "missed" in line] == []
    assert len([line for line in text.splitlines() if "not measured" in line]) == sum(
        row.benchmark in MARKS["figures"] and row.benchmark not in ("memory", "scale") for row in ROWS
    )
    assert text.count("`third` |") == 1
    assert "`third`: Abacus, 2 cores, torch 2.15.0" in text


def test_a_speed_below_its_goal_is_missed_and_one_above_is_not(tmp_path):
    for value, missed in ((7.9, True), (8.0, False)):
        result = make_result("speed", value)
        text = format_figures({"speed": {"command": "", "date": "", "load": 0.0, **result}})
        [row] = [line for line in text.splitlines() if "training time of the peer" in line]
        assert ("**missed**" in row) == missed


def test_the_table_goes_between_its_marks_and_nowhere_else(tmp_path):
    file, readme = tmp_path / "figures.json", tmp_path / "README.md"
    save_figures("memory", make_result("memory", 1.0), "command", file)
    marks = [mark for name in (*MARKS, pretrained_table.MARK) for mark in get_marks(name)]
    readme.write_text("before\n" + "\nearlier\n".join(marks) + "\nafter\n", encoding="utf-8")
    write_readme_figures(file, readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{marks[0]}\n| what |")
    assert text.endswith(f"\n{marks[-1]}\nafter\n")
    assert text.count("earlier") == len(marks) / 2 - 1  # what is between the parts stays
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(UsageError, match="no table to write"):
        write_readme_figures(file, readme)
    assert all(mark in README.read_text(encoding="utf-8") for mark in marks)


def test_a_damaged_file_of_figures_is_one_sentence(tmp_path):
    file = tmp_path / "figures.json"
    file.write_text(json.dumps([1]), encoding="utf-8")
    with pytest.raises(RunError, match="no figures by benchmark"):
        load_figures(file)
