"""Draw: what is on the sheet is read, drawings outlive page and run, and pictures are read or refused in words."""

import base64
import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core.drawings.store import list_drawings, load_drawing
from core.evaluation.judge import summarize_reading
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.read import ReadNumber, read_digits, read_numbers
from core.runs import jobs, store
from dashboard.canvas import BRUSH_PX, CANVAS, SIDE_PX
from dashboard.drawing_memory import MEMORY
from dashboard.live_stroke import LIVE
from dashboard.paste import PASTE
from dashboard.pixel_editor import EDITOR
from dashboard.reading import build_answer

HOME = Path(__file__).resolve().parents[2] / "dashboard" / "Home.py"
SEVEN = [(90, 70), (220, 70), (140, 260)]
ONE = [(160, 60), (160, 260)]
# A letter, and not one that is shaped like a digit.
LETTER = [[(80, 260), (160, 50), (240, 260)], [(110, 180), (210, 180)]]
EMPTY = "Draw a digit: your answer appears here"


def draw_picture(*lines, paper=255, ink=35, width=BRUSH_PX, size=(SIDE_PX, SIDE_PX)):
    picture = Image.new("L", size, paper)
    pen = ImageDraw.Draw(picture)
    for line in lines:
        pen.line(line, fill=ink, width=width, joint="curve")
    return picture


def encode(picture, kind="PNG"):
    buffer = io.BytesIO()
    picture.save(buffer, format=kind)
    return buffer.getvalue()


def put_on_sheet(at, *lines, **looks):
    """Leave the page as the canvas would after these strokes."""
    data = base64.b64encode(encode(draw_picture(*lines, **looks).convert("RGBA"))).decode("ascii")
    strokes = [{"type": "Path", "path": line, "stroke": "#000000"} for line in lines]
    at.session_state[CANVAS] = {"drawing": {"raw": {"objects": strokes}, "data": f"data:image/png;base64,{data}"}}
    return at.run()


