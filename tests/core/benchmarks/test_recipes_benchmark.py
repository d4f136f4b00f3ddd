"""Recipes over several seeds, trained for real: what is done is not done again, what was broken off goes on."""

import json
import signal
import statistics
import subprocess
import sys
import time

import pytest

from core import paths
from core.benchmarks.readme import README, get_marks
from core.benchmarks.recipe_results import RecipeResult, describe_settings, load_results, merge_results, save_result
from core.benchmarks.recipe_table import MARK, format_table, write_readme_table
from core.benchmarks.recipes import measure_recipes, order_recipes
from core.config import TrainConfig
from core.errors import ConfigError, RunError, TrainingError, UsageError
from core.evaluation.report import load_report
from core.recipes import RECIPES, Recipe, get_recipe
from core.runs import store
from core.runs.measured import compute_measured
from core.train import train_run

SMALL = {"dataset": "sklearn-digits", "model": "softmax-regression", "optimizer": "adam", "learning_rate": 0.01}
BEGIN, END = get_marks(MARK)
TINY = Recipe("tiny", "As small as can be.", "", 0.95, TrainConfig().with_settings({**SMALL, "epochs": 2}))


def measure(file, seeds=1, recipes=(TINY,), **options):
    told = []
    result = measure_recipes(recipes, seeds, file, told.append, **options)
    return result, told


def list_ids():
    return [entry.run.id for entry in store.list_runs()]


@pytest.mark.usefixtures("home")
def test_seeds_are_trained_once_and_their_row_is_kept(tmp_path):
    file = tmp_path / "results" / "recipes.json"
    result, told = measure(file, seeds=2)
    assert len(told) == 4, "each run as it begins, and the mean as it ends"
    runs = sorted((entry.run for entry in store.list_runs()), key=lambda run: store.read_record(run).seed)
    reports, records = [load_report(run) for run in runs], [store.read_record(run) for run in runs]
    [row] = result["rows"]
    assert row["seeds"] == [record.seed for record in records] == [0, 1]
    assert row["accuracies"] == [report["accuracy"] for report in reports]
    assert row["mean"] == pytest.approx(statistics.fmean(row["accuracies"])) == result["figures"]["tiny"]
    assert row["sd"] == pytest.approx(statistics.stdev(row["accuracies"]))
    assert row["test_loss"] == pytest.approx(statistics.fmean(report["loss"] for report in reports))
    after = [report["temperature"]["after"] for report in reports]
    assert row["scaled_loss"] == pytest.approx(statistics.fmean(one["nll"] for one in after))
    assert row["scaled_ece"] == pytest.approx(statistics.fmean(one["ece"] for one in after))
    assert row["train_seconds"] == pytest.approx(statistics.fmean(record.train_seconds for record in records))
    assert (row["claimed"], row["parameters"], row["epochs"], row["test_digits"]) == (0.95, 7850, 2.0, 360)
    assert (row["device"], row["at_once"], row["machine"]["torch"]) == ("cpu", 1, records[0].versions["torch"])
    assert row["command"] == "python -m core benchmark recipes --recipe tiny --seeds 2"
    assert row["settings"]["data.dataset"] == "sklearn-digits"
    assert row["date"] == max(record.finished for record in records)[:10]
    assert [one.model_dump(mode="json") for one in load_results(file)] == [row]

    before = list_ids()
    again, told = measure(file, seeds=2)
    assert (again, told, list_ids()) == (result, [], before)
    more, told = measure(file, seeds=3)
    assert [len(told), len(list_ids())] == [2, 3]
    assert more["rows"][0]["accuracies"][:2] == row["accuracies"]
    fewer, _ = measure(file, seeds=1)
    assert fewer["rows"][0]["seeds"] == [0]
    assert [len(one.seeds) for one in load_results(file)] == [3], "what three seeds say is not replaced by one of them"


