"""The three components in a real browser: what is seen, clicked, typed and kept."""

import io
import re
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.benchmarks.app import PROJECT, serve_app

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The component page, served from the dashboard's folder so that its theme is the one in use."""
    log = tmp_path_factory.mktemp("server") / "log.txt"
    script = PROJECT / "tests" / "e2e" / "component_app.py"
    with serve_app(log, script=script, folder=PROJECT / "dashboard") as url:
        yield url


@pytest.fixture
def open_part(open_page, address) -> Callable[..., Page]:
    """Opens one part of the component page."""

    def open_one(part: str, scheme: str = "light", width: int = 1280, touch: bool = False) -> Page:
        return open_page(f"{address}/?part={part}", scheme=scheme, size=(width, 800), touch=touch)

    return open_one


def find_tile(page: Page, index: int) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"number {index}\b"))


def read_pixels(target: Locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(target.screenshot())).convert("L"))


# ── the sheet ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_click_tells_the_digit_and_a_second_click_counts_again(open_part):
    page = open_part("sheet")
    find_tile(page, 1003).click()
    expect(page.get_by_text("digit 1003 click 1")).to_be_visible()
    expect(find_tile(page, 1003)).to_have_attribute("aria-current", "true")
    find_tile(page, 1003).click()
    expect(page.get_by_text("digit 1003 click 2")).to_be_visible()
    find_tile(page, 1150).click()
    expect(page.get_by_text("digit 1150 click 3")).to_be_visible()
    expect(page.locator(".tile[aria-current]")).to_have_count(1)


def test_a_long_caption_stays_within_its_tile(open_part):
    tile = find_tile(open_part("sheet"), 1003)
    words = tile.locator(".caption b")
    words.evaluate("caption => { caption.textContent = '12345678901234567890 → 12345678901234567890' }")
    caption, whole = words.bounding_box(), tile.bounding_box()
    assert caption["width"] <= whole["width"]
    assert caption["y"] + caption["height"] <= whole["y"] + whole["height"]


def test_two_hundred_digits_are_one_picture(open_part):
    page = open_part("sheet")
    expect(page.locator(".tile")).to_have_count(200)
    expect(find_tile(page, 1199)).to_be_visible()
    assert page.locator("[data-testid=stMain] img").count() == 0
    pictures = page.locator(".ink").evaluate_all(
        "tiles => new Set(tiles.map((tile) => getComputedStyle(tile).backgroundImage)).size"
    )
    assert pictures == 1


def test_the_sheet_stays_mounted_and_keeps_its_picture(open_part):
    page = open_part("sheet")
    tile = find_tile(page, 1003)
    tile.evaluate("node => { node.mark = 'the same node'; }")
    picture = tile.locator(".ink").evaluate("node => getComputedStyle(node).backgroundImage")
    tile.click()
    expect(page.get_by_text("digit 1003 click 1")).to_be_visible()
    assert tile.evaluate("node => node.mark") == "the same node"
    assert tile.locator(".ink").evaluate("node => getComputedStyle(node).backgroundImage") == picture


def test_captions_tell_right_from_wrong_without_colour(open_part):
    page = open_part("sheet")
    wrong = page.get_by_role("button", name="digit 3 number 1003, predicted 8 with 98.2 %")
    assert wrong.inner_text().split() == ["3", "→", "8", "98.2", "%"]
    assert find_tile(page, 1004).inner_text().startswith("4 ✓")
    assert find_tile(page, 1009).inner_text().strip() == "9"


def test_the_keyboard_moves_over_the_sheet_and_chooses(open_part):
    page = open_part("sheet")
    first = find_tile(page, 1000)
    expect(first).to_be_visible()
    assert page.locator(".tile[tabindex='0']").count() == 1
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    tops = page.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.getBoundingClientRect().top)")
    below = 1001 + sum(top == tops[0] for top in tops)
    expect(find_tile(page, below)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"digit {below} click 1")).to_be_visible()
    expect(find_tile(page, below)).to_be_focused()
    page.keyboard.press("End")
    expect(find_tile(page, 1199)).to_be_focused()