def open_draw(**query):
    at = AppTest.from_file(HOME, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.switch_page("views/draw.py").run()
    assert not at.exception
    return at


def find_html(at):
    return "\n".join(element.proto.body for element in at.get("html") if "<style>" not in element.proto.body)


def find_heading(at):
    return re.sub("<.*?>", "", re.search(r"<h2.*?>(.*?)</h2>", find_html(at))[1]).replace("\u00a0", " ")


def find_given(at):
    """What the canvas is told to start from."""
    return at.session_state["drawing_given_to_canvas"].strokes


@pytest.fixture
def sprint_run(mnist_home, trained_mnist):
    return copy_run(trained_mnist, mnist_home)


def test_an_empty_sheet_predicts_nothing(sprint_run):
    at = open_draw()
    assert find_heading(at) == EMPTY
    assert "%" not in find_html(at)
    assert at.button(key="undo_stroke").disabled
    assert at.button(key="clear_drawing").disabled


def test_a_drawn_seven_is_read_with_the_run_s_own_probabilities(sprint_run):
    at = put_on_sheet(open_draw(), SEVEN)
    (digit,) = read_digits(load_classifier(sprint_run), _as_array(draw_picture(SEVEN)))
    assert digit.label == 7
    assert find_heading(at).startswith("7 with ")
    widths = [float(width) for width in re.findall(r"<i style=\"width:([\d.]+)%\"", find_html(at))]
    assert widths == pytest.approx([100 * value for value in digit.probabilities], abs=0.006)
    assert not at.button(key="undo_stroke").disabled


def test_the_picture_that_the_network_sees_is_shown_pixel_for_pixel(sprint_run):
    at = put_on_sheet(open_draw(), SEVEN)
    (digit,) = read_digits(load_classifier(sprint_run), _as_array(draw_picture(SEVEN)))
    shown = _as_array(_find_pictures(at)[0])
    assert (shown[2::5, 2::5] == digit.preparation.image).all()


def test_light_ink_on_dark_paper_is_prepared_the_same(sprint_run):
    at = open_draw()
    dark = _find_pictures(put_on_sheet(at, SEVEN, paper=16, ink=230))[0]
    light = _find_pictures(put_on_sheet(at, SEVEN, paper=255, ink=35))[0]
    # Equal up to the rounding of grey levels.
    assert abs(_as_array(dark).astype(int) - _as_array(light)).max() <= 2


def test_several_digits_are_read_from_left_to_right(sprint_run):
    right_seven = [(x * 0.5 + 160, y * 0.7) for x, y in SEVEN]
    left_one = [(60, 60), (60, 180)]
    at = put_on_sheet(open_draw(), right_seven, left_one, width=14)
    assert find_heading(at).startswith("Read 2 digits: 1 7 with ")
    assert len(_find_pictures(at)) == 2
    assert find_html(at).count("<ul") == 2


@pytest.mark.parametrize(("label", "words"), [(8, "most like an 8"), (4, "most like a 4")])
def test_what_is_no_digit_is_named_with_its_article(sprint_run, label, words):
    classifier = load_classifier(sprint_run)
    [seven] = read_digits(classifier, _as_array(draw_picture(SEVEN)))
    unlike = replace(seven, probabilities=np.eye(10, dtype=np.float32)[label], digit_score=0.0, is_digit=False)
    assert words in build_answer([ReadNumber([unlike])])
    assert words in build_answer([ReadNumber([unlike, seven])])


def test_it_is_said_that_a_second_network_votes_on_the_digits_of_a_number(sprint_run):
    classifier = load_classifier(sprint_run)
    apart = read_numbers(classifier, _as_array(draw_picture(ONE, [(x + 100, y) for x, y in ONE])))
    assert "half the chosen" in build_answer(apart)
    [alone] = read_numbers(classifier, _as_array(draw_picture(SEVEN)))
    assert "vote" not in build_answer([alone])
    # Two sevens whose bars run into each other.
    [number] = read_numbers(
        classifier, _as_array(draw_picture([(60, 70), (130, 70), (90, 260)], [(120, 70), (260, 70), (200, 260)]))
    )
    assert len(number.digits) == 2
    assert all(digit.is_cut for digit in number.digits)
    assert "half the chosen" in build_answer([number])


def test_of_several_parts_of_which_none_is_a_digit_no_number_is_told(sprint_run):
    [seven] = read_digits(load_classifier(sprint_run), _as_array(draw_picture(SEVEN)))
    unlike = replace(seven, digit_score=0.0, is_digit=False)
    words = build_answer([ReadNumber([unlike, unlike])])
    assert ">No digit <small>2 parts, and none of them looks like one.</small>" in words
    assert "The percentage above" not in words
    assert "The percentage above" in build_answer([ReadNumber([unlike, seven])])


def test_one_digit_is_as_sure_in_the_table_of_all_runs_as_in_the_answer(sprint_run):
    [seven] = read_digits(load_classifier(sprint_run), _as_array(draw_picture(SEVEN)))
    doubtful = replace(seven, digit_score=0.5)
    assert summarize_reading([ReadNumber([doubtful])]).shown_sureness == seven.probabilities.max()
    number = ReadNumber([doubtful, doubtful])
    assert summarize_reading([number]).shown_sureness == number.confidence
    none = ReadNumber([replace(seven, digit_score=0.0, is_digit=False)])
    assert summarize_reading([none]).shown_sureness == none.confidence


def test_the_reasons_for_what_is_no_digit_do_not_call_it_one(sprint_run):
    at = open_draw()
    at.session_state["why_sheet-panel"] = True
    put_on_sheet(at, *LETTER)
    assert find_heading(at).startswith("Not a digit")
    [said] = [text.value for text in at.markdown if "taken for no digit" in text.value]
    assert said.startswith("This is taken for no digit; of the ten it would be **")
    assert not any(text.value.startswith("It reads") for text in at.markdown)


def test_undo_takes_the_last_stroke_and_clear_takes_all(sprint_run):
    at = put_on_sheet(open_draw(), ONE, SEVEN)
    at.button(key="undo_stroke").click().run()
    assert [stroke["path"] for stroke in find_given(at)] == [ONE]
    at = put_on_sheet(at, ONE)
    assert find_heading(at).startswith("1 with ")
    at.button(key="clear_drawing").click().run()
    assert find_given(at) == []
    assert find_heading(at) == EMPTY
    assert at.button(key="clear_drawing").disabled


def test_redo_goes_forth_again_and_undo_brings_back_what_was_cleared(sprint_run):
    at = put_on_sheet(put_on_sheet(open_draw(), ONE), ONE, SEVEN)
    assert at.button(key="redo_stroke").disabled
    at.button(key="undo_stroke").click().run()
    # The canvas has not answered yet; the picture of that step is known.
    assert find_heading(at).startswith("1 with ")
    at.button(key="redo_stroke").click().run()
    assert [stroke["path"] for stroke in find_given(at)] == [ONE, SEVEN]
    at.button(key="clear_drawing").click().run()
    at.button(key="undo_stroke").click().run()
    assert [stroke["path"] for stroke in find_given(at)] == [ONE, SEVEN]
    at.button(key="undo_stroke").click().run()
    put_on_sheet(at, ONE, ONE)
    assert at.button(key="redo_stroke").disabled


def test_an_answer_to_the_first_of_two_quick_steps_does_not_take_redo_away(sprint_run):
    bar = [(60, 300), (260, 300)]
    at = put_on_sheet(put_on_sheet(put_on_sheet(open_draw(), ONE), ONE, SEVEN), ONE, SEVEN, bar)
    at.button(key="undo_stroke").click().run()
    at.button(key="undo_stroke").click().run()
    # Only now the canvas comes to the first Undo, then to the second.
    at = put_on_sheet(at, ONE, SEVEN)
    assert find_heading(at).startswith("1 with ")
    at = put_on_sheet(at, ONE)
    assert find_heading(at).startswith("1 with ")
    at.button(key="redo_stroke").click().run()
    at.button(key="redo_stroke").click().run()
    assert [stroke["path"] for stroke in find_given(at)] == [ONE, SEVEN, bar]


def test_the_same_stroke_drawn_again_after_clear_is_a_new_one(sprint_run):
    at = put_on_sheet(open_draw(), ONE)
    at.button(key="clear_drawing").click().run()
    at = put_on_sheet(at)  # the canvas answers to Clear
    assert find_heading(at) == EMPTY
    at = put_on_sheet(at, ONE)
    assert find_heading(at).startswith("1 with ")
    assert not at.button(key="clear_drawing").disabled
    at.button(key="undo_stroke").click().run()
    at.button(key="undo_stroke").click().run()
    assert [stroke["path"] for stroke in find_given(at)] == [ONE]


def test_what_the_canvas_takes_back_by_itself_is_a_step(sprint_run):
    at = put_on_sheet(put_on_sheet(open_draw(), ONE), ONE, SEVEN)
    at = put_on_sheet(at, ONE)
    assert find_heading(at).startswith("1 with ")
    at.button(key="undo_stroke").click().run()
    assert [stroke["path"] for stroke in find_given(at)] == [ONE, SEVEN]


def test_a_stroke_is_read_while_it_is_being_drawn(sprint_run):
    at = open_draw()
    picture = base64.b64encode(encode(draw_picture(SEVEN))).decode("ascii")
    at.session_state[LIVE] = {"sheet": {"name": "1", "picture": f"data:image/png;base64,{picture}"}}
    at.run()
    assert find_heading(at).startswith("7 with ")
    # Only the canvas itself says what is on the sheet for good.
    assert at.button(key="clear_drawing").disabled
    at.session_state[LIVE] = {}
    at.run()
    assert find_heading(at) == EMPTY


def test_what_is_no_sheet_is_not_read(sprint_run):
    at = open_draw()
    for sheet in ("words", {}, {"name": 1, "picture": 7}, {"name": "1", "picture": "data:image/png;base64,AAAA"}):
        at.session_state[LIVE] = {"sheet": sheet}
        at.run()
        assert not at.exception
        assert find_heading(at) == EMPTY


def test_what_the_browser_kept_comes_back_after_a_reload(sprint_run):
    at = open_draw()
    picture = base64.b64encode(encode(draw_picture(SEVEN))).decode("ascii")
    strokes = [{"type": "Path", "path": SEVEN, "stroke": "#000000"}]
    at.session_state[MEMORY] = {"restored": {"strokes": strokes, "picture": picture}}
    at.run()
    assert find_heading(at).startswith("7 with ")
    assert [stroke["path"] for stroke in find_given(at)] == [SEVEN]


def test_what_means_nothing_in_the_browser_s_memory_is_ignored(sprint_run):
    at = open_draw()
    for restored in (
        "words",
        {"strokes": "words", "picture": ""},
        {"strokes": [1], "picture": ""},
        {"strokes": [{"path": []}], "picture": "no picture"},
        {"strokes": [{"path": []}], "picture": 7},
    ):
        at.session_state[MEMORY] = {"restored": restored}
        at.run()
        assert not at.exception
        assert find_heading(at) == EMPTY


def test_the_steps_from_the_drawing_to_the_network_are_shown(sprint_run):
    at = put_on_sheet(open_draw(), SEVEN)
    words = re.findall(r"</div>(\d [^<]*)</li>", find_html(at))
    assert [word.split()[0] for word in words] == ["1", "2", "3", "4", "5"]
    assert "20×20" in words[3]
    assert "28×28" in words[4]


def test_every_run_judges_and_where_they_differ_it_shows(sprint_run, mnist_home, trained_small):
    small = copy_run(trained_small, mnist_home, id="20260101-000001-mlp-aaaa")
    copy_run(sprint_run, mnist_home, id="20260101-000002-sprint-bbbb")
    at = put_on_sheet(open_draw(run=sprint_run.id), SEVEN)
    assert "judges" not in find_html(at)
    at.session_state["judges_sheet"] = True
    at.run()
    html = find_html(at)
    says = read_digits(load_classifier(small), _as_array(draw_picture(SEVEN)))[0].label
    rows = re.findall(r'class="reads">(?:<mark>)?(\d).*?≠? ?(differs|)</td><td class="run">([^<]*)<', html)
    assert sum(answer == "7" for answer, _, _ in rows) >= 2
    assert [bool(differs) for _, differs, name in rows if "bundled" in name] == [says != 7]


def test_a_drawing_is_kept_under_the_label_that_is_typed(sprint_run):
    at = put_on_sheet(open_draw(), SEVEN)
    at.text_input(key="keep_sheet_label").set_value("seven")
    _find_button(at, "Keep for my test set").click().run()
    assert "1 to 20 digits" in at.error[0].value
    at.text_input(key="keep_sheet_label").set_value("7")
    _find_button(at, "Keep for my test set").click().run()
    assert not at.exception
    (kept,) = list_drawings()
    assert kept.label == "7"
    assert (load_drawing(kept) == _as_array(draw_picture(SEVEN))).all()
    assert "Kept as **7**." in [text.value for text in at.markdown]
    at.button(key="keep_sheet_remove").click().run()
    assert not at.exception
    assert list_drawings() == []
    assert at.text_input(key="keep_sheet_label")


def test_the_pixel_editor_starts_from_the_digit_in_the_address_and_is_read_as_it_is(sprint_run, mnist):
    at = open_draw(**{"from": "test-123"})
    probabilities = predict_probabilities(load_classifier(sprint_run), mnist.test.images[123:124])[0]
    assert find_heading(at).startswith(f"{probabilities.argmax()} with ")
    widths = [float(width) for width in re.findall(r"<i style=\"width:([\d.]+)%\"", find_html(at))]
    assert widths == pytest.approx([100 * value for value in probabilities], abs=0.006)
    start = f"MNIST test digit 123, a {mnist.test.labels[123]}"
    one = np.zeros((28, 28), np.uint8)
    one[5:23, 13:15] = 255
    at.session_state[EDITOR] = {"edited": {"start": start, "pixels": base64.b64encode(one.tobytes()).decode("ascii")}}
    at.run()
    assert find_heading(at).startswith("1 with ")
    at.session_state[EDITOR] = {"edited": {"start": start, "pixels": "AAAA"}}
    at.run()
    assert not at.exception
    assert find_heading(at).startswith("1 with ")


def test_a_digit_that_is_not_there_is_one_sentence(sprint_run):
    for reference in ("test-10000", "test", "../test-1", "test-1x"):
        at = open_draw(**{"from": reference})
        assert "is no digit of MNIST" in at.error[0].value


def test_a_bad_file_does_not_hide_the_answers_to_the_others(sprint_run):
    at = open_draw()
    seven, one = encode(draw_picture(SEVEN)), encode(draw_picture(ONE))
    files = [("7.png", seven, "image/png"), ("bad.png", b"words", "image/png"), ("1.png", one, "image/png")]
    at.file_uploader[0].set_value(files).run()
    assert not at.exception
    assert [error.value.startswith("The file is ") for error in at.error] == [True]
    assert re.findall(r'<h2 role="status"[^>]*>(\d) ', find_html(at)) == ["7", "1"]


def test_further_strokes_do_not_start_the_canvas_again(sprint_run):
    at = put_on_sheet(open_draw(), ONE)
    number = at.session_state["drawing_given_to_canvas"].number
    put_on_sheet(at, ONE, SEVEN)
    at.slider(key="drawing_brush").set_value(30).run()
    assert at.session_state["drawing_given_to_canvas"].number == number


def test_the_drawing_outlives_a_change_of_page(sprint_run):
    at = put_on_sheet(open_draw(), SEVEN)
    before = find_heading(at)
    del at.session_state[CANVAS]
    at.switch_page("views/errors.py").run()
    at.switch_page("views/draw.py").run()
    assert not at.exception
    assert find_heading(at) == before
    assert [stroke["path"] for stroke in find_given(at)] == [SEVEN]


def test_the_drawing_outlives_a_change_of_run(sprint_run, trained_small, mnist_home):
    other = copy_run(trained_small, mnist_home, id="20260101-000001-mlp-aaaa")
    at = put_on_sheet(open_draw(run=sprint_run.id), SEVEN)
    number = at.session_state["drawing_given_to_canvas"].number
    at.selectbox(key="run_picker").set_value(other.id).run()
    (digit,) = read_digits(load_classifier(other), _as_array(draw_picture(SEVEN)))
    assert find_heading(at).startswith(f"{digit.label} with ")
    assert at.session_state["drawing_given_to_canvas"].number == number


def test_every_run_with_weights_can_be_chosen_whatever_its_state(runs_in_every_state, mnist_home):
    at = open_draw()
    assert len(at.selectbox(key="run_picker").options) == len(runs_in_every_state) - 1
    for state, run in runs_in_every_state.items():
        if state != "queued":
            at.selectbox(key="run_picker").set_value(run.id).run()
            assert not at.exception
            assert not at.error


def test_damaged_weights_are_one_sentence(finished_run, mnist_home):
    (finished_run.path / "model.safetensors").write_bytes(b"not weights")
    at = open_draw()
    assert len(at.error) == 1
    assert "model.safetensors" in at.error[0].value


def test_without_a_network_sprint_is_one_click_away(mnist_home):
    at = open_draw()
    assert "no trained network" in at.info[0].value
    at.button(key="train_sprint").click().run()
    (entry,) = store.list_runs()
    try:
        assert entry.record.recipe == "sprint"
        assert store.read_config(entry.run).data.dataset == "mnist"
        assert "being trained" in at.info[0].value
        assert not at.exception
    finally:
        _end(entry.run)


def test_while_the_first_network_trains_the_page_waits_for_it(runs_in_every_state, mnist_home):
    for state, run in runs_in_every_state.items():
        if state != "queued":
            shutil.rmtree(run.path)
    at = open_draw()
    assert "being trained" in at.info[0].value
    assert not at.button


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("WEBP", "a.webp"), ("GIF", "a.gif")])
def test_an_uploaded_picture_is_read(sprint_run, kind, name):
    at = open_draw()
    one = [(60, 60), (60, 180)]
    seven = [(x * 0.5 + 160, y * 0.7) for x, y in SEVEN]
    picture = draw_picture(seven, one, width=14, size=(400, 260))
    at.file_uploader[0].set_value((name, encode(picture, kind), f"image/{kind.lower()}")).run()
    assert not at.exception
    html = find_html(at)
    assert "Read 2 digits: 1 7" in html
    boxes = re.findall(r"left:([\d.]+)%;top:[\d.]+%;width:[\d.]+%;height:[\d.]+%\"><b>(\d)</b>", html)
    # On the picture, and once more among the steps.
    assert [label for _, label in boxes] == 2 * ["1", "7"]
    assert float(boxes[0][0]) == pytest.approx(100 * (60 - 7) / 400, abs=1)


