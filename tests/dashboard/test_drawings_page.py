"""Your digits: what was kept, how each run does on it, and one drawing relabelled, deleted, exported and imported."""

import numpy as np
import pytest
from app_pages import click, open_view, press, read_sheet, run_again
from PIL import Image, ImageDraw
from run_folders import copy_run

from core.drawings.archive import export_zip
from core.drawings.store import delete_drawing, list_drawings, save_drawing
from core.evaluation.judge import read_drawing, summarize_reading
from core.evaluation.metrics import wilson_interval
from core.evaluation.predict import load_classifier
from dashboard.layout import format_share

SEVEN = [(90, 70), (220, 70), (140, 260)]
ONE = [(160, 60), (160, 260)]


def draw_picture(*lines):
    picture = Image.new("L", (320, 320), 255)
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=30, width=22, joint="curve")
    return np.asarray(picture)


@pytest.fixture
def kept(home):
    """Three drawings, one of them with a label that no network can agree to, and one of a number."""
    both = [[(x * 0.4 + 10, y) for x, y in ONE], [(x * 0.5 + 170, y) for x, y in SEVEN]]
    pictures = {"7": draw_picture(SEVEN), "3": draw_picture(ONE), "17": draw_picture(*both)}
    return {label: save_drawing(picture, label) for label, picture in pictures.items()}


def read_texts(run):
    classifier = load_classifier(run)
    pictures = {drawing.label: np.asarray(Image.open(drawing.path)) for drawing in list_drawings()}
    return {label: summarize_reading(read_drawing(classifier, picture)).text for label, picture in pictures.items()}


def test_without_drawings_the_page_leads_to_draw_and_to_import(home, finished_run):
    at = open_view("drawings")
    assert "no drawing yet" in at.info[0].value
    assert at.get("page_link")[0].proto.label == "Draw one"
    assert at.file_uploader(key="drawings_zip_0")


def test_without_runs_the_drawings_are_shown_and_can_be_opened(kept):
    at = open_view("drawings", drawing=kept["7"].id)
    assert [tile["text"] for tile in read_sheet(at)["tiles"]] == [drawing.label for drawing in list_drawings()]
    assert at.text_input[0].value == "7"


def test_figures_and_captions_are_what_the_run_reads(mnist_home, trained_mnist, kept):
    run = copy_run(trained_mnist, mnist_home)
    texts = read_texts(run)
    right = sum(text == label for label, text in texts.items())
    assert right == 2
    at = open_view("drawings")
    assert format_share(2, 3, wilson_interval(2, 3)) in at.markdown[0].value
    tiles = read_sheet(at)["tiles"]
    # The misread one comes first.
    assert [tile["verdict"] for tile in tiles] == ["wrong", "right", "right"]
    assert tiles[0]["text"] == f"3 → {texts['3']}"
    table = at.dataframe[0].value
    assert table["Right"].tolist() == [2 / 3]
    assert table["Misreads"].tolist() == [f"3 → {texts['3']}"]
    at.toggle(key="only_misread").set_value(True)
    assert len(read_sheet(run_again(at))["tiles"]) == 1


def test_every_finished_run_has_its_row_best_first(mnist_home, trained_mnist, trained_small, kept):
    copy_run(trained_mnist, mnist_home)
    copy_run(trained_small, mnist_home, id="20260101-000001-mlp-aaaa")
    table = open_view("drawings").dataframe[0].value
    assert len(table) == 2
    assert table["Right"].is_monotonic_decreasing
    assert table["Right"].iloc[0] == 2 / 3


def test_a_drawing_is_opened_by_a_click_relabelled_and_deleted(mnist_home, trained_mnist, kept):
    copy_run(trained_mnist, mnist_home)
    at = open_view("drawings")
    place = next(tile["index"] for tile in read_sheet(at)["tiles"] if tile["text"].startswith("3"))
    click(at, "drawings_sheet", place)
    assert at.query_params["drawing"] == kept["3"].id
    at.text_input[0].set_value("one")
    next(button for button in at.button if button.label == "Change").click()
    run_again(at)
    assert "1 to 20 digits" in at.error[0].value
    at.text_input[0].set_value("1")
    next(button for button in at.button if button.label == "Change").click()
    run_again(at)
    assert sorted(drawing.label for drawing in list_drawings()) == ["1", "17", "7"]
    assert "**100.00 % (3 of 3)" in at.markdown[0].value
    press(at, "confirm_delete")
    assert sorted(drawing.label for drawing in list_drawings()) == ["17", "7"]
    assert "drawing" not in at.query_params


def test_a_damaged_drawing_is_named_and_the_others_are_shown(finished_run, kept):
    kept["3"].path.write_bytes(b"no picture")
    at = open_view("drawings")
    assert any("is not a picture" in caption.value for caption in at.caption)
    assert len(read_sheet(at)["tiles"]) == 2


def test_an_export_comes_back_by_import_and_a_bad_zip_is_one_sentence(finished_run, kept):
    content = export_zip(list_drawings())
    for drawing in list_drawings():
        delete_drawing(drawing)
    at = open_view("drawings")
    at.file_uploader(key="drawings_zip_0").set_value(("bad.zip", b"no zip", "application/zip"))
    run_again(at)
    press(at, "take_drawings")
    assert "not a zip" in at.error[0].value
    # The form holds the bad one no more.
    at.file_uploader(key="drawings_zip_1").set_value(("good.zip", content, "application/zip"))
    run_again(at)
    press(at, "take_drawings")
    assert "3 new" in at.success[0].value
    assert sorted(drawing.label for drawing in list_drawings()) == ["17", "3", "7"]
