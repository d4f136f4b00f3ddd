"""Names, tags, addresses and arguments of every kind: pages answer, commands say a sentence, nothing lands outside."""

import contextlib
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from names import WILD
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core import paths
from core.config import TrainConfig
from core.errors import CoreError, UsageError
from core.runs import store
from core.runs.notes import NAME_LENGTH

HOME_PAGE = Path(__file__).parents[2] / "dashboard" / "Home.py"
# What an address and a shell can carry.
SENT = [text for text in WILD if text != "\ud800"]
# Every name that a page looks for in its address.
ADDRESSES = {
    "home": ["run"],
    "data": ["dataset", "split", "only", "order", "digit", "run", "page"],
    "train": ["run", "from"],
    "recipes": ["recipe", "recipes", "cost", "run"],
    "runs": ["view", "runs", "groups", "find", "states", "recipes", "models", "datasets", "tags"],
    "evaluate": [
        *("run", "second", "view", "scaled", "digit", "cell", "not_true", "second_reads", "right", "sure", "given"),
        *("versus", "bins", "reject", "class", "of", "curve", "threshold", "matrix", "kind", "by"),
    ],
    "errors": ["run", "second", "digit", "cell", "right", "sure", "given", "versus", "by"],
    "draw": ["run", "from", "dataset"],
    "drawings": ["run", "drawing"],
}
# Two that change what a page draws, so that the rest is looked for there too.
FRAMES = {"evaluate": [{"view": "calibration"}, {"view": "classes"}, {"view": "compare"}], "runs": [{"view": "sizes"}]}


@pytest.fixture
def before(home, tmp_path):
    """What lies around the artifacts folder; afterwards nothing else does."""
    (tmp_path / "neighbour").mkdir()
    known = {path.name for path in tmp_path.iterdir()}
    yield
    assert {path.name for path in tmp_path.iterdir()} <= known | {"pretrained"}
    assert list((tmp_path / "neighbour").iterdir()) == []


@pytest.fixture
def two_runs(home, trained_small, no_download):
    return [copy_run(trained_small, home, id=f"2026010{number}-000000-mlp-runs") for number in (1, 2)]


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("view", ADDRESSES)
def test_a_page_answers_whatever_its_address_says(two_runs, view):
    for frame in [{}, *FRAMES.get(view, [])]:
        at = AppTest.from_file(HOME_PAGE, default_timeout=120).switch_page(f"views/{view}.py")
        for text in SENT[:: 3 if frame else 1]:
            # All at once: a page looks at each, whatever it makes of the others.
            names = [name for name in ADDRESSES[view] if name not in frame]
            at.query_params.clear()
            at.query_params.update(dict.fromkeys(names, text) | frame)
            at.run()
            assert not at.exception, (view, frame, text[:50], at.exception[0].stack_trace)
            assert at.title, (view, frame, text[:50])


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("view", ["evaluate", "errors"])
def test_a_page_shows_the_run_whatever_else_its_address_says(two_runs, view):
    at = AppTest.from_file(HOME_PAGE, default_timeout=120).switch_page(f"views/{view}.py")
    for text in SENT:
        at.query_params.clear()
        at.query_params.update(dict.fromkeys(ADDRESSES[view], text) | {"run": two_runs[0].id})
        at.run()
        assert not at.exception, (view, text[:50], at.exception[0].stack_trace)


@pytest.mark.usefixtures("before")
def test_names_tags_and_notes_of_every_kind_are_kept_or_refused(two_runs):
    run = two_runs[0]
    for text in WILD:
        for change in ({"name": text}, {"tags": [text]}, {"note": text}):
            with contextlib.suppress(UsageError):
                store.write_notes(run, **change)
        record = store.read_record(run)
        assert len(record.name) <= NAME_LENGTH
        assert "\n" not in record.name
        record.model_dump_json().encode()
    assert {path.name for path in paths.runs_dir().iterdir()} == {one.id for one in two_runs}


