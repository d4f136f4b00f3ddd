"""Whatever comes in, an answer or a sentence comes out: 13,000 examples, the same in every run of these tests."""

import io
import json
import math
import re
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from names import WILD
from PIL import Image
from run_folders import copy_run

from core import paths
from core.config import TrainConfig, list_fields, parse_config
from core.data.picture import LONGEST_SIDE, read_picture
from core.data.segment import prepare_picture
from core.drawings.archive import import_zip
from core.drawings.store import list_drawings
from core.errors import ConfigError, DataError, ImageError, RunError, RunNotFoundError
from core.evaluation.predictions import Predictions
from core.evaluation.report import load_report
from core.evaluation.select import compute_mask, parse_filter, write_filter
from core.runs import history, store
from core.runs.store import Run
from core.runs.summary import summarize_run
from dashboard import curves, drawing_memory
from dashboard.layout import escape

PICTURES, DRAWINGS, STROKES, ZIPS = 2000, 1000, 1000, 300
CONFIGS, SETTINGS = 2500, 1500
RECORDS, REPORTS, METRICS = 1000, 500, 1500
ADDRESSES, REFERENCES, TEXTS = 1000, 500, 500
TOTAL = (
    PICTURES
    + DRAWINGS
    + STROKES
    + ZIPS
    + CONFIGS
    + SETTINGS
    + RECORDS
    + REPORTS
    + METRICS
    + ADDRESSES
    + REFERENCES
    + TEXTS
)

NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 2**53 + 1, 10**400, 1e308, -0.0]))
WORDS = st.one_of(st.sampled_from(WILD), st.text(max_size=20))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=8,
)


def many(n):
    """So many examples, chosen alike each time; how long one takes depends on who else uses the machine."""
    return settings(
        max_examples=n,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def attempt(kind, act, *arguments):
    """Return what comes of it, and the refusal if it is one of this kind; another error is a fault."""
    try:
        return act(*arguments), None
    except kind as refusal:
        return None, refusal


def test_these_are_ten_thousand_examples_and_more():
    assert TOTAL >= 10_000


def build_files():
    """Small whole pictures of every kind."""
    ink = Image.new("L", (40, 30), 255)
    ink.paste(0, (15, 5, 19, 25))
    files = []
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"):
        for mode in ("L", "RGB", "P", "1", "RGBA", "CMYK", "I;16", "F"):
            buffer = io.BytesIO()
            try:
                ink.convert(mode).save(buffer, kind)
            except (OSError, ValueError, KeyError):
                continue  # there is no such picture
            files.append(buffer.getvalue())
    return files


FILES = build_files()
EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "insert", "repeat"]), st.integers(0, 2000), st.binary(max_size=6)),
    max_size=6,
)


