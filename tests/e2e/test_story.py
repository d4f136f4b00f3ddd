"""The whole story on real MNIST in a real browser: browse, train, find errors, draw; and what opens without it."""

import re
import time

import pytest
from playwright.sync_api import expect
from server import end_training, serve_finished_run, wait_until_calm, wait_until_kept

from core.benchmarks.app import serve_app
from core.config import TrainConfig
from core.data import download_status
from core.evaluation.report import load_predictions, load_report
from core.runs import history, jobs, store

pytestmark = pytest.mark.e2e
# Training a run takes as long as the machine takes; the pages themselves have TIMEOUT_MS.
TRAINING_MS = 240_000
# What trains for longer than any test looks at it.
LONG = {"model": "mlp", "optimizer": "adam", "learning_rate": 0.001, "epochs": 500}


@pytest.fixture(scope="module")
def story(tmp_path_factory, mnist_cache, trained_mnist):
    """A home with MNIST and one finished run, the app that shows it, and its address."""
    home = tmp_path_factory.mktemp("story")
    with serve_finished_run(home, mnist_cache, trained_mnist) as (run, address):
        yield home, address, run
    end_training(home)


@pytest.fixture
def in_home(story, monkeypatch):
    """Let the test itself read the run folders of the story."""
    monkeypatch.setenv("DIGITS_HOME", str(story[0]))


def tiles_of(page):
    return page.locator(".tile")


def wait_until(condition, timeout_s=TRAINING_MS / 1000):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def draw(page, strokes):
    """Draw strokes of points in shares of the canvas."""
    canvas = page.locator(".st-key-sheet-of-paper canvas").last
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=12)
        page.mouse.up()


SEVEN = [[(0.28, 0.24), (0.72, 0.24), (0.45, 0.8)]]
ONE = [[(0.5, 0.18), (0.5, 0.82)]]


def test_home_says_what_this_is_and_leads_to_the_digits(story, open_page):
    page = open_page(story[1])
    expect(page.get_by_text("MNIST: 70,000 digits, checked")).to_be_visible()
    page.get_by_role("link", name="Browse the digits").click()
    expect(page.get_by_role("heading", name="Data")).to_be_visible()
    expect(tiles_of(page)).to_have_count(200)


def test_a_digit_of_the_sheet_opens_with_its_label_and_is_in_the_address(story, mnist, open_page):
    page = open_page(f"{story[1]}/data")
    label = mnist.train.labels[123]
    page.get_by_role("button", name=re.compile(rf"digit {label} number 123\b")).click()
    expect(page.get_by_role("heading", name=f"Label {label}")).to_be_visible()
    expect(page).to_have_url(re.compile("digit=123"))
    page.reload()
    expect(page.get_by_role("heading", name=f"Label {label}")).to_be_visible()


def test_digits_are_filtered_paged_and_ordered_by_a_runs_loss(story, mnist, open_page):
    page = open_page(f"{story[1]}/data?split=Test")
    expect(page.get_by_text("10,000 digits; showing 1 to 200")).to_be_visible()
    page.locator(".st-key-only").get_by_text("4", exact=True).click()
    fours = int((mnist.test.labels == 4).sum())
    expect(page.get_by_text(f"{fours} digits labelled 4; showing 1 to 200")).to_be_visible()
    page.get_by_test_id("stSelectbox").filter(has_text="Order").get_by_role("combobox").click()
    page.get_by_role("option", name="least probable truth").click()
    answers = load_predictions(story[2])
    losses = -answers.probabilities[range(10_000), answers.labels]
    hardest = max((i for i in range(10_000) if answers.labels[i] == 4), key=lambda i: losses[i])
    expect(tiles_of(page).first).to_have_attribute("aria-label", re.compile(rf"digit 4 number {hardest}\b"))


def test_sprint_trains_from_home_and_is_evaluated(story, in_home, open_page):
    page = open_page(story[1])
    page.get_by_role("button", name=re.compile("Train (a|your first) network")).click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.get_by_text("Test accuracy 9")).to_be_visible(timeout=TRAINING_MS)
    expect(page.locator("[data-points]").first).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    run = store.find_run("latest")
    report = load_report(run)
    assert report["accuracy"] > 0.985
    expect(page.get_by_text(f"({report['correct']:,} of 10,000)")).to_be_visible()
    page.get_by_role("link", name="Evaluate it").click()
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()
    expect(page).to_have_url(re.compile(run.id))


def find_stop(page):
    """The button that stops the training, not Streamlit's of the same name in the header."""
    return page.get_by_test_id("stMain").get_by_role("button", name="Stop")


def test_no_other_button_is_called_stop(story, open_page):
    page = open_page(f"{story[1]}/train")
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    # As Streamlit draws it while a page is under way, which is too short to be caught.
    page.evaluate(
        "() => document.querySelector('[data-testid=stHeader]').insertAdjacentHTML('beforeend', "
        "'<div data-testid=stStatusWidget><button data-testid=stBaseButton-header>Stop</button></div>')"
    )
    expect(page.get_by_test_id("stBaseButton-header").last).to_be_attached()
    expect(page.get_by_test_id("stBaseButton-header").last).to_be_hidden()


