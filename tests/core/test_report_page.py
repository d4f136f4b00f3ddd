"""The report of a run as one HTML file: what it says, that it escapes, and that it asks nothing of anybody."""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from run_folders import copy_run, rewrite_answers

from core.config import list_fields
from core.data import datasets
from core.errors import RunError
from core.evaluation.calibration import compute_reliability
from core.evaluation.ensemble import create_ensemble
from core.evaluation.report import load_predictions, load_report
from core.evaluation.select import DigitFilter, find_digits
from core.report_page.build import build_report_page, save_report_page
from core.runs import history, store
from core.runs.notes import change_notes

VOID = {"meta", "link", "img", "br"}


class Reader(HTMLParser):
    """Reads a page into its tags with attributes, its tables by caption, and what stands in each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: list[tuple[str, str]] = []
        self._caption, self._rows = "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self._caption, self._rows = "", []
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} ends where another element is open"
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data):
        text = data.replace("\N{NO-BREAK SPACE}", " ")
        if self.open:
            self.texts.append((self.open[-1], text))
        if "caption" in self.open:
            self._caption += text
        elif self.open and self.open[-1] in ("td", "th"):
            self._rows[-1][-1] += text

    def find_table(self, caption: str) -> dict[str, list[str]]:
        """Return the rows of a table after its heads, by their first cell."""
        [rows] = [rows for name, rows in self.tables.items() if name.startswith(caption)]
        return {row[0]: row[1:] for row in rows[1:]}

    def list_attributes(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [found for name, found in self.tags if name == tag and wanted.items() <= found.items()]

    def read_text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def read_page(run) -> Reader:
    return Reader(build_report_page(run))


@pytest.fixture(scope="module")
def raw(trained_small) -> str:
    """The page of a run that no test changes."""
    return build_report_page(trained_small)


@pytest.fixture(scope="module")
def page(raw) -> Reader:
    return Reader(raw)


def read_scripts(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def test_the_figures_are_those_of_the_report(page, trained_small):
    report, record = load_report(trained_small), store.read_record(trained_small)
    figures = page.find_table("Figures on the test digits")
    low, high = report["interval"]
    share = f"{100 * report['correct'] / report['total']:.2f} %"
    interval = f"95 % Wilson interval {100 * low:.2f} % to {100 * high:.2f} %"
    assert figures["Test accuracy"] == [share, f"{report['correct']} of {report['total']}; {interval}"]
    assert figures["Misread"][0] == str(report["total"] - report["correct"])
    assert figures["Negative log-likelihood"][0] == f"{report['loss']:.4f}"
    assert figures["Brier score"][0] == f"{report['calibration']['brier']:.4f}"
    assert figures["Expected calibration error"][0] == f"{100 * report['calibration']['ece']:.2f} %"
    validation = report["validation"]
    assert figures["Validation accuracy"][1] == f"{validation['correct']} of {validation['total']}"
    assert figures["Parameters"][0] == f"{record.parameters:,}"
    assert figures["Training time"] == [f"{record.train_seconds:.1f} s", f"{record.step:,} steps"]

    temperature = report["temperature"]
    scaled = page.find_table("Before and after temperature scaling")
    for name, kind in (("Negative log-likelihood", "nll"), ("Brier score", "brier")):
        assert scaled[name] == [f"{temperature['before'][kind]:.4f}", f"{temperature['after'][kind]:.4f}"]
    assert f"The temperature {temperature['value']:.3f} is fitted" in "".join(page.read_text("p"))


def test_the_matrix_the_pairs_and_the_classes_are_those_of_the_report(page, trained_small):
    report = load_report(trained_small)
    matrix = page.find_table("Test digits by what they are")
    cells = [[int(cell or 0) for cell in matrix[str(digit)]] for digit in range(10)]
    assert_array_equal(np.array(cells)[:, :10], report["confusion"])
    assert [row[10] for row in cells] == [scores["support"] for scores in report["classes"]]
    assert matrix["all"][-1] == str(report["total"])
    pairs = page.find_table("Most confused pairs")
    assert [int(row[0]) for row in pairs.values()] == [pair["count"] for pair in report["pairs"]]
    assert list(pairs) == [f"{pair['true']} read as {pair['predicted']}" for pair in report["pairs"]]
    classes = page.find_table("Scores of each digit")
    for scores, ranking in zip(report["classes"], report["ranking"], strict=True):
        row = classes[str(scores["digit"])]
        assert row[:2] == [str(scores["support"]), f"{100 * scores['precision']:.2f} %"]
        assert row[4:] == [f"{ranking['roc_area']:.5f}", f"{ranking['average_precision']:.5f}"]
    assert classes["plain mean"][3] == f"{100 * report['macro']['f1']:.2f} %"


def test_bins_rejections_and_epochs_are_at_hand_as_tables(page, trained_small):
    answers = load_predictions(trained_small)
    bins = compute_reliability(answers)
    [rows] = [rows for name, rows in page.tables.items() if name.startswith("Digits by how sure")]
    assert [int(row[1]) for row in rows[1:]] == bins.count.tolist()
    assert [int(row[2]) for row in rows[1:]] == bins.right.tolist()
    rejections = page.find_table("What rejecting")
    assert rejections["0.00 %"][3] == f"{int((~answers.right).sum())} of 360"
    epochs = page.find_table("Each epoch")
    lines = [line for line in history.read_metrics(trained_small)[0] if line["kind"] == "epoch"]
    assert [row[2] for row in epochs.values()] == [f"{line['train_loss']:.4f}" for line in lines]
    assert [row[5] for row in epochs.values()] == [f"{100 * line['validation_accuracy']:.2f} %" for line in lines]


def test_every_setting_is_listed_and_the_changed_ones_are_marked(page, trained_small):
    config = store.read_config(trained_small)
    settings = page.find_table("Every setting")
    assert list(settings) == [field.path for field in list_fields()]
    assert settings["loop.epochs"][0] == "4 (recipe: 5)"
    assert settings["optimizer.learning_rate"][0] == "0.002 (recipe: 0.001)"
    assert settings["optimizer.name"][0] == config.optimizer.name == "adam"
    assert settings["loss.focal_gamma"][0].endswith("(no effect here)")
    marked = page.list_attributes("td", **{"class": "marked"})
    assert len(marked) == sum("(recipe: " in row[0] for row in settings.values()) > 2


def test_a_recipe_that_is_gone_marks_nothing(finished_run):
    store.update_record(finished_run, recipe="forgotten")
    page = read_page(finished_run)
    assert "There is no recipe 'forgotten' to compare with." in page.read_text("p")
    assert not page.list_attributes("td", **{"class": "marked"})


def test_the_machine_and_the_digits_are_named(page, trained_small):
    record = store.read_record(trained_small)
    facts = page.find_table("As run.json has it")
    assert facts["Checksum of the dataset (SHA-256)"] == [record.dataset_checksum]
    assert facts["torch"] == [record.versions["torch"]]
    assert facts["Seed"] == [str(record.seed)]
    assert facts["Device"] == [record.device]
    assert facts["Created"] == [record.created[:19].replace("T", " ")]


def test_the_hardest_digits_are_pictures_of_those_digits(page, trained_small):
    answers = load_predictions(trained_small)
    misread = find_digits(answers, DigitFilter(right=False))
    right = find_digits(answers, DigitFilter(right=True))
    chosen = np.concatenate([misread, right])[:24]
    assert 0 < len(misread) < 24, "the run is to have both kinds on its page"
    pictures = page.list_attributes("img")
    assert len(pictures) == 24
    images = datasets.load("sklearn-digits").test.images
    for index, picture in zip(chosen, pictures, strict=True):
        content = base64.b64decode(picture["src"].removeprefix("data:image/png;base64,"))
        ink = np.asarray(Image.open(io.BytesIO(content)))
        assert_array_equal(ink[..., 1], images[index])
        assert not ink[..., 0].any()
        true, predicted = answers.labels[index], answers.predictions[index]
        how = "right" if true == predicted else f"as {predicted}"
        sure = f"{100 * answers.confidence[index]:.2f} %"
        assert picture["alt"] == f"Test digit {index}: a {true}, read {how} with {sure}"
    first = misread[0]
    assert f"{answers.labels[first]} → {answers.predictions[first]}" == page.read_text("b")[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "mnist"}, "MNIST is not on the machine that wrote this report"),
        ({"dataset_checksum": "other"}, "tested on other digits than today's"),
        ({"dataset": "letters"}, "The pictures are left out: "),
    ],
)
def test_without_its_digits_the_page_says_so(finished_run, changes, words):
    store.update_record(finished_run, **changes)
    page = read_page(finished_run)
    assert not page.list_attributes("img")
    assert any(words in text for text in page.read_text("p"))
    assert page.find_table("Figures on the test digits")


def test_whatever_a_person_wrote_is_text(home, trained_small):
    evil = "<script>alert(1)</script> & \"Q\" 'q'"
    run = copy_run(trained_small, home, status="failed", error=f"{evil} error", recipe="<b>mine</b>")
    change_notes(run.path, name=evil, tags=["<i>tag</i>"], note="</main><script>\nsecond & line")
    raw = build_report_page(run)
    page = Reader(raw)
    assert page.read_text("h1") == [evil]
    assert page.read_text("title") == [f"{evil} · report"]
    assert page.read_text("li")[0] == "<i>tag</i>"
    paragraphs = page.read_text("p")
    assert "</main><script>\nsecond & line" in paragraphs
    assert any(text.endswith(f"evaluated: {evil} error") and "is failed" in text for text in paragraphs)
    assert any("the recipe <b>mine</b>" in text for text in paragraphs)
    assert raw.count("<script>") == len(read_scripts(raw)) == 2
    assert "<i>tag" not in raw
    assert "<b>mine" not in raw


def test_the_page_loads_nothing_and_runs_only_its_own_two_scripts(raw, page):
    addresses = [value for _, found in page.tags for name, value in found.items() if name in ("src", "href", "action")]
    assert addresses
    assert all(value.startswith(("data:", "#")) for value in addresses)
    scripts = read_scripts(raw)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts}
    [policy] = page.list_attributes("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.strip().split(" ", 1) for rule in policy["content"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert set(rules["script-src"].split()) == hashes
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    # Without the library, whose maps and links name addresses that are never asked here, there is none at all.
    assert "http" not in raw.replace(scripts[0], "").replace('http-equiv="Content-Security-Policy"', "")
    assert not {"style", "script"} & {name for _, found in page.tags for name in found if name.startswith("on")}
    assert 4_500_000 < len(raw.encode()) < 5_500_000


def test_charts_carry_their_data_and_their_description(raw, page):
    [carried] = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', raw, re.DOTALL)
    figures = json.loads(carried)["figures"]
    assert set(figures) == {"chart-loss", "chart-accuracy", "chart-reliability", "chart-rejection"}
    places = page.list_attributes("div", role="img")
    assert {place["id"] for place in places} == set(figures)
    for place in places:
        assert place["aria-label"] == figures[place["id"]]["layout"]["meta"]["alt"]
        assert "template" not in figures[place["id"]]["layout"] or not figures[place["id"]]["layout"]["template"]


def test_headings_tables_and_links_are_in_order(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels == [1] + [2] * (len(levels) - 1)
    assert len(levels) > 8
    assert page.open == []
    assert len(page.list_attributes("table")) == len(page.read_text("caption"))
    assert all(found.get("scope") in ("col", "row") for found in page.list_attributes("th"))
    names = [found["id"] for _, found in page.tags if "id" in found]
    assert len(set(names)) == len(names)
    assert {found["href"] for found in page.list_attributes("a")} <= {f"#{name}" for name in names}


def test_an_ensemble_shows_its_members_in_place_of_settings_and_curves(home, trained_small):
    members = [copy_run(trained_small, home, id=f"20260101-00000{i}-mlp-aaaa", seed=i) for i in (1, 2)]
    ensemble = create_ensemble(members, "Two & two")
    page = read_page(ensemble)
    rows = page.find_table("Members")
    assert list(rows) == [run.id for run in members]
    assert rows[members[1].id][2] == "2"
    assert rows[members[0].id][4].endswith(f"of {load_report(members[0])['total']})")
    assert "The mean" not in page.read_text("h1")
    assert {"settings", "training"} & {found.get("id") for _, found in page.tags} == set()
    assert any(text.startswith("An ensemble: the mean of the probabilities of 2 runs") for text in page.read_text("p"))
    store.delete_run(members[0])
    assert read_page(ensemble).find_table("Members")[members[0].id][0] == "not on this machine any more"


def test_a_perfect_run_and_one_that_is_always_wrong_have_a_report(home, trained_small):
    labels = load_predictions(trained_small).labels
    for name, shift in (("good", 0), ("none", 1)):
        run = copy_run(trained_small, home, id=f"20260101-000001-mlp-{name}")
        rewrite_answers(run, np.eye(10)[(labels + shift) % 10])
        page = read_page(run)
        accuracy = page.find_table("Figures on the test digits")["Test accuracy"][0]
        assert accuracy == ("100.00 %" if name == "good" else "0.00 %")
        assert len(page.list_attributes("img")) == 24
        assert ("No digit is misread." in page.read_text("p")) == (name == "good")


def test_a_run_without_curves_or_validation_says_so(home, trained_small):
    run = copy_run(trained_small, home)
    (run.path / "metrics.jsonl").unlink()
    report = json.loads((run.path / "report.json").read_text())
    (run.path / "report.json").write_text(json.dumps({**report, "validation": None, "temperature": None}))
    page = read_page(run)
    paragraphs = page.read_text("p")
    assert any(text.startswith("The run keeps no curves") for text in paragraphs)
    assert any(text.startswith("No temperature is fitted") for text in paragraphs)
    assert "Validation accuracy" not in page.find_table("Figures on the test digits")


def test_a_single_epoch_is_not_called_several(home, trained_small):
    run = copy_run(trained_small, home)
    lines, _ = history.read_metrics(run)
    kept = [next(line for line in lines if line["kind"] == kind) for kind in ("step", "epoch")]
    (run.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in kept))
    assert "The epoch as a table" in build_report_page(run)


def test_the_same_run_gives_the_same_page(raw, trained_small):
    assert build_report_page(trained_small) == raw


def test_what_cannot_be_reported_or_written_is_said(finished_run, runs_in_every_state, tmp_path):
    with pytest.raises(RunError, match="is not evaluated yet"):
        build_report_page(runs_in_every_state["stopped"])
    with pytest.raises(RunError, match="could not be written"):
        save_report_page(finished_run, tmp_path / "missing" / "report.html")


def run_report(folder, *arguments):
    command = [sys.executable, "-m", "core", "report", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_writes_the_file_and_says_where(finished_run, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    result = run_report(tmp_path, "latest", "--json")
    assert result.returncode == 0, result.stderr
    name = f"{finished_run.id}.html"
    written = (tmp_path / name).read_bytes()
    assert json.loads(result.stdout) == {"run": finished_run.id, "file": name, "bytes": len(written)}
    assert written == build_report_page(finished_run).encode()
    again = run_report(tmp_path, "latest", "--output", "other.html")
    assert again.stdout == f"other.html: the report of {finished_run.id}, {len(written) / 1e6:.1f} MB.\n"
    assert (tmp_path / "other.html").read_bytes() == written
    refused = run_report(tmp_path, "latest", "--output", "missing/other.html")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "could not be written" in refused.stderr
    assert "Traceback" not in refused.stderr
    (finished_run.path / "report.json").unlink()
    refused = run_report(tmp_path, "latest")
    assert refused.returncode == 1
    assert "is not evaluated yet" in refused.stderr