@pytest.mark.usefixtures("before")
def test_a_run_is_made_with_every_name(home):
    for text in WILD:
        run = store.create_run(TrainConfig(), "mlp", text)
        record = store.read_record(run)
        assert run.path.parent == paths.runs_dir()
        assert len(record.name) <= NAME_LENGTH
        assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in record.name)
        store.delete_run(run)


@pytest.mark.usefixtures("before")
def test_pages_open_with_every_name(two_runs):
    """Each name in turn stands in all that a run has; every page that shows it opens."""
    run = two_runs[0]
    pages = {view: AppTest.from_file(HOME_PAGE, default_timeout=120) for view in ("home", "runs", "train")}
    for view, at in pages.items():
        at.switch_page(f"views/{view}.py")
    for text in SENT[::2]:
        store.update_record(run, name=text, recipe=text or "none", model=text, device=text, error=text)
        for view, at in pages.items():
            at.query_params.clear()
            at.query_params.update({"run": run.id, "runs": run.id})
            at.run()
            assert not at.exception, (view, text[:50], at.exception[0].stack_trace)


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("act", ["find", "delete"])
def test_no_reference_reaches_outside(two_runs, home, act):
    (home / "secret.txt").write_text("kept")
    for text in [*WILD, str(home), "../runs", f"../runs/{two_runs[0].id}", f"{two_runs[0].id}/", f"./{two_runs[0].id}"]:
        try:
            run = store.find_run(text)
        except CoreError:
            continue
        assert run.path.parent == paths.runs_dir()
        assert act == "find" or run.id not in {one.id for one in two_runs}
    assert (home / "secret.txt").read_text() == "kept"


# All in one process: starting Python for each would take minutes.
_MANY_COMMANDS = """
import contextlib, io, json, sys
import core.cli

found = []
for command in json.load(sys.stdin):
    sys.argv, said, shown = ["core", *command], io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(said):
        try:
            core.cli.main()
            status = 0
        except SystemExit as end:
            status = end.code
        except BaseException as error:
            status = repr(error)[:300]
    is_plain = not set(shown.getvalue() + said.getvalue()) & {chr(27), chr(7), chr(0)}
    found.append([status if is_plain else "commands to the terminal", said.getvalue()[:2000]])
json.dump(found, sys.stdout)
"""
# What the shell passes on: no NUL, and at most 128 kB.
ARGUMENTS = [*[text for text in SENT if "\0" not in text][::2], "--", "-x", "../../x", "\udcff"]


@pytest.mark.usefixtures("before")
def test_the_command_line_says_a_sentence_to_every_argument(two_runs, home, tmp_path):
    (tmp_path / "neighbour" / "here").mkdir()
    commands = []
    for text in ARGUMENTS:
        commands += [
            ["evaluate", text],
            ["predict", text, "x.png"],
            ["predict", two_runs[0].id, text],
            ["report", text],
            ["compare", text, text],
            ["ensemble", text, text],
            ["train", "--recipe", text],
            ["train", "--resume", text],
            ["train", "--set", text],
            ["train", "--set", f"name={text}"],
            ["train", "--sizes", text],
            ["data", "--dataset", text],
        ]
    commands += [
        ["publish", two_runs[0].id, text] for text in ("../../x", "..", "/x", "X", "a b", "<b>", "-", "x" * 41)
    ]
    # A name that was written into the file, not given to us.
    store.update_record(two_runs[1], name="\x1b[31mred\x07", error="\x1b[2J")
    commands.append(["runs"])
    done = subprocess.run(
        [sys.executable, "-c", _MANY_COMMANDS],
        input=json.dumps(commands),
        cwd=tmp_path / "neighbour" / "here",
        env={**os.environ, "DIGITS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    strange = [
        (command[:2], [word[:40] for word in command[1:]], status, said[-200:])
        for command, (status, said) in zip(commands, found, strict=True)
        if status not in (0, 1, 2) or "Traceback" in said or (status and not said.strip())
    ]
    assert strange == []
    assert sum(status != 0 for status, _ in found) > len(commands) * 0.8
    assert list((tmp_path / "neighbour" / "here").iterdir()) == []
    (tmp_path / "neighbour" / "here").rmdir()