def test_a_curve_grows_without_a_remount_and_is_there_after_a_reload_and_in_another_tab(story, in_home, open_page):
    run = jobs.start_run(TrainConfig().with_settings(LONG), "mlp")
    page = open_page(f"{story[1]}/train?run={run.id}")
    chart = page.locator("[data-points]").first
    expect(chart).to_have_attribute("data-points", re.compile(r"^[1-9]"), timeout=TRAINING_MS)
    mounted, first = chart.get_attribute("data-mounted"), int(chart.get_attribute("data-points"))
    wait_until(lambda: int(chart.get_attribute("data-points")) > first + 3)
    assert chart.get_attribute("data-mounted") == mounted, "the chart was thrown away and made again"

    page.reload()
    expect(page.locator("[data-points]").first).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    elsewhere = open_page(f"{story[1]}/train")
    find_stop(elsewhere).click()
    expect(page.get_by_text(re.compile("stopped", re.IGNORECASE)).first).to_be_visible(timeout=TRAINING_MS)
    wait_until(lambda: store.compute_state(store.read_record(run)) == "stopped")


def test_a_cell_of_the_matrix_shows_exactly_its_digits(story, open_page):
    _, address, run = story
    pair = load_report(run)["pairs"][0]
    page = open_page(f"{address}/evaluate?run={run.id}")
    name = re.compile(rf"true {pair['true']}, predicted {pair['predicted']}: {pair['count']} ")
    page.get_by_role("button", name=name).click()
    expect(tiles_of(page)).to_have_count(min(pair["count"], 100))
    for label in tiles_of(page).evaluate_all("tiles => tiles.map(tile => tile.getAttribute('aria-label'))"):
        assert label.startswith(f"digit {pair['true']} "), label
        assert f"predicted {pair['predicted']} " in label
    tiles_of(page).first.click()
    expect(page.get_by_role("heading", name=re.compile(f"{pair['true']} → {pair['predicted']}"))).to_be_visible()
    expect(page).to_have_url(re.compile(rf"cell={pair['true']}-{pair['predicted']}.*digit=|digit=.*cell="))


def test_an_error_opens_with_all_ten_probabilities(story, open_page):
    _, address, run = story
    answers = load_predictions(run)
    n_wrong = int((answers.predictions != answers.labels).sum())
    page = open_page(f"{address}/errors?run={run.id}")
    expect(page.get_by_text(f"{n_wrong} of 10,000")).to_be_visible()
    expect(tiles_of(page)).to_have_count(min(n_wrong, 100))
    tiles_of(page).first.click()
    chart = page.locator(".st-key-selection_detail-probabilities").first
    expect(chart).to_be_visible()
    first = re.search(r"digit=(\d+)", page.url)[1]
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page).to_have_url(re.compile(rf"digit=(?!{first}\b)\d+"))


def test_a_run_is_stopped_and_resumed_from_the_page(story, in_home, open_page):
    run = jobs.start_run(TrainConfig().with_settings(LONG), "mlp", "to be stopped")
    page = open_page(f"{story[1]}/train?run={run.id}")
    chart = page.locator("[data-points]").first
    expect(chart).to_have_attribute("data-points", re.compile(r"^[1-9]\d"), timeout=TRAINING_MS)
    find_stop(page).click()
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=TRAINING_MS)
    stopped_at = store.read_record(run).step
    page.get_by_role("button", name="Resume").click()
    wait_until(lambda: any(line["step"] > stopped_at for line in history.read_metrics(run)[0]))
    expect(find_stop(page)).to_be_visible(timeout=TRAINING_MS)
    shown = int(chart.get_attribute("data-points"))
    wait_until(lambda: int(chart.get_attribute("data-points")) > shown + 10)
    steps = [line["step"] for line in history.read_metrics(run)[0] if line["kind"] == "step"]
    assert steps == sorted(set(steps))
    find_stop(page).click()
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=TRAINING_MS)


def test_a_drawn_seven_is_read_and_survives_a_change_of_page(story, open_page):
    _, address, run = story
    page = open_page(f"{address}/draw?run={run.id}")
    expect(page.get_by_text("Draw a digit: your answer appears here")).to_be_visible()
    draw(page, SEVEN)
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^7 with"))
    expect(page.get_by_alt_text(re.compile("as the network sees it, 28 by 28 pixels, read as 7"))).to_be_visible()
    expect(page.get_by_role("list", name="Probability of each digit").get_by_role("listitem")).to_have_count(10)
    wait_until_kept(page)
    page.get_by_role("link", name="Errors", exact=True).first.click()
    expect(page.get_by_role("heading", name="Errors")).to_be_visible()
    page.get_by_role("link", name="Draw", exact=True).first.click()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^7 with"))
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Draw a digit: your answer appears here")).to_be_visible()
    draw(page, ONE)
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^1 with"))