def test_an_empty_sheet_says_so_and_comes_back(open_part):
    page = open_part("sheet")
    page.get_by_text("No digits", exact=True).click()
    expect(page.get_by_text("No digits to show.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(0)
    page.get_by_text("No digits", exact=True).click()
    expect(page.locator(".tile")).to_have_count(200)


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_ink_is_dark_on_light_paper_and_light_on_dark(open_part, scheme, is_dark):
    page = open_part("sheet", scheme=scheme)
    ink = find_tile(page, 1000).locator(".ink")
    expect(ink).to_be_visible()
    expect(page.locator(".tile")).to_have_count(200)
    pixels = read_pixels(ink).astype(float)
    paper = pixels[:, 0].mean()  # no stroke reaches the first column
    stroke = pixels.max() if is_dark else pixels.min()
    assert (paper < 60) == is_dark
    assert abs(stroke - paper) > 150
    color = page.locator(".sheet").evaluate("node => getComputedStyle(node).color")
    assert color == ("rgb(233, 229, 219)" if is_dark else "rgb(35, 38, 43)")


def test_the_ink_follows_when_the_theme_changes(open_part):
    page = open_part("sheet", scheme="light")
    ink = find_tile(page, 1000).locator(".ink")
    expect(page.locator(".tile")).to_have_count(200)
    assert read_pixels(ink)[:, 0].mean() > 200
    picture = ink.evaluate("node => getComputedStyle(node).backgroundImage")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".sheet")).to_have_css("color", "rgb(233, 229, 219)")
    expect(ink).not_to_have_css("background-image", picture)
    pixels = read_pixels(ink)
    assert pixels[:, 0].mean() < 60
    assert pixels.max() > 180


@pytest.mark.parametrize("part", ["sheet", "matrix", "chart"])
def test_a_phone_needs_no_sideways_scrolling(open_part, part):
    page = open_part(part, width=390, touch=True)
    expect(page.locator(".tile, .cell, canvas").last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    boxes = page.locator(".tile, .cell, canvas").evaluate_all(
        "nodes => nodes.map((node) => [node.getBoundingClientRect().left, node.getBoundingClientRect().right])"
    )
    assert min(left for left, _ in boxes) >= 0
    assert max(right for _, right in boxes) <= 390


# ── the matrix ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_cells_and_heads_of_the_matrix_are_told_apart(open_part):
    page = open_part("matrix")
    page.get_by_role("button", name="true 4, predicted 9: 12 digits").click()
    expect(page.get_by_text("matrix 4 9")).to_be_visible()
    expect(page.get_by_role("button", name="true 4, predicted 9: 12 digits")).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="all that are 7").click()
    expect(page.get_by_text("matrix 7 None")).to_be_visible()
    page.get_by_role("button", name="all predicted as 0").click()
    expect(page.get_by_text("matrix None 0")).to_be_visible()
    expect(page.locator(".matrix [aria-current]")).to_have_count(1)
    page.get_by_text("Hide the diagonal").click()
    expect(page.get_by_text("matrix nothing")).to_be_visible()


def test_the_keyboard_moves_over_the_matrix_and_chooses(open_part):
    page = open_part("matrix")
    page.get_by_role("button", name="true 0, predicted 0:").focus()
    for key in ["ArrowDown", "ArrowDown", "ArrowRight", "Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_text("matrix 2 1")).to_be_visible()
    expect(page.get_by_role("button", name="true 2, predicted 1:")).to_be_focused()
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_text("matrix None 1")).to_be_visible()


def test_a_hidden_diagonal_is_blank_and_spreads_the_shades(open_part):
    page = open_part("matrix")
    error = page.get_by_role("button", name="true 4, predicted 9: 12 digits")
    right = page.get_by_role("button", name="true 4, predicted 4:")
    expect(right).not_to_have_text("")
    before = float(error.evaluate("node => node.style.getPropertyValue('--amount')"))
    page.get_by_text("Hide the diagonal").click()
    expect(right).to_have_text("")
    assert float(error.evaluate("node => node.style.getPropertyValue('--amount')")) > before


def test_the_matrix_shows_shares_on_demand(open_part):
    page = open_part("matrix")
    page.get_by_role("radio", name="true", exact=True).click()
    expect(
        page.get_by_role("button", name=re.compile(r"true 4, predicted 9: 12 digits, 1\.\d\d % of true 4"))
    ).to_have_text(re.compile(r"^1\.\d$"))


# ── the chart ──────────────────────────────────────────────────────────────────────────────────────────────────────


def wait_for_points(page: Page, points: int) -> Locator:
    chart = page.locator(".live-chart")
    deadline = time.monotonic() + 60
    while int(chart.get_attribute("data-points") or 0) < points:
        assert time.monotonic() < deadline, f"The chart did not reach {points} points."
        page.wait_for_timeout(50)
    return chart


def drag(page: Page, start: float, end: float) -> None:
    box = page.locator("canvas").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
    page.mouse.up()


