"""The command line as scripts use it: real processes, their output and their exit status."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.benchmarks.recipe_results import load_results
from core.data.datasets import load
from core.evaluation.predict import load_classifier, predict_probabilities
from core.recipes import RECIPES, get_recipe
from core.runs import store

SMALL = ["--set", "dataset=sklearn-digits", "--set", "epochs=3", "--set", "learning_rate=0.002"]


def run_core(*arguments):
    return subprocess.run([sys.executable, "-m", "core", *arguments], capture_output=True, text=True, check=False)


def read_core(*arguments):
    result = run_core(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def list_own_runs():
    """What `runs` lists, but not what comes with the project."""
    return [row for row in read_core("runs") if not row["pretrained"]]


def find_told(recipe):
    """The row of the project's own table that is of the recipe as it is now."""
    return next((row for row in load_results() if row.is_of(recipe)), None)


def assert_refused(result, words, status=2):
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("home")
def test_recipes_are_listed_with_claims_and_with_what_the_project_measured():
    rows = read_core("recipes")
    assert [row["name"] for row in rows] == [recipe.name for recipe in RECIPES]
    for recipe, row in zip(RECIPES, rows, strict=True):
        told = find_told(recipe)
        assert row["measured"] == (told and {"mean": told.mean, "sd": told.sd, "n": len(told.seeds)})
    compact = next(row for row in rows if row["name"] == "compact-13k")
    assert compact == {
        "name": "compact-13k",
        "model": "compact-13k",
        "parameters": 13_244,
        "source": compact["source"],
        "claimed": 0.9961,
        "measured": compact["measured"],
    }
    assert "compact-13k" in run_core("recipes").stdout


@pytest.mark.usefixtures("mnist_home")
def test_data_describes_mnist():
    value = read_core("data")
    assert (value["name"], value["train"], value["validation"], value["test"]) == ("mnist", 55_000, 5_000, 10_000)
    assert value["classes"] == list("0123456789")
    assert len(value["checksum"]) == 64


@pytest.mark.usefixtures("home")
def test_data_without_a_network_says_what_to_do():
    assert_refused(run_core("data"), "set DIGITS_MIRROR", status=1)
    assert read_core("data", "--dataset", "sklearn-digits")["test"] == 360


@pytest.mark.usefixtures("home")
def test_the_whole_life_of_a_run(tmp_path):
    trained = read_core("train", "--recipe", "mlp", *SMALL, "--set", "seed=1", "--name", "first")
    assert trained["name"] == "first"
    assert trained["parameters"] == 235_146
    assert trained["train_seconds"] > 0
    assert trained["test_accuracy"] == trained["test_correct"] / trained["test_total"] > 0.8
    assert list_own_runs() == [trained]
    report = read_core("evaluate", "latest")
    assert report["correct"] == trained["test_correct"]
    measured = next(row for row in read_core("recipes") if row["name"] == "mlp")["measured"]
    assert measured["mean"] == find_told(get_recipe("mlp")).mean, "other settings than the recipe's are not the recipe"

    data = load("sklearn-digits")
    path = tmp_path / "digit.png"
    Image.fromarray(255 - data.test.images[0]).resize((280, 280)).save(path)
    answer = read_core("predict", trained["run"][:-2], str(path))
    assert answer[0]["file"] == str(path)
    digit = answer[0]["digits"][0]
    assert digit["label"] == int(np.argmax(digit["probabilities"]))
    assert digit["probability"] == pytest.approx(max(digit["probabilities"]))
    assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert len(digit["box"]) == 4
    assert f"{path}: {digit['label']} (" in run_core("predict", "latest", str(path)).stdout
    assert [len(line["text"]) for line in answer[0]["numbers"]] == [1]
    assert_refused(run_core("train", "--resume", trained["run"]), "is complete", status=1)


@pytest.mark.usefixtures("home")
def test_seeds_and_sizes_are_trained_in_one_go():
    result = read_core("train", "--recipe", "mlp", *SMALL, "--seeds", "2", "--sizes", "300,600", "--name", "batch")
    runs = result["runs"]
    assert [(run["seed"], run["name"], run["status"]) for run in runs] == [
        (seed, "batch", "completed") for seed in (0, 1, 0, 1)
    ]
    assert len({run["total_steps"] for run in runs}) == 1
    accuracies = [run["test_accuracy"] for run in runs]
    assert [(group["train_size"], group["n"]) for group in result["groups"]] == [(300, 2), (600, 2)]
    for group, pair in zip(result["groups"], (accuracies[:2], accuracies[2:]), strict=True):
        assert group["mean"] == pytest.approx(np.mean(pair))
        assert group["sd"] == pytest.approx(np.std(pair, ddof=1))
    assert [run["run"] for run in list_own_runs()] == [run["run"] for run in sorted(runs, key=_key, reverse=True)]