def test_every_uploaded_picture_shows_its_steps_and_why(sprint_run):
    at = open_draw()
    files = [
        (f"{name}.png", encode(draw_picture(strokes)), "image/png") for name, strokes in (("1", ONE), ("7", SEVEN))
    ]
    at.file_uploader[0].set_value(files).run()
    assert find_html(at).count("5 centred in 28×28") == 2
    at.session_state["why_upload_1-panel"] = True
    at.run()
    assert not at.exception
    assert "Evidence for 7 rather than" in " ".join(element.value for element in [*at.markdown, *at.caption])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.png", encode(draw_picture(SEVEN, size=(900, 900)))[:200]),
        ("words.png", b"these are words"),
        ("empty.png", b""),
    ],
)
def test_a_file_that_is_no_picture_is_one_sentence(sprint_run, name, content):
    at = open_draw()
    at.file_uploader[0].set_value((name, content, "image/png")).run()
    assert not at.exception
    assert [error.value.startswith("The file is ") for error in at.error] == [True]
    assert "<h2 role" not in find_html(at)


def upload(at, *files):
    return at.file_uploader[0].set_value([(name, content, "image/png") for name, content in files]).run()


def list_pictures(at):
    """The names of the pictures on the page, from top to bottom."""
    return re.findall(r"<strong>(.*?)</strong>", find_html(at))


