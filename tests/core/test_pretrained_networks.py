"""The networks that come with the project, as they are committed."""

import json

import numpy as np
import pytest

from core import paths
from core.benchmarks.drawings import measure_drawings
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.report import load_predictions, load_report, load_validation
from core.recipes import get_recipe
from core.runs import store
from core.runs.pretrained import MOST_BYTES

FILES = {"config.json", "run.json", "report.json", "metrics.jsonl", "model.safetensors", "test.npz", "validation.npz"}
ARRAYS = {"test.npz": {"probabilities", "labels"}, "validation.npz": {"probabilities", "labels", "indices"}}


@pytest.fixture(scope="module")
def run():
    return store.find_run("drawing")


# Its recipe, and how far answers may lie from those in its files: machines round bfloat16 differently.
NETWORKS = {
    "compact-13k": ("compact-13k-better", 0.1),
    "compact-6k": ("compact-6k-better", 0.1),
    "drawing": ("drawing", 1e-4),
    "sprint": ("sprint", 0.1),
    "vgg-7": ("vgg-7", 0.1),
}


def test_all_that_come_with_the_project_are_tested_here():
    assert {folder.name for folder in paths.pretrained_dir().iterdir()} == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_its_recipe_completed_on_mnist(name, mnist):
    run, recipe = store.find_run(name), get_recipe(NETWORKS[name][0])
    record = store.read_record(run)
    assert run.pretrained
    assert (record.status, record.recipe, record.dataset) == ("completed", recipe.name, "mnist")
    assert record.dataset_checksum == mnist.checksum
    assert store.read_config(run) == recipe.config, "seed 0, which nobody picked"
    assert record.step == record.total_steps == recipe.config.total_steps


@pytest.mark.parametrize("name", NETWORKS)
def test_it_says_today_what_its_files_say(name, mnist):
    run, apart = store.find_run(name), NETWORKS[name][1]
    answers, report = load_predictions(run), load_report(run)
    assert np.array_equal(answers.labels, mnist.test.labels)
    now = predict_probabilities(load_classifier(run), mnist.test.images[:2000])
    assert np.abs(now - answers.probabilities[:2000]).max() < apart
    assert report["correct"] == int(answers.right.sum()) == store.read_record(run).test_correct
    validation, indices = load_validation(run)
    assert np.array_equal(validation.labels, mnist.train.labels[indices])


def test_its_folder_holds_figures_and_weights_and_no_pictures():
    for folder in paths.pretrained_dir().iterdir():
        assert {path.name for path in folder.iterdir()} == FILES
        for path in folder.iterdir():
            assert path.suffix == ".safetensors" or path.stat().st_size <= MOST_BYTES, path
        for name, arrays in ARRAYS.items():
            with np.load(folder / name, allow_pickle=False) as file:
                assert set(file.files) == arrays
                assert file["probabilities"].shape == (len(file["labels"]), 10)
        record = json.loads((folder / "run.json").read_text())
        assert (record["pid"], record["heartbeat"], record["git_commit"]) == (None, "", "")


def test_it_reads_the_test_drawings(run):
    [found] = measure_drawings([run])["runs"]
    # When it was published it read 964 of these, all barred sevens, and 18 of the 30 ones with a long flag.
    assert found["drawings"]["total"] == 990
    assert found["drawings"]["correct"] >= 950
    for kind in ("7 barred", "7 barred and hooked", "4 open", "1 flag and base"):
        assert found["kinds"][kind]["correct"] >= 27, kind
