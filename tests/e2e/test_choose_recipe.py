"""Recipes in a real browser: choose by row, by list and by mark, follow Back, and train one."""

import json
import re

import pytest
from playwright.sync_api import expect
from run_folders import copy_run
from server import click_mark, end_training, wait_until_calm

from core.benchmarks.app import serve_app
from core.data import download_status
from core.recipes import RECIPES, get_recipe
from core.runs import store

pytestmark = pytest.mark.e2e
NAMES = [recipe.name for recipe in RECIPES]
# The place of the rows in a table, in pixels: its head, then a row every 35.
FIRST_ROW, ROW, TICK = 52, 35, 16
MEASURED = ("tinyvgg-sgd", "mlp")


@pytest.fixture(scope="module")
def place(tmp_path_factory, trained_small):
    """A home with own runs of two recipes, and the address of the app that shows them."""
    home = tmp_path_factory.mktemp("recipes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(home))
        download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
    for number, name in enumerate(MEASURED):
        for seed in (0, 1):
            run = copy_run(
                trained_small,
                home,
                id=f"20260101-0000{number}{seed}-{name}",
                recipe=name,
                seed=seed,
                test_correct=340 + 5 * number + seed,
            )
            config = get_recipe(name).config.with_settings({"seed": seed})
            (run.path / "config.json").write_text(json.dumps(config.model_dump()))
    with serve_app(home / "server.log", DIGITS_HOME=str(home), DIGITS_OFFLINE="1", DIGITS_MIRROR="") as address:
        yield home, address
    end_training(home)


@pytest.fixture
def open_recipes(place, open_page):
    """Open the page with something in its address, and wait until its charts are drawn."""

    def open_one(query="", **options):
        page = open_page(f"{place[1]}/recipes?{query}", **options)
        expect(page.locator(".st-key-frontier_parameters .js-plotly-plot")).to_be_visible()
        wait_until_calm(page)
        return page

    return open_one


def expect_shown(page, name):
    """The address, the list and the card all say the same recipe."""
    expect(page).to_have_url(re.compile(rf"recipe={name}(&|$)"))
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name="Recipe", exact=True)).to_have_value(name)
    expect(page.get_by_text(f"--recipe {name} --seeds 5")).to_be_visible()
    wait_until_calm(page)


def test_a_row_chooses_a_recipe_and_back_takes_the_choice_back(open_recipes):
    page = open_recipes("recipe=mlp")
    expect_shown(page, "mlp")
    canvas = page.locator(".st-key-recipes-table canvas").first
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + TICK, box["y"] + FIRST_ROW + ROW * NAMES.index("compact-6k"))
    expect_shown(page, "compact-6k")
    expect(page.get_by_text("1,542,096 multiplications")).to_be_visible()
    page.go_back()
    expect_shown(page, "mlp")
    page.reload()
    expect_shown(page, "mlp")


def test_the_list_chooses_a_recipe(open_recipes):
    page = open_recipes()
    page.get_by_role("combobox", name="Recipe", exact=True).click()
    page.get_by_role("option", name="hybrid-cnn", exact=True).click()
    expect_shown(page, "hybrid-cnn")
    expect(page.get_by_text("2,874,869 parameters")).to_be_visible()


def test_a_mark_of_the_frontier_chooses_its_recipe(open_recipes):
    page = open_recipes()
    chart = page.locator(".st-key-frontier_parameters")
    plot = chart.locator(".js-plotly-plot")
    expect(plot).to_be_visible()
    # In the order of the marks: every trace but the dotted line has a recipe's name in the last place of its data.
    names = plot.evaluate("plot => plot.data.flatMap((trace) => (trace.customdata ?? []).map((row) => row[2]))")
    assert set(MEASURED) <= set(names)
    click_mark(chart.locator(".scatterlayer path.point").nth(names.index("tinyvgg-sgd")))
    expect_shown(page, "tinyvgg-sgd")
    expect(page.get_by_text("your own runs").first).to_be_attached()
    named = chart.locator(".annotation-text").all_text_contents()
    assert set(named) < set(names)


def test_what_accuracy_costs_is_switched_and_stays_in_the_address(open_recipes):
    page = open_recipes()
    page.locator(".st-key-cost").get_by_text("epochs", exact=True).click()
    expect(page.locator(".st-key-frontier_epochs .js-plotly-plot")).to_be_visible()
    expect(page).to_have_url(re.compile("cost=epochs"))
    expect(page.locator(".st-key-frontier_parameters")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(open_recipes, scheme):
    page = open_recipes("recipe=resnet-8", size=(390, 844), scheme=scheme, touch=True)
    overflow = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth")
    assert overflow <= 0
    expect(page.get_by_text("77,754 parameters")).to_be_attached()


def test_a_phone_shows_the_chosen_recipe_before_the_table(open_recipes):
    page = open_recipes("recipe=resnet-8", size=(390, 844), touch=True)
    card = page.get_by_role("heading", name="resnet-8", exact=True)
    expect(card).to_be_in_viewport()
    table = page.locator(".st-key-recipes-table")
    assert card.bounding_box()["y"] < table.bounding_box()["y"]


def test_its_settings_open_in_train(open_recipes):
    page = open_recipes("recipe=dropout-cnn")
    page.get_by_role("link", name="Change its settings first").click()
    for _ in range(2):
        expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
        expect(page.get_by_role("combobox", name="Recipe", exact=True)).to_have_value("dropout-cnn")
        expect(page.get_by_role("tab", name="Network")).to_be_visible()  # without a click on Settings
        page.reload()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/recipes.*recipe=dropout-cnn"))
    expect(page.get_by_role("combobox", name="Recipe", exact=True)).to_have_value("dropout-cnn")


def test_the_button_trains_it_and_shows_its_curves(place, open_recipes, monkeypatch):
    monkeypatch.setenv("DIGITS_HOME", str(place[0]))
    page = open_recipes("recipe=softmax-regression")
    page.get_by_role("button", name="Train it", exact=True).click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("run=.*softmax-regression"))
    [entry] = [entry for entry in store.list_runs() if entry.record and entry.record.recipe == "softmax-regression"]
    assert entry.record.dataset == "sklearn-digits"
    expect(page.locator("[data-points]").first).to_have_attribute("data-points", re.compile(r"^[1-9]"), timeout=120_000)