def edit(content, edits):
    """Change a file here and there."""
    for kind, place, piece in edits:
        place %= len(content) + 1
        if kind == "set":
            content = content[:place] + piece + content[place + len(piece) :]
        elif kind == "cut":
            content = content[:place]
        elif kind == "insert":
            content = content[:place] + piece + content[place:]
        else:
            content = content[:place] + content[place // 2 : place] + content[place:]
    return content


@many(PICTURES)
@given(st.one_of(st.binary(max_size=300), st.builds(edit, st.sampled_from(FILES), EDITS)))
def test_a_picture_is_read_or_refused(content):
    grey, refusal = attempt(ImageError, read_picture, content)
    if refusal:
        assert "\n" not in str(refusal)
        return
    assert grey.dtype == np.uint8
    assert grey.ndim == 2
    assert 1 <= min(grey.shape) <= max(grey.shape) <= LONGEST_SIDE


@st.composite
def draw_pictures(draw):
    """Noise, or some strokes, of any small shape."""
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    paper, ink = draw(st.integers(0, 255)), draw(st.integers(0, 255))
    grey = np.full((height, width), paper, np.uint8)
    for _ in range(draw(st.integers(0, 5))):
        left, top = rng.integers(0, width), rng.integers(0, height)
        grey[top : top + rng.integers(1, 30), left : left + rng.integers(1, 30)] = ink
    noise = draw(st.integers(0, 128))
    noisy = grey + rng.integers(-noise, noise + 1, grey.shape)
    return noisy.clip(0, 255).astype(np.uint8)


@many(DRAWINGS)
@given(draw_pictures())
def test_a_drawing_becomes_digits_or_nothing(grey):
    for digit in prepare_picture(grey):
        assert digit.image.shape == (28, 28)
        assert digit.image.dtype == np.uint8
        assert digit.image.max() == 255
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= grey.shape[1]
        assert 0 <= top < bottom <= grey.shape[0]


@many(STROKES)
@given(
    st.one_of(
        VALUES,
        st.fixed_dictionaries({"strokes": VALUES, "picture": VALUES}),
        st.builds(
            lambda strokes: {"strokes": [{"path": one} for one in strokes], "picture": "iVBORw0KGgo="},
            st.lists(VALUES, max_size=3),
        ),
    )
)
def test_what_a_browser_remembers_is_a_drawing_or_nothing(remembered):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing_memory.st, "session_state", {drawing_memory.MEMORY: {"restored": remembered}})
        found = drawing_memory.read_restored()
    if found is not None:
        strokes, picture = found
        assert all(isinstance(one["path"], list) for one in strokes)
        assert picture.ndim == 2


MEMBERS = st.dictionaries(
    st.one_of(WORDS, st.sampled_from(["a.png", "b.jpg", "drawings.csv"])),
    st.sampled_from([*FILES[:3], b"", b"x"]),
    max_size=3,
)


@many(ZIPS)
@given(MEMBERS, st.lists(st.tuples(WORDS, WORDS), max_size=4), EDITS)
def test_a_zip_is_taken_in_or_refused(tmp_path, members, labels, edits):
    buffer = io.BytesIO()
    table = "file,label\na.png,7\n" + "".join(f'"{name}","{label}"\n' for name, label in labels)
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in {"drawings.csv": table.encode("utf-8", "replace"), **members}.items():
            try:
                packed.writestr(name[:1000], content)
            except (ValueError, UnicodeError, IndexError):
                continue  # a name that zipfile does not write
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(tmp_path / "home"))
        _, refusal = attempt(DataError, import_zip, edit(buffer.getvalue(), edits))
        assert "\n" not in str(refusal)
        assert all(drawing.path.parent == paths.drawings_dir() for drawing in list_drawings())
    assert {path.name for path in tmp_path.iterdir()} <= {"home"}


FIELDS = [field.path for field in list_fields()]
WHOLE_CONFIG = TrainConfig().model_dump()


def change_config(path, value):
    part, name = path.split(".")
    return {**WHOLE_CONFIG, part: {**WHOLE_CONFIG[part], name: value}}


@many(CONFIGS)
@given(st.one_of(VALUES, st.builds(change_config, st.sampled_from(FIELDS), VALUES)))
def test_a_config_is_valid_or_each_problem_a_sentence(values):
    config, refusal = attempt(ConfigError, parse_config, values)
    if refusal:
        assert refusal.problems
        assert all(problem.endswith((".", "?")) for problem in refusal.problems)
        return
    assert config.total_steps >= 0
    assert parse_config(json.loads(json.dumps(config.model_dump(), allow_nan=False))) == config


@many(SETTINGS)
@given(
    st.dictionaries(st.one_of(st.sampled_from(FIELDS), WORDS), st.one_of(WORDS, st.builds(str, NUMBERS)), max_size=3)
)
def test_settings_of_the_command_line_are_taken_or_refused(changes):
    config, refusal = attempt(ConfigError, TrainConfig().with_settings, changes)
    if refusal:
        assert refusal.problems
        return
    assert parse_config(config.model_dump()) == config


@pytest.fixture
def altered(home, trained_small) -> Run:
    """A run whose files the examples write over."""
    return copy_run(trained_small, home)


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8", errors="surrogatepass")