def _key(run):
    return run["run"]


@pytest.mark.usefixtures("home")
def test_a_batch_says_each_result_and_their_mean():
    text = run_core("train", "--recipe", "mlp", *SMALL, "--seeds", "2", "--set", "seed=3").stdout
    assert "Run 1 of 2: seed 3, 1,318 training digits." in text
    assert "Run 2 of 2: seed 4" in text
    assert text.count("95 % interval") == 2
    accuracies = [run["test_accuracy"] for run in list_own_runs()]
    mean, sd = np.mean(accuracies), np.std(accuracies, ddof=1)
    assert f"1,318 training digits: test accuracy {mean:.2%} ± {sd:.2%} over 2 seeds." in text


def start_core(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "core", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.usefixtures("home")
def test_ctrl_c_keeps_what_a_batch_has_done():
    quick = ["--set", "dataset=sklearn-digits", "--set", "epochs=400", "--set", "threads=1"]
    with start_core("train", "--recipe", "mlp", *quick, "--seeds", "100", "--json") as process:
        end = time.monotonic() + 60
        while not any(entry.state == "running" and entry.record.step > 0 for entry in store.list_runs()):
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    result = json.loads(output)
    assert 1 <= len(result["runs"]) < 100
    assert result["runs"][-1]["status"] == "stopped"
    assert [run["run"] for run in list_own_runs()] == [run["run"] for run in result["runs"][::-1]]


@pytest.mark.usefixtures("home")
def test_a_run_that_fails_ends_the_batch_with_its_sentence():
    result = run_core("train", "--recipe", "mlp", "--seeds", "3", "--json")  # MNIST is not here, nor a network
    assert_refused(result, "set DIGITS_MIRROR", status=1)
    assert [run["status"] for run in list_own_runs()] == ["failed"]


@pytest.mark.usefixtures("home")
def test_several_digits_are_read_left_to_right(finished_run, tmp_path):
    data = load("sklearn-digits")
    sheet = Image.new("L", (400, 120), 255)
    for place, index in enumerate((3, 10, 20)):
        sheet.paste(Image.fromarray(255 - data.test.images[index]).resize((100, 100)), (20 + 125 * place, 10))
    sheet.save(tmp_path / "three.png")
    boxes = [digit["box"] for digit in read_core("predict", finished_run.id, str(tmp_path / "three.png"))[0]["digits"]]
    assert len(boxes) == 3
    assert boxes == sorted(boxes)


@pytest.mark.usefixtures("home")
def test_lines_are_told_one_after_another(finished_run, tmp_path):
    data = load("sklearn-digits")
    sheet = Image.new("L", (300, 320), 255)
    for place, index in enumerate((3, 10, 20)):
        digit = Image.fromarray(255 - data.test.images[index]).resize((100, 100))
        sheet.paste(digit, (20 + 125 * (place % 2), 20 + 160 * (place // 2)))
    sheet.save(tmp_path / "lines.png")
    said = run_core("predict", finished_run.id, str(tmp_path / "lines.png")).stdout
    first, second = said.split(" / ")
    assert (first.count("("), second.count("(")) == (2, 1)


@pytest.mark.usefixtures("home")
def test_a_digit_that_is_prepared_already_is_read_as_it_is_like_on_the_draw_page(finished_run, tmp_path):
    image = load("sklearn-digits").test.images[0]
    # Off the middle, where preparing it anew would move it.
    image = np.roll(image, 2, axis=1)
    Image.fromarray(image).save(tmp_path / "digit.png")
    (digit,) = read_core("predict", finished_run.id, str(tmp_path / "digit.png"))[0]["digits"]
    expected = predict_probabilities(load_classifier(finished_run), image[None])[0]
    assert digit["probabilities"] == pytest.approx(expected.tolist(), abs=1e-5)
    assert digit["box"] == [0, 0, 28, 28]


@pytest.mark.usefixtures("home")
def test_a_picture_without_ink_has_no_digit(finished_run, tmp_path):
    picture = Image.new("L", (200, 200), 255)
    picture.save(tmp_path / "blank.png")
    assert read_core("predict", finished_run.id, str(tmp_path / "blank.png"))[0]["digits"] == []
    ImageDraw.Draw(picture).line((100, 20, 100, 180), fill=0, width=14)
    picture.save(tmp_path / "one.png")
    assert len(read_core("predict", finished_run.id, str(tmp_path / "one.png"))[0]["digits"]) == 1


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--recipe", "nonsense"], "no recipe 'nonsense'"),
        (["train", "--set", "learning_rate"], "has no '='"),
        (["train", "--set", "learning_rate=fast", "--set", "epochs=-1"], "loop.epochs is -1"),
        (["train", "--resume", "latest", "--recipe", "mlp"], "leave out --recipe"),
        (["train", "--resume", "latest"], "There is no run yet"),
        (["train", "--resume", "latest", "--seeds", "2"], "leave out --recipe, --set, --name, --seeds and --sizes"),
        (["train", "--resume", "latest", "--sizes", "100"], "leave out --recipe"),
        (["train", "--seeds", "0"], "number of seeds is 0; it must be from 1 to 100"),
        (["train", "--sizes", "1000,all"], "--sizes 1000,all holds 'all'"),
        (["train", "--sizes", "5,70000"], "data.train_size is 5; it must be at least 10."),
        (["evaluate", "nothing"], "There is no run 'nothing'"),
        (["publish", "nothing", "mine"], "There is no run 'nothing'"),
        (["benchmark", "drawings", "--run", "nothing"], "There is no run 'nothing'"),
        (["evaluate", "../../etc"], "There is no run '../../etc'"),
        (["predict", "nothing", "x.png"], "There is no run 'nothing'"),
        (["data", "--dataset", "letters"], "data.dataset is 'letters'"),
        (["dance"], "No such command 'dance'; `python -m core --help`"),
        (["predict"], "Missing argument 'RUN'; `python -m core predict --help`"),
        (["predict", "compact-13k"], "Missing argument 'IMAGE…'"),
        (["recipes", "--jsn"], "No such option: --jsn"),
        (["recipes", "mlp"], "unexpected extra argument"),
        (["benchmark", "recipes", "--seeds", "many"], "Invalid value for '--seeds'"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(arguments, words):
    result = run_core(*arguments)
    assert_refused(result, words)
    assert result.stderr.count("\n") == 1


def test_a_picture_that_cannot_be_read_hides_no_other_s_answer(finished_run, tmp_path):
    names = ["torn.png", "one.png", "empty.png"]
    paths = [str(tmp_path / name) for name in names]
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    (tmp_path / "empty.png").touch()
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line((100, 20, 100, 180), fill=0, width=14)
    picture.save(tmp_path / "one.png")
    result = run_core("predict", finished_run.id, *paths)
    assert result.returncode == 2
    assert result.stdout.startswith(f"{paths[1]}: ")
    assert [name for name in names if name in result.stderr] == ["torn.png", "empty.png"]
    read = run_core("predict", finished_run.id, *paths, "--json")
    assert read.returncode == 2
    assert [row["file"] for row in json.loads(read.stdout)] == [paths[1]]


def test_pictures_that_cannot_be_read_are_refused(finished_run, tmp_path):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    assert_refused(run_core("predict", finished_run.id, str(tmp_path / "torn.png")), "torn.png")
    assert_refused(run_core("predict", finished_run.id, str(tmp_path / "missing.png")), "missing.png")


def test_a_run_under_way_is_not_evaluated(runs_in_every_state):
    run = runs_in_every_state["running"]
    assert_refused(run_core("evaluate", run.id), "stop it first", status=1)
    assert not (run.path / "report.json").exists()


def test_runs_lists_every_state(runs_in_every_state):
    states = {row["run"]: row["status"] for row in list_own_runs()}
    assert states == {run.id: state for state, run in runs_in_every_state.items()}
    assert "lost" in run_core("runs").stdout


@pytest.mark.usefixtures("home")
def test_settings_are_listed_from_their_one_definition():
    text = run_core("train", "--settings").stdout
    assert "optimizer.learning_rate [> 0, ≤ 10; default 0.1]" in text
    assert "schedule.name [constant | step" in text


@pytest.mark.usefixtures("mnist_home")
def test_sprint_reads_mnist_well_after_one_epoch():
    trained = read_core("train", "--recipe", "sprint", "--set", "epochs=1")
    assert trained["test_accuracy"] > 0.98
    assert trained["dataset"] == "mnist"
    assert read_core("evaluate", "best")["total"] == 10_000
