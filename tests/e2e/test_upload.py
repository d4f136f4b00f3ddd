"""Pictures from files: chosen, dragged onto the page, or pasted, in every format the page names."""

import base64
import io
import re
from collections.abc import Callable, Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect
from run_folders import copy_run

from core.benchmarks.app import serve_app

pytestmark = pytest.mark.e2e

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "bmp": "BMP", "gif": "GIF", "tiff": "TIFF"}
SEVEN = re.compile(r"^7 with ")
# Hands a file to the page as a mouse or the clipboard would.
MAKE_FILE = """([content, name, type]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, { type }));
    return carried;
}"""


@pytest.fixture(scope="module")
def app(tmp_path_factory, mnist_cache, trained_mnist) -> Iterator[str]:
    """The app with a run of one epoch; its address."""
    home = tmp_path_factory.mktemp("upload")
    (home / "datasets").symlink_to(mnist_cache)
    copy_run(trained_mnist, home)
    with serve_app(home / "log.txt", DIGITS_HOME=str(home), DIGITS_OFFLINE="1") as address:
        yield address


@pytest.fixture
def open_upload(app, open_page) -> Callable[[], Page]:
    def open_one() -> Page:
        page = open_page(f"{app}/draw")
        page.get_by_role("tab", name="Upload pictures").click()
        expect(page.get_by_text("paste one with Ctrl+V")).to_be_visible()
        return page

    return open_one


def draw_seven(format_: str) -> bytes:
    """A seven in dark ink on light paper, as a file."""
    paper = Image.new("RGB", (240, 300), (236, 232, 220))
    ImageDraw.Draw(paper).line([(60, 60), (180, 60), (110, 240)], fill=(40, 45, 80), width=18, joint="curve")
    buffer = io.BytesIO()
    paper.save(buffer, format_)
    return buffer.getvalue()


def carry(page: Page, name: str, type_: str):
    """The file of a seven, as something that a page can be given."""
    content = base64.b64encode(draw_seven(FORMATS[name.split(".")[-1]])).decode()
    return page.evaluate_handle(MAKE_FILE, [content, name, type_])


def test_every_format_is_read_and_what_is_none_is_refused_beside_them(open_upload):
    page = open_upload()
    files = [
        {"name": f"seven.{ending}", "mimeType": f"image/{ending}", "buffer": draw_seven(format_)}
        for ending, format_ in FORMATS.items()
    ]
    torn = {"name": "torn.png", "mimeType": "image/png", "buffer": files[0]["buffer"][:200]}
    page.locator("input[type=file]").set_input_files([*files, torn])
    expect(page.get_by_text(SEVEN)).to_have_count(len(FORMATS))
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    expect(page.get_by_test_id("stAlert")).to_contain_text("damaged")


def test_a_file_that_is_too_large_stays_named_beside_one_that_is_read(open_upload):
    page = open_upload()
    seven = {"name": "seven.png", "mimeType": "image/png", "buffer": draw_seven("PNG")}
    page.locator("input[type=file]").set_input_files(
        [{**seven, "name": "vast.png", "buffer": bytes(21_000_000)}, seven]
    )
    expect(page.get_by_text(SEVEN)).to_have_count(1)
    expect(page.get_by_text("vast.png")).to_be_visible()
    # Taken out of the uploader, the other is no longer read.
    page.get_by_test_id("stFileChip").filter(has_text="seven.png").get_by_role("button").click()
    expect(page.get_by_text(SEVEN)).to_have_count(0)
    expect(page.get_by_text("vast.png")).to_be_visible()


def test_a_picture_is_dragged_onto_the_page(open_upload):
    page = open_upload()
    carried = carry(page, "seven.png", "image/png")
    zone = page.get_by_test_id("stFileUploaderDropzone")
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": carried})
    expect(page.get_by_text("seven.png").first).to_be_visible()
    expect(page.get_by_text(SEVEN)).to_be_visible()


def test_a_picture_is_pasted_and_taken_away(open_upload):
    page = open_upload()
    carried = carry(page, "seven.png", "image/png")
    page.locator(".paste[data-listening]").wait_for(state="attached")
    page.evaluate(
        "(carried) => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true }))",
        carried,
    )
    expect(page.get_by_text("From the clipboard")).to_be_visible()
    expect(page.get_by_text(SEVEN)).to_be_visible()
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_text("paste one with Ctrl+V")).to_be_visible()
    expect(page.get_by_text(SEVEN)).to_have_count(0)


def test_a_pasted_picture_that_is_too_large_is_refused_in_a_sentence(open_upload):
    page = open_upload()
    page.locator(".paste[data-listening]").wait_for(state="attached")
    page.evaluate(
        """() => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(12_300_000)], "vast.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true }));
        }"""
    )
    expect(page.get_by_text("The pasted picture has 12.3 MB, and no more than 10 MB can be pasted")).to_be_visible()
    expect(page.get_by_text("paste one with Ctrl+V")).to_be_visible()