def leave_and_return(at):
    at.switch_page("views/data.py").run()
    at.switch_page("views/draw.py").run()
    assert not at.exception


def test_uploaded_pictures_outlive_a_change_of_page_until_they_are_taken_away(sprint_run):
    at = upload(open_draw(), ("7.png", encode(draw_picture(SEVEN))), ("1.png", encode(draw_picture(ONE))))
    leave_and_return(at)
    assert list_pictures(at) == ["7.png", "1.png"]
    upload(at, ("71.png", encode(draw_picture(SEVEN, ONE))))
    assert list_pictures(at) == ["71.png", "7.png", "1.png"]
    at.button(key="forget_0").click().run()
    assert list_pictures(at) == ["71.png", "1.png"]
    assert re.findall(r'<h2 role="status"[^>]*>(\d) ', find_html(at))[-1] == "1"
    at.button(key="forget_pictures").click().run()
    assert list_pictures(at) == []
    assert "paste one with Ctrl+V" in " ".join(caption.value for caption in at.caption)


def test_a_file_that_is_taken_out_of_the_uploader_is_taken_away(sprint_run):
    at = upload(open_draw(), ("7.png", encode(draw_picture(SEVEN))), ("1.png", encode(draw_picture(ONE))))
    upload(at, ("1.png", encode(draw_picture(ONE))))
    assert list_pictures(at) == ["1.png"]


