"""Drawing with a real mouse and a real finger: digits are read right, and the sheet keeps what is on it."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from run_folders import copy_run
from server import wait_until_calm, wait_until_kept

from core.benchmarks.app import serve_app

pytestmark = pytest.mark.e2e

# The corners of each stroke, in pixels of the sheet.
STROKES = {
    0: [[(160, 65), (110, 100), (95, 160), (110, 220), (160, 255), (210, 220), (225, 160), (210, 100), (160, 65)]],
    1: [[(175, 60), (165, 160), (155, 260)]],
    4: [[(110, 60), (95, 160), (215, 160)], [(205, 60), (195, 265)]],
    7: [[(90, 70), (220, 70), (190, 140), (140, 260)]],
    8: [
        [(160, 60), (200, 75), (205, 110), (160, 150), (110, 190), (110, 240), (160, 265)],
        [(160, 265), (212, 240), (210, 190), (160, 150), (115, 110), (120, 75), (160, 60)],
    ],
}
NOTHING = "Draw a digit: your answer appears here"


@pytest.fixture
def app(mnist_home, trained_mnist, tmp_path) -> Iterator[str]:
    """The app with a run of one epoch; its address."""
    copy_run(trained_mnist, mnist_home)
    with serve_app(tmp_path / "log.txt", DIGITS_HOME=str(mnist_home)) as address:
        yield address


@pytest.fixture
def open_sheet(app, open_page) -> Callable[..., Page]:
    """Opens Draw; the pages are closed before the app is."""

    def open_one(size: tuple[int, int] = (1280, 800), **look) -> Page:
        page = open_page(app, **look)
        page.get_by_test_id("stTopNavLink").filter(has_text="Draw").click()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        expect(heading(page)).to_have_text(NOTHING)
        return page

    return open_one


def heading(page: Page):
    return page.locator(".reading h2").first


def answer(label: int) -> re.Pattern[str]:
    return re.compile(rf"^{label} with ")


def find_sheet(page: Page):
    return page.locator("canvas.upper-canvas")


def draw(page: Page, label: int, *, left: float = 0, top: float = 0, scale: float = 1) -> None:
    sheet = find_sheet(page).bounding_box()
    for stroke in STROKES[label]:
        points = [(sheet["x"] + left + scale * x, sheet["y"] + top + scale * y) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=5)
        page.mouse.up()
        # The canvas reports after a fifth of a second of rest; two strokes within it would be one step to undo.
        page.wait_for_timeout(300)


def draw_with_finger(page: Page, stroke: list[tuple[int, int]]) -> None:
    sheet = find_sheet(page).bounding_box()
    touch = page.context.new_cdp_session(page)
    kind = "touchStart"
    for (x, y), (next_x, next_y) in pairwise(stroke):
        for part in range(6):
            point = {"x": sheet["x"] + x + part * (next_x - x) / 5, "y": sheet["y"] + y + part * (next_y - y) / 5}
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            kind = "touchMove"
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)


def draw_with_pen(page: Page, stroke: list[tuple[int, int]]) -> None:
    sheet = find_sheet(page).bounding_box()
    pen = page.context.new_cdp_session(page)

    def send(kind: str, x: float, y: float) -> None:
        place = {"x": sheet["x"] + x, "y": sheet["y"] + y, "button": "left", "clickCount": 1, "force": 0.5}
        pen.send("Input.dispatchMouseEvent", {"type": kind, "pointerType": "pen", **place})

    send("mousePressed", *stroke[0])
    for (x, y), (next_x, next_y) in pairwise(stroke):
        for part in range(1, 6):
            send("mouseMoved", x + part * (next_x - x) / 5, y + part * (next_y - y) / 5)
    send("mouseReleased", *stroke[-1])


def read_ink(page: Page) -> str:
    """The canvas as the browser holds it."""
    return page.locator("canvas.dc-canvas:not(.upper-canvas)").evaluate("canvas => canvas.toDataURL()")


def wait_for_paper(page: Page, *, below: int) -> None:
    """Wait until the sheet is as dark as this, without a stroke."""
    pixel = "canvas => canvas.getContext('2d').getImageData(300, 300, 1, 1).data[0]"
    sheet = page.locator("canvas.dc-canvas:not(.upper-canvas)")
    for _ in range(100):
        if sheet.evaluate(pixel) < below:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the sheet did not take the theme's colours")


def test_digits_drawn_with_a_mouse_are_read_right(open_sheet):
    page = open_sheet()
    for label in STROKES:
        draw(page, label)
        expect(heading(page)).to_have_text(answer(label))
        assert page.locator(".reading").first.locator("li").count() == 10
        page.get_by_role("button", name="Clear").click()
        expect(heading(page)).to_have_text(NOTHING)


def test_the_answer_is_there_while_the_stroke_is_still_being_drawn(open_sheet):
    page = open_sheet()
    sheet = find_sheet(page).bounding_box()
    [stroke] = STROKES[7]
    page.mouse.move(sheet["x"] + stroke[0][0], sheet["y"] + stroke[0][1])
    page.mouse.down()
    for x, y in stroke[1:]:
        page.mouse.move(sheet["x"] + x, sheet["y"] + y, steps=10)
    expect(heading(page)).to_have_text(answer(7))
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()
    page.mouse.up()
    expect(page.get_by_role("button", name="Clear")).to_be_enabled()
    expect(heading(page)).to_have_text(answer(7))


def test_strokes_may_follow_each_other_while_the_panels_are_open(open_sheet):
    page = open_sheet()
    draw(page, 7, left=-30, top=60, scale=0.5)
    page.get_by_text("Why does it answer so?").click()
    expect(page.get_by_text("It reads 7 with")).to_be_visible()
    page.get_by_text(re.compile(r"^What all \d+ runs say")).click()
    expect(page.locator(".judges td.reads").first).to_have_text("7")
    draw(page, 1, left=100, top=60, scale=0.5)
    expect(page.locator(".judges td.reads").first).to_have_text("71")
    page.get_by_role("radio", name="2nd: 1").click()
    expect(page.get_by_text("It reads 1 with")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(heading(page)).to_have_text(NOTHING)
    expect(page.locator(".judges")).to_have_count(0)
    draw(page, 4)
    expect(heading(page)).to_have_text(answer(4))


def test_a_stroke_may_begin_where_the_package_s_toolbar_lies(open_sheet):
    page = open_sheet(size=(390, 844), touch=True)
    expect(page.locator(".dc-toolbar")).to_have_css("display", "none")
    draw_with_finger(page, [(300, 14), (285, 150), (270, 290)])
    expect(heading(page)).to_have_text(answer(1))


def test_the_drawing_survives_a_change_of_page_and_undo_goes_on_from_there(open_sheet):
    page = open_sheet()
    draw(page, 7, left=-30, top=60, scale=0.5)
    draw(page, 1, left=100, top=60, scale=0.5)
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")
    wait_until_kept(page, strokes=2)
    drawn = read_ink(page)
    page.get_by_role("link", name="Errors").click()
    expect(find_sheet(page)).to_have_count(0)
    page.get_by_test_id("stTopNavLink").filter(has_text="Draw").click()
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")
    page.wait_for_timeout(500)
    assert read_ink(page) == drawn
    page.locator(".st-key-undo_stroke button").click()
    expect(heading(page)).to_have_text(answer(7))
    assert read_ink(page) != drawn


def test_undo_redo_and_clear_can_all_be_taken_back(open_sheet):
    page = open_sheet()
    draw(page, 7, left=-30, top=60, scale=0.5)
    draw(page, 1, left=100, top=60, scale=0.5)
    wait_until_kept(page, strokes=2)
    both = read_ink(page)
    page.locator(".st-key-undo_stroke button").click()
    expect(heading(page)).to_have_text(answer(7))
    page.keyboard.press("Control+Shift+z")
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")
    page.wait_for_timeout(700)
    assert read_ink(page) == both
    page.locator(".st-key-undo_stroke button").click()
    expect(heading(page)).to_have_text(answer(7))
    page.locator(".st-key-redo_stroke button").click()
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")
    page.get_by_role("button", name="Clear").click()
    expect(heading(page)).to_have_text(NOTHING)
    page.keyboard.press("Control+z")
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")


def test_two_quick_undos_can_both_be_taken_back(open_sheet):
    page = open_sheet()
    for number in range(3):
        draw(page, 1, left=-30 + 80 * number, top=60, scale=0.5)
    wait_until_kept(page, strokes=3)
    three = read_ink(page)
    for _ in range(2):
        page.keyboard.press("Control+z")
        page.wait_for_timeout(60)  # the canvas answers to the first after the second
    expect(heading(page)).to_have_text(answer(1))
    for digits in ("1 1", "1 1 1"):
        page.locator(".st-key-redo_stroke button").click()
        expect(heading(page)).to_contain_text(f": {digits} with")
    page.wait_for_timeout(700)
    assert read_ink(page) == three


def test_the_drawing_survives_a_reload(open_sheet):
    page = open_sheet()
    draw(page, 7)
    expect(heading(page)).to_have_text(answer(7))
    drawn = read_ink(page)
    wait_until_kept(page)
    page.reload()
    expect(heading(page)).to_have_text(answer(7))
    page.wait_for_timeout(500)
    assert read_ink(page) == drawn


def test_a_digit_is_drawn_with_the_keys_alone_and_survives_a_reload(open_sheet):
    page = open_sheet()
    page.get_by_role("tab", name="Pixel by pixel").click()
    editor = page.get_by_role("application", name="Pixel editor")
    editor.focus()
    for key in ["ArrowUp"] * 8 + [" "] + ["Shift+ArrowDown"] * 16:
        page.keyboard.press(key)
    expect(heading(page)).to_have_text(answer(1))
    expect(page.get_by_text("Row 22, column 14: ink 100 %")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_text("Row 22, column 14: paper")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Row 22, column 14: ink 100 %")).to_be_visible()
    expect(page).to_have_url(re.compile("way=Pixel"))
    page.reload()
    expect(page.get_by_role("tab", name="Pixel by pixel")).to_have_attribute("aria-selected", "true")
    expect(heading(page)).to_have_text(answer(1))


def test_a_drawing_is_kept_and_shown_among_your_digits(open_sheet):
    page = open_sheet()
    draw(page, 7)
    expect(heading(page)).to_have_text(answer(7))
    page.get_by_label("What it really is").fill("7")
    page.get_by_role("button", name="Keep for my test set").click()
    expect(page.get_by_text("Kept as 7.")).to_be_visible()
    wait_until_calm(page)
    page.get_by_role("link", name="Your digits").last.click()
    expect(page.get_by_role("button", name="digit 7 number 0, predicted 7")).to_be_visible()
    expect(page.get_by_label("Its right label")).to_have_value("7")


def test_a_change_of_theme_recolours_the_sheet_and_keeps_the_stroke_that_brings_it(open_sheet):
    page = open_sheet()
    draw(page, 7, left=-30, top=60, scale=0.5)
    expect(heading(page)).to_have_text(answer(7))
    wait_until_kept(page)
    page.emulate_media(color_scheme="dark")
    wait_for_paper(page, below=64)
    draw(page, 1, left=100, top=60, scale=0.5)
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")
    expect(heading(page)).to_contain_text("Read 2 digits: 7 1 ")


def test_a_clear_that_brings_a_change_of_theme_still_clears(open_sheet):
    page = open_sheet()
    draw(page, 7)
    expect(heading(page)).to_have_text(answer(7))
    wait_until_kept(page)
    page.emulate_media(color_scheme="dark")
    page.get_by_role("button", name="Clear").click()
    expect(heading(page)).to_have_text(NOTHING)
    wait_for_paper(page, below=64)
    draw(page, 4)
    expect(heading(page)).to_have_text(answer(4))


def test_a_pen_draws(open_sheet):
    page = open_sheet()
    page.evaluate("() => document.addEventListener('pointerdown', (event) => (window.kind = event.pointerType), true)")
    draw_with_pen(page, STROKES[7][0])
    expect(heading(page)).to_have_text(answer(7))
    assert page.evaluate("() => window.kind") == "pen"
    wait_until_kept(page)


def test_a_finger_draws_on_a_phone_in_the_dark_theme(open_sheet):
    page = open_sheet(size=(390, 844), scheme="dark", touch=True)
    sheet = find_sheet(page).bounding_box()
    assert sheet["x"] + sheet["width"] <= 390
    for stroke in STROKES[4]:
        draw_with_finger(page, stroke)
    expect(heading(page)).to_have_text(answer(4))
    assert find_sheet(page).bounding_box() == sheet  # the page did not scroll under the finger
    page.get_by_role("button", name="Clear").tap()
    expect(heading(page)).to_have_text(NOTHING)