@pytest.mark.usefixtures("home")
def test_seeds_whose_runs_are_gone_count_on_demand(tmp_path):
    file = tmp_path / "recipes.json"
    before, _ = measure(file, seeds=2)
    for entry in store.list_runs():
        store.delete_run(entry.run)
    after, told = measure(file, seeds=3, continues=True)
    assert len(told) == 2, "one run begins and ends"
    [entry] = store.list_runs()
    assert entry.record.seed == 2
    [first], [row] = before["rows"], after["rows"]
    assert (row["seeds"], row["command"]) == ([0, 1, 2], "python -m core benchmark recipes --recipe tiny --seeds 3")
    assert row["accuracies"] == [*first["accuracies"], load_report(entry.run)["accuracy"]]
    assert row["test_loss"] == pytest.approx((2 * first["test_loss"] + load_report(entry.run)["loss"]) / 3)
    assert row["train_seconds"] == pytest.approx((2 * first["train_seconds"] + entry.record.train_seconds) / 3)
    assert load_results(file)[0].model_dump(mode="json") == row
    assert measure(file, seeds=3, continues=True) == (after, [])
    changed = Recipe("tiny", "", "", 0.95, TINY.config.with_settings({"epochs": 1}))
    assert measure(file, seeds=1, recipes=[changed], continues=True)[0]["rows"][0]["seeds"] == [0]
    assert len(store.list_runs()) == 2, "what was measured with other settings does not count"


def test_rows_that_are_not_alike_are_not_put_together():
    row = build_row()
    for other in (row, build_row(seeds=(3, 4, 5), device="cuda"), build_row(seeds=(3, 4, 5), settings={"a": 1})):
        with pytest.raises(RunError, match="Two results of compact-13k cannot be put together"):
            merge_results(row, other)
    merged = merge_results(build_row(seeds=(1, 2, 4)), build_row(seeds=(3,), accuracies=(0.99,), scaled_loss=None))
    assert merged.seeds == (1, 2, 3, 4)
    assert merged.accuracies == (0.9940, 0.9946, 0.99, 0.9943)
    assert merged.scaled_loss is None, "of a mean that lacks a seed nothing is said"


def train_halfway(config=TINY.config):
    """Leave a run of the tiny recipe stopped after its first epoch."""
    run = store.create_run(config, TINY.name)
    record = train_run(run, lambda line: line["kind"] == "epoch" and (run.path / "stop").touch())
    assert (record.status, record.step) == ("stopped", config.steps_per_epoch)
    return run


@pytest.mark.usefixtures("home")
def test_a_run_that_was_broken_off_goes_on(tmp_path):
    run = train_halfway()
    result, _ = measure(tmp_path / "recipes.json")
    assert list_ids() == [run.id]
    assert store.read_record(run).status == "completed"
    assert result["figures"]["tiny"] == load_report(run)["accuracy"]


@pytest.mark.usefixtures("home")
def test_a_failure_is_named_and_the_others_are_kept(tmp_path):
    run, file = train_halfway(), tmp_path / "recipes.json"
    (run.path / "last.safetensors").write_bytes(b"no weights")
    with pytest.raises(TrainingError, match=rf"{run.id} is failed \(.*last\.safetensors.*The same command"):
        measure(file, seeds=2)
    assert [row.seeds for row in load_results(file)] == [(1,)]


def test_wrong_wishes_are_refused_before_anything_is_trained(home, tmp_path):
    with pytest.raises(ConfigError, match="number of seeds is 0"):
        measure(tmp_path / "recipes.json", seeds=0)
    elsewhere = Recipe("elsewhere", "", "", None, TINY.config.with_settings({"device": "mps"}))
    with pytest.raises(ConfigError, match="'mps', which this machine lacks"):
        measure(tmp_path / "recipes.json", recipes=[elsewhere])
    assert list_ids() == []


def test_runs_that_came_with_the_project_are_not_measured_here(finished_run):
    recipe = Recipe("mlp", "", "", None, store.read_config(finished_run))
    assert compute_measured(recipe).n == 1
    paths.pretrained_dir().mkdir()
    finished_run.path.rename(paths.pretrained_dir() / "mlp")
    assert [entry.run.pretrained for entry in store.list_runs()] == [True]
    assert compute_measured(recipe) is None


