"""A digit's panel: its pixels, a run's ten probabilities, and what every finished run says of it."""

import base64
import io

import numpy as np
import pytest
from app_pages import HOME_PAGE, unfold_table
from PIL import Image
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core.data import datasets
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.report import load_predictions
from core.runs import store
from dashboard.detail import build_pixel_table

PAGE = """
from pathlib import Path

import streamlit as st

from core.data import datasets
from core.runs.store import Run
from dashboard.detail import render_detail


def show():
    run = {run!r}
    digits = datasets.load("sklearn-digits")
    render_detail(digits, {split!r}, {index}, key="detail", run=Run(Path(run)) if run else None)


# The panel links to the page that draws, which the app must have.
st.navigation([st.Page(show, default=True), st.Page("views/draw.py")]).run()
"""


@pytest.fixture
def digits(home):
    return datasets.load("sklearn-digits")


@pytest.fixture
def open_detail(tmp_path):
    """Open the panel of a digit on a page of its own."""
    (tmp_path / "views").symlink_to(HOME_PAGE.parent / "views")

    def open_one(split, index, run=None):
        script = tmp_path / "page.py"
        script.write_text(PAGE.format(split=split, index=index, run=str(run.path) if run else ""))
        at = AppTest.from_file(script, default_timeout=30).run()
        assert not at.exception
        return at

    return open_one


def read_text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption, at.subheader) for one in kind)


def test_a_digit_alone(digits, open_detail):
    at = open_detail("train", 1234)
    assert at.subheader[0].value == f"Label {digits.train.labels[1234]}"
    assert "scikit-learn digits, training digit number 1,234 " in read_text(at)
    assert f"Mean ink {100 * digits.train.images[1234].mean() / 255:.1f} %" in read_text(at)
    assert "No finished run has a network for these digits yet" in read_text(at)
    assert not at.get("plotly_chart")


def test_the_answer_of_a_run_is_that_of_its_stored_predictions(digits, finished_run, open_detail):
    answers = load_predictions(finished_run)
    wrong = int(np.flatnonzero(answers.predictions != answers.labels)[0])
    right = int(np.flatnonzero(answers.predictions == answers.labels)[0])
    label, predicted = answers.labels[wrong], answers.predictions[wrong]
    at = open_detail("test", wrong, finished_run)
    assert at.subheader[0].value.startswith(f":orange[{label} → {predicted}] ")
    table = unfold_table(at, "detail-probabilities")
    np.testing.assert_array_equal(table["Probability"], answers.probabilities[wrong])
    assert f"true digit is {label}" in at.get("plotly_chart")[0].proto.alt
    right_label = answers.labels[right]
    assert open_detail("test", right, finished_run).subheader[0].value.startswith(f":blue[{right_label} ✓] ")


def test_what_every_finished_run_on_these_digits_says(digits, home, runs_in_every_state, open_detail):
    done = runs_in_every_state["completed"]
    copy_run(done, home, id="20260101-000007-mlp-twin", name="a twin")
    copy_run(done, home, id="20260101-000008-mlp-else", name="a stranger", dataset_checksum="0" * 64)
    answers = load_predictions(done)
    index = int(np.flatnonzero(answers.predictions != answers.labels)[0])
    at = open_detail("test", index)
    table = at.dataframe[0].value
    assert [words.split(" · ")[0] for words in table["Run"]] == ["a twin", "mlp"]
    assert table["Says"].tolist() == [f"{answers.predictions[index]} ✗"] * 2
    assert table["Sure"].tolist() == pytest.approx([answers.probabilities[index].max()] * 2)
    label = answers.labels[index]
    assert table[f"Gives {label}"].tolist() == pytest.approx([answers.probabilities[index, label]] * 2)
    assert f"**0 of 2** finished runs read it as {label}" in read_text(at)


def test_damaged_predictions_of_one_run_do_not_hide_the_others(digits, home, finished_run, open_detail):
    twin = copy_run(finished_run, home, id="20260101-000007-mlp-twin")
    (twin.path / "test.npz").write_bytes(b"not numbers")
    at = open_detail("test", 0)
    assert len(at.dataframe[0].value) == 1
    assert "test.npz is damaged" in read_text(at)


def test_no_run_has_been_tested(digits, open_detail):
    assert "No finished run has been tested on these digits yet" in read_text(open_detail("test", 0))


def test_a_training_digit_is_put_to_the_networks_when_asked(digits, finished_run, open_detail):
    at = open_detail("train", 5)
    assert not at.dataframe
    at.toggle(key="detail-ask").set_value(True)
    at.run()
    assert not at.exception
    expected = predict_probabilities(load_classifier(finished_run), digits.train.images[5:6])[0]
    table = at.dataframe[0].value
    assert table["Sure"].tolist() == pytest.approx([expected.max()], abs=1e-6)
    assert table["Says"][0].startswith(str(expected.argmax()))
    assert "proves little" in read_text(at)


def test_a_run_under_way_is_not_asked(digits, finished_run, open_detail):
    store.update_record(finished_run, status="stopped")
    assert "No finished run has a network" in read_text(open_detail("train", 5))


def test_pixel_values_are_sent_when_they_are_opened(digits, open_detail):
    at = open_detail("train", 5)
    assert not at.get("html")
    at.session_state["detail-pixels"] = True
    at.run()
    assert not at.exception
    assert build_pixel_table(digits.train.images[5]) in at.get("html")[0].proto.body


def test_the_pixel_table_holds_every_pixel():
    image = np.arange(784).reshape(28, 28).astype(np.uint8)
    table = build_pixel_table(image)
    assert table.count("<tr>") == 28
    values = [int(cell.split("<")[0]) for cell in table.replace("</td>", "<").split('">')[1:] if cell[0].isdigit()]
    assert values == image.ravel().tolist()
    assert "background:rgb(200,200,200);color:#000" in table


def test_the_picture_is_sent_without_loss(digits, open_detail):
    [picture] = open_detail("train", 5).get("image")[0].proto.imgs
    kind, _, content = picture.url.partition(",")
    assert kind == "data:image/png;base64", "no file that may be gone before the browser asks for it"
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(content))))
    scale = len(pixels) // 28
    assert (pixels == digits.train.images[5].repeat(scale, axis=0).repeat(scale, axis=1)).all()
    assert f"labelled {digits.train.labels[5]}" in picture.alt