def test_what_was_read_in_many_pictures_is_a_table(sprint_run):
    files = [("7.png", encode(draw_picture(SEVEN))), ("bad.heic", b"words"), ("blank.png", encode(draw_picture()))]
    at = upload(open_draw(), files[0])
    assert not at.dataframe
    upload(at, *files)
    table = at.dataframe[0].value
    assert dict(zip(table["Picture"], table["Read"], strict=True)) == {
        "7.png": "7",
        "bad.heic": "refused",
        "blank.png": "no ink",
    }
    assert [bool(sure) for sure in table["Sureness"]] == [True, False, False]
    assert "is not a picture" in at.error[0].value


def test_of_many_pictures_only_what_is_unfolded_is_drawn(sprint_run):
    at = upload(open_draw(), *[(f"page{n}.png", encode(draw_picture(ONE))) for n in range(9)])
    assert [fold.label for fold in at.expander if "page" in fold.label] == [f"page{n}.png" for n in range(9)]
    assert list_pictures(at) == ["page0.png"]
    assert len(at.dataframe[0].value) == 9


def test_pictures_without_room_are_left_out_by_name_until_there_is_room(sprint_run):
    at = upload(open_draw(), *[(f"{n}.png", encode(draw_picture(ONE))) for n in range(20)])
    assert len(at.dataframe[0].value) == 20
    assert not at.warning
    leave_and_return(at)
    files = [("seven.png", encode(draw_picture(SEVEN))), ("*9*.png", encode(draw_picture(SEVEN)))]
    upload(at, *files)
    assert len(at.dataframe[0].value) == 20
    assert r"Left out: seven.png, \*9\*.png." in at.warning[0].value
    at.button(key="forget_0").click().run()
    assert "Left out: seven.png" in at.warning[0].value
    upload(at, files[0])
    assert at.dataframe[0].value["Picture"].tolist()[0] == "seven.png"
    assert not at.warning


