"""The choice of a run: from the address, from another page, and when there is nothing to choose."""

import shutil

import pytest
from app_pages import open_view, read_completed_run
from streamlit.testing.v1 import AppTest

from core.runs import store


def page():
    import streamlit as st

    from dashboard.state import has_report, render_run_picker

    entry = render_run_picker(accepts=has_report)
    st.text("none" if entry is None else entry.run.id)


@pytest.fixture
def three_runs(home, trained_small):
    from run_folders import copy_run

    return [copy_run(trained_small, home, id=f"2026010{n}-000000-mlp-{n}{n}{n}{n}") for n in (1, 2, 3)]


def open_page(**query):
    at = AppTest.from_function(page, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def test_without_a_run_there_is_nothing_to_choose(home):
    at = open_page()
    assert at.text[0].value == "none"
    assert not at.selectbox


def test_the_newest_run_is_chosen_and_written_into_the_address(three_runs):
    at = open_page()
    assert at.text[0].value == three_runs[2].id
    assert read_completed_run(at) == three_runs[2].id
    # What the browser has written comes back with the next run, and nothing is left to write.
    at.query_params["run"] = three_runs[2].id
    assert not at.run().get("bidi_component")


def test_the_address_decides_and_may_be_short(three_runs):
    assert open_page(run="20260102").text[0].value == three_runs[1].id


def test_best_and_latest_work_in_the_address(three_runs):
    store.update_record(three_runs[0], validation_accuracy=1.0)
    assert open_page(run="best").text[0].value == three_runs[0].id


def test_a_wrong_address_says_so_and_shows_the_newest(three_runs):
    at = open_page(run="../../etc")
    assert at.text[0].value == three_runs[2].id
    assert "There is no run '../../etc'" in at.warning[0].value


def test_a_run_with_nothing_to_show_says_so(three_runs):
    (three_runs[0].path / "report.json").unlink()
    at = open_page(run=three_runs[0].id)
    assert at.text[0].value == three_runs[2].id
    assert "has nothing to show" in at.warning[0].value


def test_what_another_page_chose_is_chosen_here(three_runs):
    at = AppTest.from_function(page, default_timeout=30)
    at.session_state["chosen_run"] = three_runs[0].id
    assert at.run().text[0].value == three_runs[0].id


def test_the_widget_wins_over_the_address_it_has_written(three_runs):
    at = open_page(run=three_runs[0].id)
    at.selectbox[0].select(three_runs[1].id).run()
    assert at.text[0].value == three_runs[1].id
    assert at.query_params["run"] == three_runs[1].id


def page_that_prefers_the_completed():
    import streamlit as st

    from dashboard.state import has_model, is_completed, render_run_picker

    st.text(render_run_picker(accepts=has_model, prefers=is_completed).run.id)


def test_what_a_page_prefers_is_shown_before_what_is_newer(three_runs):
    store.update_record(three_runs[2], status="stopped")
    at = AppTest.from_function(page_that_prefers_the_completed, default_timeout=30).run()
    assert at.text[0].value == three_runs[1].id
    assert len(at.selectbox[0].options) == 3


@pytest.fixture
def pretrained(home, trained_small):
    from run_folders import copy_run

    from core.runs.pretrained import publish

    run = copy_run(trained_small, home)
    published = publish(run, "small")
    store.delete_run(run)
    return published


def test_a_pretrained_run_is_marked_and_chosen_where_there_is_no_other(pretrained):
    at = open_page()
    assert at.text[0].value == pretrained.id
    [option] = at.selectbox[0].options
    assert option.startswith("small · ")
    assert option.endswith(" · pretrained")


def test_an_own_run_comes_before_a_pretrained_one_even_while_it_trains(pretrained, runs_in_every_state):
    for state in ("completed", "stopped", "failed", "lost", "queued"):
        shutil.rmtree(runs_in_every_state[state].path)
    running = runs_in_every_state["running"]
    assert read_completed_run(open_view("evaluate")) == running.id
    assert open_view("evaluate", run="small").selectbox(key="run_picker").value == "small"


def test_train_shows_a_pretrained_run_only_if_asked(pretrained):
    assert "run" not in open_view("train").query_params
    assert open_view("train", run="small").query_params["run"] == "small"


def test_home_still_offers_the_first_training_beside_a_pretrained_run(pretrained):
    at = open_view("home")
    assert at.button(key="train_sprint").label == "Train your first network"
    assert any("· pretrained" in one.value for one in at.markdown)


def test_the_page_follows_an_address_that_changes_alone_as_the_back_button_does(three_runs):
    at = open_page(run=three_runs[0].id)
    at.selectbox(key="run_picker").set_value(three_runs[1].id).run()
    assert at.query_params["run"] == three_runs[1].id
    at.query_params["run"] = three_runs[0].id
    assert at.run().text[0].value == three_runs[0].id
    assert at.selectbox(key="run_picker").value == three_runs[0].id


def test_a_label_that_a_run_no_longer_has_is_no_choice():
    def page():
        import streamlit as st

        from dashboard import state

        st.query_params["run"] = "mine"
        for sent in ("mlp · waiting", "other"):
            st.session_state[state._PICKER] = sent
            state._follow_picker({"mine": None, "other": None})
            st.text(st.query_params["run"])

    assert [text.value for text in AppTest.from_function(page).run().text] == ["mine", "other"]