@many(RECORDS)
@given(st.data())
def test_a_run_is_listed_whatever_its_record_says(altered, trained_small, data):
    whole = json.loads((trained_small.path / "run.json").read_text())
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(whole)), VALUES, max_size=3))
    write(altered.path / "run.json", data.draw(st.one_of(st.just({**whole, **changes}), VALUES)))
    write(altered.path / "notes.json", data.draw(VALUES))
    entry = store.read_entry(altered)
    assert (entry.record is None) == bool(entry.problem)
    text = json.dumps(summarize_run(entry), allow_nan=False, ensure_ascii=False)
    text.encode()
    assert entry.run.path.parent == paths.runs_dir()


@many(REPORTS)
@given(st.data())
def test_a_report_is_whole_or_refused(altered, trained_small, data):
    whole = json.loads((trained_small.path / "report.json").read_text())
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(whole)), VALUES, max_size=2))
    write(altered.path / "report.json", {**whole, **changes})
    report, refusal = attempt(RunError, load_report, altered)
    if refusal:
        assert str(altered.path) in str(refusal)
        return
    assert 0 <= report["correct"] <= report["total"]
    assert all(math.isfinite(value) for row in report["confusion"] for value in row)


LINES = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda value: json.dumps(value).encode(), VALUES),
    st.builds(
        lambda line: json.dumps(line).encode(),
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["step", "epoch", "x"]), "step": NUMBERS, "epoch": NUMBERS, "train_loss": VALUES}
        ),
    ),
)


@many(METRICS)
@given(st.lists(LINES, max_size=4), st.booleans(), st.integers(0, 200))
def test_metrics_are_numbers_or_left_out(altered, lines, is_whole, offset):
    path = altered.path / "metrics.jsonl"
    path.write_bytes(b"\n".join(lines) + (b"\n" if is_whole else b""))
    found, end = history.read_metrics(altered, offset)
    assert end <= path.stat().st_size
    json.dumps(found, allow_nan=False)
    reader = curves._Reader(altered.path)
    read = reader.read()
    assert all(isinstance(step, int) for step in [*read.steps["step"], *read.epochs["step"]])
    assert len({len(values) for values in read.steps.values()}) == 1


NAMES = ["cell", "not_true", "second_reads", "right", "sure", "given", "versus", "digit"]
PARTS = st.one_of(
    WORDS, st.from_regex(r"[0-9]-[0-9]|[0-9.]{1,4}-[0-9.]{1,4}|[0-9]:[0-9.e]{1,6}-[0-9.e]{1,6}|yes|no", fullmatch=True)
)
ANSWERS = Predictions(np.random.default_rng(0).dirichlet(np.ones(10), 30).astype(np.float32), np.arange(30) % 10)


@many(ADDRESSES)
@given(st.dictionaries(st.sampled_from(NAMES), PARTS))
def test_an_address_asks_for_digits_or_is_passed_over(address):
    wanted, problems = parse_filter(address)
    assert len(problems) <= len(address)
    assert all(len(problem) < 300 for problem in problems)
    assert compute_mask(ANSWERS, wanted, ANSWERS).shape == (30,)
    assert parse_filter(write_filter(wanted)) == (wanted, [])


@many(REFERENCES)
@given(WORDS)
def test_a_reference_never_leaves_the_runs(altered, reference):
    run, refusal = attempt((RunNotFoundError, RunError), store.find_run, reference)
    assert refusal or run.path.parent == paths.runs_dir()


@many(TEXTS)
@given(WORDS)
def test_an_escaped_text_has_no_sign_left_that_markdown_takes_up(text):
    escaped = escape(text)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "x", escaped)
    assert not re.search(r"[`*_\[\]$~<&]|^\s*[-+>]|https?://\w|www\.|\w@", bare, re.MULTILINE)
    assume("\\" not in text and "\u2060" not in text)
    assert escaped.replace("\\", "").replace("\u2060", "") == text