def test_the_chart_grows_without_losing_its_node_or_its_zoom(open_part):
    page = open_part("chart")
    chart = wait_for_points(page, 300)
    mounted = chart.get_attribute("data-mounted")
    page.locator("canvas").evaluate("node => { node.mark = 'the same canvas'; }")
    drag(page, 0.3, 0.7)
    expect(chart).to_have_attribute("data-zoom", re.compile(r"^[\d.]+,[\d.]+$"))
    zoom = chart.get_attribute("data-zoom")
    points = int(chart.get_attribute("data-points"))
    wait_for_points(page, points + 400)
    assert chart.get_attribute("data-mounted") == mounted
    assert chart.get_attribute("data-zoom") == zoom
    assert page.locator("canvas").evaluate("node => node.mark") == "the same canvas"
    page.get_by_role("button", name="Reset zoom").click()
    expect(chart).to_have_attribute("data-zoom", "")
    expect(page.get_by_role("button", name="Reset zoom")).to_be_hidden()


def test_a_double_click_resets_the_zoom(open_part):
    page = open_part("chart")
    chart = wait_for_points(page, 300)
    drag(page, 0.2, 0.6)
    expect(chart).not_to_have_attribute("data-zoom", "")
    page.locator("canvas").dblclick()
    expect(chart).to_have_attribute("data-zoom", "")


def test_the_zoom_pans_but_not_beyond_the_data(open_part):
    page = open_part("chart")
    chart = wait_for_points(page, 300)
    drag(page, 0.4, 0.6)
    before = [float(x) for x in chart.get_attribute("data-zoom").split(",")]
    page.keyboard.down("Shift")
    drag(page, 0.4, 0.5)
    page.keyboard.up("Shift")
    after = [float(x) for x in chart.get_attribute("data-zoom").split(",")]
    assert after[0] < before[0]
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    page.locator("canvas").focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    assert float(chart.get_attribute("data-zoom").split(",")[0]) == 10.0  # the first step


def test_a_finger_zooms_sideways_and_scrolls_the_page_up_and_down(open_part):
    page = open_part("chart", width=390, touch=True)
    chart = wait_for_points(page, 300)
    expect(page.locator("canvas")).to_have_css("touch-action", "pan-y")
    box = page.locator("canvas").bounding_box()
    touch = page.context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2

    def send(kind: str, *x: float) -> None:
        points = [{"x": box["x"] + box["width"] * share, "y": y} for share in x]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", 0.3)
    for share in (0.4, 0.5, 0.6, 0.7):
        send("touchMove", share)
    send("touchEnd")
    expect(chart).to_have_attribute("data-zoom", re.compile(r"^[\d.]+,[\d.]+$"))
    page.touchscreen.tap(box["x"] + box["width"] / 2, y)
    expect(page.locator(".tip")).to_contain_text("step")


def test_hovering_tells_the_values_and_the_legend_hides_a_line(open_part):
    page = open_part("chart")
    wait_for_points(page, 300)
    expect(page.get_by_role("img", name="Loss over the steps of a run, training and validation")).to_be_visible()
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.locator(".tip")
    expect(tip).to_contain_text("step")
    expect(tip).to_contain_text("validation")
    legend = page.get_by_role("button", name="validation")
    legend.click()
    expect(legend).to_have_attribute("aria-pressed", "false")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tip).to_contain_text("training")
    expect(tip).not_to_contain_text("validation")


def test_the_chart_draws_both_lines_in_their_colours(open_part):
    page = open_part("chart")
    wait_for_points(page, 400)
    # Points are announced when they arrive and drawn in the next frame.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    colors = page.locator("canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const count = { blue: 0, orange: 0 };
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] < 200) continue;
                if (data[i + 2] > data[i] + 80) count.blue += 1;
                if (data[i] > data[i + 2] + 80) count.orange += 1;
            }
            return count;
        }"""
    )
    assert colors["blue"] > 200
    assert colors["orange"] > 100


def test_the_chart_is_as_wide_as_its_place_and_as_sharp_as_the_screen(browser, address):
    context = browser.new_context(viewport={"width": 900, "height": 800}, device_scale_factor=2)
    page = context.new_page()
    page.goto(f"{address}/?part=chart")
    wait_for_points(page, 100)
    measure = "node => [node.width, node.getBoundingClientRect().width]"
    page.wait_for_timeout(300)
    pixels, width = page.locator("canvas").evaluate(measure)
    assert pixels == pytest.approx(2 * width, abs=1)
    page.set_viewport_size({"width": 600, "height": 800})
    page.wait_for_timeout(500)
    pixels, narrower = page.locator("canvas").evaluate(measure)
    assert narrower < width
    assert pixels == pytest.approx(2 * narrower, abs=1)
    context.close()
