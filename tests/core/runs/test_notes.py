"""A person's name, tags and note beside a record that the trainer keeps rewriting."""

import json

import pytest

from core import paths
from core.config import TrainConfig
from core.errors import RunError, UsageError
from core.runs import store
from core.runs.store import Run


@pytest.fixture
def run(home):
    return store.create_run(TrainConfig(), "sprint", "as created")


def read_words(run):
    record = store.read_record(run)
    return record.name, record.tags, record.note


def test_what_a_person_writes_is_laid_over_the_record(run):
    assert read_words(run) == ("as created", [], "")
    store.write_notes(run, tags=["wide", "  to  keep ", "wide", " "])
    assert read_words(run) == ("as created", ["wide", "to keep"], "")
    store.write_notes(run, name="  my \n best ", note="first  line \n\nsecond line\n")
    assert read_words(run) == ("my best", ["wide", "to keep"], "first line\n\nsecond line")
    store.write_notes(run, name="", tags=[], note="")
    assert read_words(run) == ("", [], "")


def test_the_trainer_and_a_person_do_not_undo_each_other(run):
    store.write_notes(run, name="renamed", tags=["kept"], note="while it trains")
    updated = store.update_record(run, step=7, status="running")
    assert (updated.name, updated.tags, updated.step) == ("renamed", ["kept"], 7)
    own = json.loads((run.path / "run.json").read_text())
    assert own["name"] == "as created"
    assert not {"tags", "note"} & set(own)
    store.write_notes(run, note="later")
    assert store.read_record(run).step == 7
    assert read_words(run) == ("renamed", ["kept"], "later")


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1, "tags": "all"}', '{"version": 2, "name": "x"}'])
def test_damaged_notes_do_not_hide_the_run_and_are_replaced(run, text):
    (run.path / "notes.json").write_text(text)
    assert read_words(run) == ("as created", [], "")
    store.write_notes(run, tags=["new"])
    assert read_words(run) == ("as created", ["new"], "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": "n" * 81}, "The name has 81 characters; at most 80"),
        ({"tags": ["t" * 31]}, "has 31 characters; at most 30"),
        ({"tags": [str(number) for number in range(11)]}, "at most 10 tags, and these are 11"),
        ({"note": "n" * 2001}, "The note has 2,001 characters; at most 2,000"),
    ],
)
def test_what_is_too_long_is_refused_and_nothing_is_written(run, words, sentence):
    store.write_notes(run, name="before")
    with pytest.raises(UsageError, match=sentence):
        store.write_notes(run, **{"name": "after", **words})
    assert read_words(run) == ("before", [], "")


def test_the_longest_that_is_allowed_is_kept(run):
    words = ("n" * 80, [f"{number:030}" for number in range(10)], "x" * 2000)
    store.write_notes(run, name=words[0], tags=words[1], note=words[2])
    assert read_words(run) == words


def test_only_a_run_of_ones_own_takes_notes(home):
    with pytest.raises(RunError, match="came with the project"):
        store.write_notes(Run(paths.pretrained_dir() / "sprint"), name="mine")
    (home / "runs" / "pictures").mkdir(parents=True)
    with pytest.raises(RunError, match=r"run\.json is missing"):
        store.write_notes(Run(home / "runs" / "pictures"), name="mine")
    assert list((home / "runs" / "pictures").iterdir()) == []