@pytest.mark.usefixtures("mnist_home")
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path):
    file = tmp_path / "recipes.json"
    command = [sys.executable, "-m", "core", "benchmark", "recipes", "--recipe", "tinyvgg-sgd", "--seeds", "1"]
    command += ["--output", str(file)]
    # A shell starts what runs in its background with Ctrl-C ignored, and this test with it.
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    end = time.monotonic() + 120
    while not any(entry.record.step > 0 for entry in store.list_runs() if entry.record):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Broken off. What is done is kept" in told
    [entry] = store.list_runs()
    assert entry.state == "stopped"
    assert not file.exists()

    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list_ids() == [entry.run.id]
    result = json.loads(done.stdout)
    assert result["figures"]["tinyvgg-sgd"] == load_report(entry.run)["accuracy"] > 0.9
    assert load_results(file)[0].is_of(get_recipe("tinyvgg-sgd"))


def test_published_recipes_come_before_what_improves_them():
    ordered = order_recipes()
    assert set(ordered) == set(RECIPES)
    improves = [recipe.improves is not None for recipe in ordered]
    assert improves == sorted(improves)


def build_row(**changes):
    row = {
        "recipe": "compact-13k",
        "claimed": 0.9961,
        "seeds": (0, 1, 2),
        "accuracies": (0.9940, 0.9946, 0.9943),
        "test_digits": 10_000,
        "test_loss": 0.0191,
        "scaled_loss": 0.0182,
        "scaled_ece": 0.0013,
        "parameters": 13_244,
        "epochs": 20.0,
        "train_seconds": 734.0,
        "at_once": 1,
        "machine": {"processor": "Abacus", "cores": 2, "torch": "2.15.0"},
        "device": "cpu",
        "command": "python -m core benchmark recipes --recipe compact-13k --seeds 3",
        "date": "2026-11-21",
        "settings": {},
    }
    return RecipeResult.model_validate(row | changes)


def test_a_row_takes_the_place_of_one_of_the_same_recipe_and_machine(tmp_path):
    file = tmp_path / "recipes.json"
    other = build_row(machine={"processor": "Abacus", "cores": 2, "accelerator": "Slide rule"}, device="cuda")
    for row in (build_row(), other, build_row(recipe="sprint"), build_row(date="2026-11-22")):
        save_result(row, file)
    assert [(row.recipe, row.place, row.date) for row in load_results(file)] == [
        ("sprint", "Abacus, 2 cores", "2026-11-21"),
        ("compact-13k", "Abacus, 2 cores", "2026-11-22"),
        ("compact-13k", "Slide rule", "2026-11-21"),
    ]
    one = {"seeds": (0,), "accuracies": (0.99,)}
    save_result(build_row(**one), file)
    assert len(load_results(file)[1].seeds) == 3
    save_result(build_row(**one, settings={"loop.epochs": 5.0}), file)
    assert len(load_results(file)[1].seeds) == 1, "other settings are another recipe"


def test_a_damaged_file_is_named(tmp_path):
    file = tmp_path / "recipes.json"
    assert load_results(file) == []
    for text in ("{", "[1]", '[{"recipe": "sprint"}]', "7"):
        file.write_text(text)
        with pytest.raises(RunError, match=r"recipes\.json"):
            load_results(file)


