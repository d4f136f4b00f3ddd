"""The settings of a recipe as widgets: what is shown, what is kept, what is refused."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.config import TrainConfig, get_value, list_fields
from core.recipes import RECIPES, get_recipe
from dashboard.settings_form import PARTS, get_widget_key

HOME_PAGE = Path(__file__).parents[2] / "dashboard" / "Home.py"


@pytest.fixture
def page(mnist_home):
    return open_form()


def open_form():
    """The Train page with its settings unfolded, which are drawn only then."""
    at = AppTest.from_file(HOME_PAGE, default_timeout=30).switch_page("views/train.py")
    at.session_state["settings"] = True
    return run_again(at)


def run_again(at):
    at.run()
    assert not at.exception
    return at


def find_widget(at, path, recipe="sprint"):
    key = get_widget_key(recipe, path)
    kinds = (at.number_input, at.selectbox, at.toggle)
    return next((widget for kind in kinds for widget in kind if widget.key == key), None)


def set_field(at, path, value, recipe="sprint"):
    find_widget(at, path, recipe).set_value(value)
    return run_again(at)


def read_errors(at):
    return " ".join(error.value for error in at.error)


def test_every_part_has_a_tab(page):
    assert [tab.label for tab in page.tabs] == list(PARTS.values())
    assert set(PARTS) == set(TrainConfig.model_fields) - {"version"}


@pytest.mark.parametrize("recipe", [recipe.name for recipe in RECIPES])
def test_widgets_hold_the_values_of_the_recipe(page, recipe):
    page.selectbox(key="recipe").set_value(recipe)
    run_again(page)
    config = get_recipe(recipe).config
    shown = {field.path: find_widget(page, field.path, recipe) for field in list_fields()}
    assert {path: widget.value for path, widget in shown.items() if widget} == {
        path: get_value(config, path) for path, widget in shown.items() if widget
    }
    hidden = {path for path, widget in shown.items() if widget is None}
    assert {"optimizer.learning_rate", "loop.epochs", "runtime.seed"}.isdisjoint(hidden)
    assert not page.button(key="start").disabled


def test_help_tells_meaning_and_range(page):
    text = find_widget(page, "optimizer.learning_rate").help
    assert "Peak size of a step" in text
    assert "> 0, ≤ 10" in text


def test_fields_without_effect_are_hidden_unless_changed(page):
    assert find_widget(page, "optimizer.momentum") is None  # Adam has none
    set_field(page, "optimizer.name", "sgd")
    assert find_widget(page, "optimizer.beta1") is None
    set_field(page, "optimizer.momentum", 0.5)
    set_field(page, "optimizer.name", "adam")
    momentum = find_widget(page, "optimizer.momentum")
    assert momentum.value == 0.5
    assert "no effect" in momentum.help


def test_settings_that_a_network_does_not_take_are_hidden(page):
    assert find_widget(page, "model.dropout") is None  # sprint has no dropout layer
    assert find_widget(page, "model.width") is not None
    set_field(page, "model.name", "softmax-regression")
    assert find_widget(page, "model.width") is None


def test_a_change_is_marked_listed_and_taken_back(page):
    set_field(page, "optimizer.learning_rate", 0.00037)
    assert find_widget(page, "optimizer.learning_rate").label == "**Learning rate** · recipe: 0.03"
    assert any(text.value == "Changed: Learning rate 0.00037 (recipe: 0.03)" for text in page.markdown)
    page.button(key="reset").click()
    run_again(page)
    assert find_widget(page, "optimizer.learning_rate").value == 0.03
    assert find_widget(page, "optimizer.learning_rate").label == "Learning rate"
    assert not any(text.value.startswith("Changed") for text in page.markdown)


def test_setting_the_recipe_s_own_value_is_no_change(page):
    own = get_recipe("sprint").config.loop.epochs
    set_field(page, "loop.epochs", own + 4)
    set_field(page, "loop.epochs", own)
    assert not any(text.value.startswith("Changed") for text in page.markdown)


def test_an_emptied_field_returns_to_the_recipe_unless_empty_is_a_value(page):
    set_field(page, "loop.epochs", 7.0)
    set_field(page, "loop.epochs", None)
    assert find_widget(page, "loop.epochs").value == get_recipe("sprint").config.loop.epochs
    set_field(page, "data.train_size", 1000)
    set_field(page, "data.train_size", None)
    assert find_widget(page, "data.train_size").value is None


def test_an_empty_field_says_what_it_stands_for(page):
    assert find_widget(page, "data.train_size").placeholder == "empty: 55,000"
    assert find_widget(page, "data.validation_size").placeholder == "empty: 5,000"
    set_field(page, "data.validation_size", 10_000)
    assert find_widget(page, "data.train_size").placeholder == "empty: 50,000"


def test_changes_wait_while_another_recipe_or_page_is_shown(page):
    set_field(page, "loop.epochs", 7.0)
    page.selectbox(key="recipe").set_value("mlp")
    run_again(page)
    assert find_widget(page, "loop.epochs", "mlp").value == 5.0
    page.switch_page("views/draw.py")
    run_again(page)
    page.switch_page("views/train.py")
    run_again(page)
    assert page.selectbox(key="recipe").value == "mlp"
    page.selectbox(key="recipe").set_value("sprint")
    run_again(page)
    assert find_widget(page, "loop.epochs").value == 7.0


def test_all_problems_are_shown_at_once_and_start_is_off(page):
    set_field(page, "optimizer.learning_rate", 20.0)
    set_field(page, "loop.batch_size", 0)
    errors = read_errors(page)
    assert "Optimiser: Learning rate is 20; it must be at most 10." in errors
    assert "Loop: Batch size is 0; it must be at least 1." in errors
    assert page.button(key="start").disabled
    set_field(page, "optimizer.learning_rate", 0.5)
    set_field(page, "loop.batch_size", 64)
    assert not page.error
    assert not page.button(key="start").disabled


def test_settings_that_contradict_each_other_are_refused_in_the_widgets_words(page):
    set_field(page, "schedule.name", "plateau")
    set_field(page, "data.validation_size", 0)
    assert "Schedule: Schedule is 'plateau', which needs validation digits; set Data: Validation size." in read_errors(
        page
    )
    assert page.button(key="start").disabled


def test_a_changed_field_stays_in_sight_when_its_network_goes(page):
    page.selectbox(key="recipe").set_value("mlp")
    run_again(page)
    set_field(page, "model.dropout", 0.2, "mlp")
    set_field(page, "model.name", "sprint", "mlp")
    assert "has no dropout layer" in read_errors(page)
    assert find_widget(page, "model.dropout", "mlp").value == 0.2


def test_the_dataset_is_the_one_that_is_here(home):
    from core.data import download_status

    download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
    at = open_form()
    assert find_widget(at, "data.dataset").value == "sklearn-digits"
    assert not any(text.value.startswith("Changed") for text in at.markdown)