def test_pasted_pictures_are_taken_one_after_another(sprint_run):
    at = open_draw()
    for strokes in (SEVEN, ONE):
        at.session_state[PASTE] = {"pasted": base64.b64encode(encode(draw_picture(strokes))).decode()}
        at.run()
    assert not at.exception
    assert at.dataframe[0].value["Picture"].tolist() == ["From the clipboard, 2", "From the clipboard"]
    assert at.dataframe[0].value["Read"].tolist() == ["1", "7"]


def test_a_picture_of_28_pixels_is_read_and_shown_large_enough_to_see(sprint_run):
    at = open_draw()
    small = draw_picture([(x / 11.5, y / 11.5) for x, y in SEVEN], width=2, size=(28, 28))
    at.file_uploader[0].set_value(("small.png", encode(small), "image/png")).run()
    html = find_html(at)
    assert re.search(r"<b>(\d)</b>", html)[1] == "7"
    shown = re.search(r'class="boxed"><img src="data:image/png;base64,([^"]+)"', html)[1]
    assert Image.open(io.BytesIO(base64.b64decode(shown))).size == (140, 140)


def test_a_picture_without_ink_says_so(sprint_run):
    at = open_draw()
    at.file_uploader[0].set_value(("blank.png", encode(draw_picture()), "image/png")).run()
    assert "No digit was found" in at.warning[0].value


def _find_button(at, label):
    return next(button for button in at.button if button.label == label)


def _as_array(picture):
    return np.asarray(picture.convert("L"))


def _find_pictures(at):
    found = re.findall(r'<figure><img src="data:image/png;base64,([^"]+)"', find_html(at))
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def _end(run):
    jobs.stop_run(run)
    record = store.read_record(run)
    for process in psutil.Process().children():
        if run.id in process.cmdline() and (record.pid is None or process.pid == record.pid):
            process.wait(60)