def test_the_table_says_what_was_measured_where_and_what_was_not():
    earlier = build_row(recipe="sprint", claimed=None, seeds=(4,), accuracies=(0.9903,), train_seconds=7.25, at_once=2)
    earlier = earlier.model_copy(update={"scaled_loss": None, "scaled_ece": None})
    compact = build_row(settings=describe_settings(get_recipe("compact-13k").config))
    table = format_table([earlier, compact])
    assert (
        "| `sprint` † | — | — | 99.03 % (1) | 99.03 % (4); 99.03 % (4) | 13,244 | 20 | 7.2 s [1] | 0.0191 | — |\n"
        "| `compact-13k` | 99.61 % | ≥ 99.61 % | 99.43 % ± 0.03 (3) *too few seeds* | 99.46 % (1); 99.40 % (0) | "
        "13,244 | 20 | 12 min 14 s [2] | "
        "0.0191 | 0.0182; 0.0013 |\n" in table
    )
    assert "[1] Abacus, 2 cores (cpu), torch 2.15.0, 2 trainings at once, 2026-11-21." in table
    assert "[2] Abacus, 2 cores (cpu), torch 2.15.0, 2026-11-21." in table
    assert "† Measured with earlier settings of the recipe." in table
    assert "Not measured yet: `drawing`, `compact-13k-better`, " in table
    assert "†" not in format_table([compact])
    five = {"seeds": tuple(range(5)), "settings": compact.settings}
    assert "99.60 % ± 0.00 (5) **missed** |" in format_table([build_row(accuracies=(0.9960,) * 5, **five)])
    assert "99.61 % ± 0.00 (5) |" in format_table([build_row(accuracies=(0.9961,) * 5, **five)])


def test_what_is_missed_is_told_beside_what_chance_does_to_a_mean():
    accuracies = (0.9950, 0.9952, 0.9954, 0.9956, 0.9958)
    five = {"seeds": tuple(range(5)), "parameters": 13_244}
    published = build_row(recipe="compact-13k", accuracies=accuracies, **five)
    better = build_row(recipe="compact-13k-better", accuracies=(0.9963,) * 5, **five)
    # The spread is 0.0316 points, its fifth part's root 0.0141; short of 99.61 % by 0.07.
    assert "mean):\n\n- `compact-13k`: 0.070 points, 4.9 standard errors of the mean\n\n" in format_table([published])
    reached = "4.9 standard errors of the mean; `compact-13k-better` reaches it with 99.63 %\n"
    assert reached in format_table([published, better])
    same = better.model_copy(update={"accuracies": (0.9960,) * 5})
    assert "- `compact-13k-better`: 0.010 points\n" in format_table([same])
    assert "falls short" not in format_table(
        [better, published.model_copy(update={"seeds": (0, 1, 2), "accuracies": accuracies[:3]})]
    )


def test_the_table_ends_with_what_none_beats_at_its_cost():
    quick = build_row(recipe="sprint", accuracies=(0.99,) * 3, parameters=30_410, epochs=0.3, train_seconds=3.1)
    weak = build_row(recipe="mlp", accuracies=(0.98,) * 3, parameters=235_146, epochs=5.0, train_seconds=46.0)
    best = build_row(recipe="vgg-7", accuracies=(0.9967,) * 3, parameters=288_170, epochs=16.0, train_seconds=1.0)
    best = best.model_copy(update={"machine": {"accelerator": "Slide rule"}, "device": "cuda"})
    compact = build_row(settings=describe_settings(get_recipe("compact-13k").config))
    lines = format_table([quick, compact, weak, best]).splitlines()[-3:]
    assert lines == [
        "- parameters: `compact-13k` 99.43 % (13,244) · `vgg-7` 99.67 % (288,170)",
        "- epochs: `sprint` 99.00 % (0.3) · `vgg-7` 99.67 % (16)",
        "- training time on Abacus, 2 cores: `sprint` 99.00 % (3.1 s) · `compact-13k` 99.43 % (12 min 14 s)",
    ]


def test_only_what_stands_between_the_marks_is_written(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n")
    write_readme_table([build_row()], readme)
    assert readme.read_text() == f"Before\n{BEGIN}\n{format_table([build_row()])}\n{END}\nAfter\n"
    readme.write_text("No marks")
    with pytest.raises(UsageError, match="has no table to write"):
        write_readme_table([], readme)
    assert readme.read_text() == "No marks"


def test_the_readme_holds_the_table_of_the_results():
    """If this fails, `python -m core benchmark recipes --table` mends it."""
    table = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert table == f"\n{format_table(load_results())}\n"
