"""Files made to harm: each is refused in a sentence, within 2 seconds and 300 MB, and nothing in it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import (
    build_odd_pictures,
    build_pictures,
    build_predictions,
    build_reports,
    build_weights,
    build_zips,
    encode,
)
from PIL import Image
from run_folders import copy_run
from safetensors.numpy import load_file

LAB = Path(__file__).with_name("hostile_lab.py")
# Of the processor, not by the clock: another program may have it.
MOST_S = 2.0
MOST_MEGABYTES = 300
# What is no mischief is read, however odd it is; that takes longer than to refuse it.
READING_S, READING_MEGABYTES = 10.0, 600


def write(folder, files):
    folder.mkdir()
    for name, content in files.items():
        if callable(content):
            content(folder / name)
        else:
            (folder / name).write_bytes(content)
    return [folder / name for name in files]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, trained_small):
    """Have files taken in, all of a test in one process, and return what became of each by its name."""
    place = tmp_path_factory.mktemp("lab")
    run = copy_run(trained_small, place / "home")
    trap = place / "sprung"
    environment = {
        "DIGITS_HOME": str(place / "home"),
        "HOSTILE_RUN": run.id,
        "HOSTILE_RUN_FOLDER": str(run.path),
        "HOSTILE_TRAP": str(trap),
    }

    def take_in(cases):
        done = subprocess.run(
            [sys.executable, LAB],
            input=json.dumps([[way, str(file)] for way, file in cases]),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        assert done.returncode == 0, done.stderr
        assert not trap.exists(), "something in a file was run"
        assert not list(place.glob("home/drawings/*")), "something of a file was kept"
        assert {path.name for path in place.iterdir()} <= {"home", "sprung"}
        names = [f"{way} {file.parent.name}/{file.name}" for way, file in cases]
        return dict(zip(names, json.loads(done.stdout), strict=True))

    return take_in


def assert_bounded(found, seconds=MOST_S, megabytes=MOST_MEGABYTES):
    """Nothing took too long or too much; gather all that did, to see them at once."""
    dear = {
        name: (round(one["cpu_s"], 1), round(one["megabytes"]))
        for name, one in found.items()
        if "cpu_s" in one and (one["cpu_s"] > seconds or one["megabytes"] > megabytes)
    }
    assert dear == {}


def assert_refused(found):
    others = {name: (one["outcome"], one["message"]) for name, one in found.items() if one["outcome"] != "refused"}
    assert others == {}
    for name, one in found.items():
        assert one["message"].endswith("."), name
        assert "\n" not in one["message"], name
        assert len(one["message"]) < 500, name
    assert_bounded(found)


def test_pictures_are_refused(lab, tmp_path):
    files = write(tmp_path / "pictures", build_pictures())
    assert_refused(lab([(way, file) for file in files for way in ("picture", "predict")]))


def test_odd_pictures_are_answered(lab, tmp_path):
    files = write(tmp_path / "pictures", build_odd_pictures())
    found = lab([("picture", file) for file in files])
    assert {name: one["outcome"] for name, one in found.items()} == dict.fromkeys(found, "answer")
    assert_bounded(found)


def test_odd_pictures_are_read(lab, tmp_path):
    files = write(tmp_path / "pictures", build_odd_pictures())
    found = lab([("predict", file) for file in files])
    assert {name: one["outcome"] for name, one in found.items()} == dict.fromkeys(found, "answer")
    assert_bounded(found, READING_S, READING_MEGABYTES)


def test_zips_are_refused(lab, tmp_path):
    picture = encode(Image.new("L", (40, 30), 255))
    assert_refused(lab([("zip", file) for file in write(tmp_path / "zips", build_zips(picture))]))


def test_weights_are_refused(lab, tmp_path, trained_small):
    whole = load_file(trained_small.path / "model.safetensors")
    files = write(tmp_path / "weights", build_weights(whole))
    found = lab([("weights", file) for file in files])
    assert_refused(found)
    shapely = ("other", "shapes", "one", "not", "infinite")  # a checkpoint has no shapes to hold it against
    assert_refused(lab([("checkpoint", file) for file in files if not file.name.startswith(shapely)]))


def write_each(folder, name, contents):
    """Write a file of the same name into a folder of its own for each content."""
    files = []
    for title, content in contents.items():
        files += write(folder / title, {name: content})
    return files


def test_stored_answers_are_refused(lab, tmp_path):
    files = write_each(tmp_path, "test.npz", build_predictions())
    assert_refused(lab([("predictions", file) for file in files]))


def test_reports_are_refused(lab, tmp_path, trained_small):
    whole = json.loads((trained_small.path / "report.json").read_text())
    files = write_each(tmp_path, "report.json", build_reports(whole))
    assert_refused(lab([("report", file) for file in files]))