def test_an_uploaded_picture_is_read_and_a_torn_one_refused_in_words(story, mnist, open_page, tmp_path):
    from PIL import Image

    _, address, run = story
    answers = load_predictions(run)
    index = int(answers.probabilities.max(1).argmax())
    path = tmp_path / "digit.png"
    Image.fromarray(255 - mnist.test.images[index]).resize((300, 300)).save(path)
    page = open_page(f"{address}/draw?run={run.id}")
    page.get_by_role("tab", name="Upload pictures").click()
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_text(re.compile(rf"^{answers.labels[index]} with"))).to_be_visible()
    torn = tmp_path / "torn.png"
    torn.write_bytes(path.read_bytes()[:60])
    page.locator("input[type=file]").set_input_files(torn)
    expect(page.get_by_test_id("stAlert").first).to_contain_text(re.compile("damaged|not a picture"))


def test_training_outlives_the_server_and_its_page_finds_it_again(tmp_path, mnist_cache, monkeypatch, open_page):
    monkeypatch.setenv("DIGITS_HOME", str(tmp_path))
    (tmp_path / "datasets").symlink_to(mnist_cache)
    with serve_app(tmp_path / "server.log", DIGITS_HOME=str(tmp_path), DIGITS_OFFLINE="1") as address:
        page = open_page(f"{address}/train")
        page.get_by_role("button", name="Start", exact=True).click()
        wait_until(lambda: any(not one.run.pretrained for one in store.list_runs()))
        wait_until(lambda: history.read_metrics(store.find_run("latest"))[0])
        page.context.close()
    run = store.find_run("latest")
    try:
        if store.compute_state(store.read_record(run)) == "completed":  # sprint is quick; take a longer one
            run = jobs.start_run(TrainConfig().with_settings(LONG), "mlp")
            wait_until(lambda: history.read_metrics(run)[0])
        with serve_app(tmp_path / "server.log", DIGITS_HOME=str(tmp_path), DIGITS_OFFLINE="1") as address:
            page = open_page(f"{address}/train?run={run.id}")
            expect(page.locator("[data-points]").first).to_have_attribute("data-points", re.compile(r"^[1-9]"))
            first = history.read_metrics(run)[0][0]["step"]
            assert first < 100, "the curve is whole from its beginning"
            page.context.close()
    finally:
        end_training(tmp_path)


def test_without_network_and_cache_the_bundled_digits_are_shown_and_said_to_be(tmp_path, monkeypatch, open_page):
    monkeypatch.setenv("DIGITS_HOME", str(tmp_path))
    monkeypatch.delenv("DIGITS_MIRROR", raising=False)
    with serve_app(tmp_path / "server.log", DIGITS_HOME=str(tmp_path), DIGITS_OFFLINE="1") as address:
        page = open_page(address)
        expect(page.get_by_text("MNIST is not here.")).to_be_visible()
        expect(page.get_by_text("1,797 digits bundled with scikit-learn").first).to_be_visible()
        expect(page.get_by_role("button", name="Retry the download")).to_be_visible()
        page.get_by_role("link", name="Browse the digits").click()
        expect(page.get_by_text("1,797 digits bundled with scikit-learn").first).to_be_visible()
        expect(tiles_of(page)).to_have_count(200)
        page.get_by_role("link", name="Home", exact=True).first.click()
        page.get_by_role("button", name=re.compile("Train (a|your first) network")).click()
        expect(page.get_by_text("Test accuracy")).to_be_visible(timeout=TRAINING_MS)
        page.context.close()
    assert store.read_record(store.find_run("latest")).dataset == "sklearn-digits"
    end_training(tmp_path)


def test_a_run_can_be_trained_while_mnist_is_still_on_its_way(tmp_path, monkeypatch, open_page):
    monkeypatch.setenv("DIGITS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    download_status.write_status(download_status.build_status("downloading", "Fetching.", 5_000_000))
    with serve_app(tmp_path / "server.log", DIGITS_HOME=str(tmp_path), DIGITS_OFFLINE="1") as address:
        page = open_page(address)
        expect(page.get_by_text("Downloading MNIST, 43 %")).to_be_visible()
        page.get_by_role("button", name="Train your first network").click()
        expect(page.get_by_text("Test accuracy")).to_be_visible(timeout=TRAINING_MS)
        page.context.close()
    end_training(tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "data?digit=5", "train", "evaluate?cell=4-any", "errors", "draw"])
def test_every_page_fits_a_phone(story, open_page, path, scheme):
    page = open_page(f"{story[1]}/{path}", scheme=scheme, size=(390, 844), touch=True)
    wait_until_calm(page)
    page.wait_for_timeout(500)
    # A chart takes its width once more when its data has come.
    page.wait_for_function(
        "() => { const main = document.querySelector('[data-testid=\"stMain\"]');"
        " const page = document.documentElement;"
        " return Math.max(main.scrollWidth - main.clientWidth, page.scrollWidth - innerWidth) <= 2; }"
    )
    assert page.evaluate("() => [...document.images].filter(picture => !picture.alt).length") == 0
