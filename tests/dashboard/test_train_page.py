"""Train over real runs: in every state it says what is going on, and its buttons do what they say."""

import time
from functools import partial

import pytest
from app_pages import open_view, press, run_again, unfold_table
from run_folders import copy_run

from core.evaluation.metrics import wilson_interval
from core.models.catalog import get_model_spec
from core.recipes import RECIPES, get_recipe
from core.runs import history, jobs, store
from dashboard.curves import Curves, name_run
from dashboard.layout import format_share
from dashboard.live import compute_remaining
from dashboard.live_chart import Series
from dashboard.run_charts import describe_series
from dashboard.settings_form import get_widget_key

open_page = partial(open_view, "train")


def read_text(at):
    return "\n".join(element.value for element in [*at.markdown, *at.error, *at.caption, *at.subheader])


def read_metric(at, label):
    return next(metric.value for metric in at.metric if metric.label == label)


def has_button(at, key):
    return any(button.key == key for button in at.button)


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)


def open_settings(at):
    """Unfold the settings, which are drawn only then."""
    at.session_state["settings"] = True
    return run_again(at)


def read_state(run):
    return store.read_entry(run).state


def test_without_runs_there_is_the_form_alone(mnist_home):
    at = open_page()
    assert at.title[0].value == "Train"
    assert at.selectbox(key="recipe").options == [recipe.name for recipe in RECIPES]
    assert get_recipe("sprint").about in read_text(at)
    assert not at.button(key="start").disabled
    assert not at.subheader
    assert "run" not in at.query_params


def test_a_recipe_says_its_source_and_claim(mnist_home):
    at = open_page()
    at.selectbox(key="recipe").set_value("compact-13k")
    text = read_text(run_again(at))
    assert get_recipe("compact-13k").source in text
    assert "claims 99.61 %" in text


def test_the_plan_shows_parameters_steps_layers_and_time(mnist_home):
    at = open_page()
    wait_for(lambda: read_metric(run_again(at), "Training time").startswith("≈"))
    assert read_metric(at, "Parameters") == f"{get_model_spec('upright').parameters:,}"
    assert "55,000 digits to train on and 5,000 to validate. 0.3 epochs make 115 steps of 144 digits." in read_text(at)
    layers, schedule = at.dataframe[0].value, unfold_table(at, "schedule")
    assert schedule["Learning rate"].max() == pytest.approx(get_recipe("sprint").config.optimizer.learning_rate)
    assert layers["Parameters"].sum() == get_model_spec("upright").parameters
    assert layers["Output"].iloc[-1] == "10"


def test_a_run_is_started_watched_and_finished(mnist_home):
    at = open_page()
    at.selectbox(key="recipe").set_value("mlp")
    run_again(at)
    open_settings(at)
    at.selectbox(key=get_widget_key("mlp", "data.dataset")).set_value("sklearn-digits")
    run_again(at)
    at.number_input(key=get_widget_key("mlp", "loop.epochs")).set_value(2.0)
    at.text_input(key="run_name").set_value("my first")
    press(at, "start")
    (entry,) = store.list_runs()
    run, config = entry.run, store.read_config(entry.run)
    assert (entry.record.name, entry.record.recipe) == ("my first", "mlp")
    assert (config.data.dataset, config.loop.epochs, config.model.name) == ("sklearn-digits", 2.0, "mlp")
    assert at.query_params["run"] == run.id
    assert "Starting" in read_text(at) or "Preparing" in read_text(at)
    assert at.text_input(key="run_name").value == ""
    assert at.subheader[0].value == "New run"  # the run stands above the form
    wait_for(lambda: read_state(run) not in ("queued", "running"))
    record = store.read_record(run)
    run_again(at)
    share = format_share(
        record.test_correct, record.test_total, wilson_interval(record.test_correct, record.test_total)
    )
    assert share in read_text(at).replace("**", "")
    assert read_metric(at, "Validation accuracy") == f"{100 * record.validation_accuracy:.2f} %"
    assert at.subheader[0].value == "New run"  # and stays there when it has ended
    press(at, "new_run")
    assert at.subheader[0].value == name_run(record)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("completed", "Completed. Test accuracy"),
        ("stopped", "Stopped at step 20 of"),
        ("failed", "Failed.** The loss is not finite at step 3."),
        ("running", "Training."),
        ("queued", "Waiting for its turn, number 1 in the queue."),
        ("lost", "Its training process was ended from outside (killed, or the memory was full)"),
    ],
)
def test_every_state_is_told_in_words(mnist_home, runs_in_every_state, state, sentence):
    run = runs_in_every_state[state]
    at = open_page(run=run.id)
    assert sentence in read_text(at)
    assert at.selectbox(key="run_picker").value == run.id
    assert has_button(at, "stop_run") == (state in ("queued", "running"))
    assert has_button(at, "resume_run") == (state in ("stopped", "failed", "lost"))
    if state in ("stopped", "failed", "lost"):
        assert (
            f"Its last checkpoint is of step {store.read_record(runs_in_every_state['completed']).step}"
            in read_text(at)
        )


def test_without_a_checkpoint_resume_says_that_it_starts_again(mnist_home, runs_in_every_state):
    run = runs_in_every_state["lost"]
    (run.path / "last.json").unlink()
    assert "Resume starts it from the beginning" in read_text(open_page(run=run.id))


def test_the_place_in_the_queue_counts_those_before(mnist_home, runs_in_every_state):
    first = runs_in_every_state["queued"]
    record = store.update_record(first, launched="2026-01-01T00:00:00.000+00:00")
    alive = {"pid": record.pid, "process": record.process}
    second = copy_run(
        first, mnist_home, id="20260101-000007-mlp-next", launched="2026-01-01T00:00:01.000+00:00", **alive
    )
    assert "number 1 in the queue" in read_text(open_page(run=first.id))
    text = read_text(open_page(run=second.id))
    assert "number 2 in the queue" in text
    assert f"{name_run(store.read_record(runs_in_every_state['running']))} trains now" in text


def test_an_address_without_a_run_finds_the_one_that_trains(mnist_home, runs_in_every_state):
    at = open_page()
    assert read_state(store.find_run(at.selectbox(key="run_picker").value)) in ("running", "queued")
    assert at.subheader[0].value == "New run"


def test_when_nothing_trains_the_form_comes_first(mnist_home, trained_small):
    run = copy_run(trained_small, mnist_home)
    assert open_page().subheader[0].value == name_run(store.read_record(run))
    assert open_page(run=run.id).subheader[0].value == "New run"


def test_nothing_is_timed_while_a_run_trains(mnist_home, runs_in_every_state):
    at = open_page()
    assert read_metric(at, "Training time") == "—"
    assert "not estimated while another run trains" in read_text(at)


def test_a_teacher_that_is_not_there_is_named_where_the_time_would_be(mnist_home):
    at = open_settings(open_page())
    at.text_input(key=get_widget_key("sprint", "loss.teacher")).set_value("gone-for-good")
    wait_for(lambda: run_again(at).error)
    assert not at.exception
    assert "gone-for-good" in at.error[0].value


def test_stop_asks_for_a_checkpoint(mnist_home, runs_in_every_state):
    run = runs_in_every_state["running"]
    at = press(open_page(run=run.id), "stop_run")
    assert jobs.is_stop_requested(run)
    assert "Stopping." in read_text(at)
    assert at.button(key="stop_run").disabled


def test_resume_finishes_a_lost_run(mnist_home, runs_in_every_state):
    run = runs_in_every_state["lost"]
    at = press(open_page(run=run.id), "resume_run")
    assert read_state(run) in ("queued", "running")
    wait_for(lambda: read_state(run) == "completed")
    assert "Completed. Test accuracy" in read_text(run_again(at))


def test_the_figures_are_those_of_the_run(mnist_home, runs_in_every_state):
    run = runs_in_every_state["stopped"]
    at = open_page(run=run.id)
    lines, _ = history.read_metrics(run)
    last = [line for line in lines if line["kind"] == "epoch"][-1]
    assert read_metric(at, "Validation accuracy") == f"{100 * last['validation_accuracy']:.2f} %"
    assert read_metric(at, "Learning rate") == f"{lines[-1]['lr']:.3g}"


def test_others_are_compared_and_details_open(mnist_home, runs_in_every_state):
    run, other = runs_in_every_state["completed"], runs_in_every_state["stopped"]
    (run.path / "train.log").write_text("a line of the log\n", encoding="utf-8")
    at = open_page(run=run.id)
    compare = at.multiselect(key=f"curves_others {run.id}")
    assert name_run(store.read_record(other)) in compare.options
    assert name_run(store.read_record(run)) not in compare.options
    compare.set_value([other.id])
    at.session_state["run_log"] = True
    at.session_state["speed_charts"] = True
    run_again(at)
    assert at.multiselect(key=f"curves_others {run.id}").value == [other.id]
    assert any("a line of the log" in code.value for code in at.code)


def test_damaged_runs_are_not_offered(mnist_home, runs_in_every_state):
    damaged = runs_in_every_state["stopped"]
    (damaged.path / "run.json").write_text("{", encoding="utf-8")
    at = open_page()
    assert len(at.selectbox(key="run_picker").options) == len(runs_in_every_state) - 1


def test_the_rest_is_foretold_from_the_present_speed():
    curves = Curves()
    assert compute_remaining(curves, 100) is None
    # One slow step at first, then 20 s at 1 step a second, then 2 steps a second.
    curves.steps["step"] = [1, *range(2, 22), *range(22, 62, 2)]
    curves.steps["train_seconds"] = [30.0, *(31.0 + i for i in range(20)), *(51.0 + i for i in range(20))]
    assert compute_remaining(curves, 160) == pytest.approx((160 - 60) / 2)


def test_a_chart_is_put_into_words():
    series = [Series("training", [1, 2], [2.5, 0.25]), Series("validation", [2], [None])]
    assert describe_series(series, "loss", "step") == "Line chart of loss by step: training from 2.5000 to 0.2500."
    assert describe_series([], "accuracy", "epoch") == "Line chart of accuracy by epoch: no points yet."


def test_the_numbers_of_the_curves_are_a_table_on_demand(finished_run):
    at = open_page(run=finished_run.id)
    at.session_state["curves_axis"] = "epoch"
    at.session_state["curve_numbers"] = True
    run_again(at)
    [table] = [one.value for one in at.dataframe if "Validation loss" in one.value]
    epochs = [line for line in history.read_metrics(finished_run)[0] if line["kind"] == "epoch"]
    assert table["Validation loss"].tolist() == [line["validation_loss"] for line in epochs]
    assert table["Step"].tolist() == [line["step"] for line in epochs]


def test_a_run_that_learnt_nothing_is_said_to(finished_run):
    store.update_record(finished_run, test_correct=41, test_total=360)
    assert "It has learnt next to nothing" in read_text(open_page(run=finished_run.id))
    store.update_record(finished_run, test_correct=341)
    assert "learnt next to nothing" not in read_text(open_page(run=finished_run.id))


def choose_small(at):
    """Set the form to a recipe that is trained on the bundled digits within a second."""
    at.selectbox(key="recipe").set_value("mlp")
    run_again(at)
    open_settings(at)
    at.selectbox(key=get_widget_key("mlp", "data.dataset")).set_value("sklearn-digits")
    run_again(at)
    at.number_input(key=get_widget_key("mlp", "loop.epochs")).set_value(1.0)
    return run_again(at)


def choose_batch(at, seeds, sizes):
    at.number_input(key="batch_seeds").set_value(seeds)
    at.session_state["batch_sizes"] = sizes  # a new option is typed in the browser
    return run_again(at)


def test_several_seeds_and_sizes_are_started_in_one_go(mnist_home):
    at = choose_small(open_page())
    assert at.button(key="start").label == "Start"
    at.text_input(key="run_name").set_value("batch")
    choose_batch(at, 2, ["200", "1,000"])
    assert at.button(key="start").label == "Start 4 runs"
    assert "4 runs: seeds 0 to 1, each on 200 and 1,000 digits for 11 steps." in read_text(at)
    press(at, "start")
    entries = store.list_runs()
    configs = [store.read_config(entry.run) for entry in entries]
    found = {(config.train_size, config.runtime.seed, config.total_steps) for config in configs}
    assert found == {(size, seed, 11) for size in (200, 1000) for seed in (0, 1)}
    assert {entry.record.name for entry in entries} == {"batch"}
    first = min(entries, key=lambda entry: entry.record.launched)
    assert at.query_params["run"] == first.run.id
    assert (store.read_config(first.run).train_size, first.record.seed) == (200, 0)
    assert at.button(key="start").label == "Start"
    wait_for(lambda: all(entry.state == "completed" for entry in store.list_runs()))
    assert "for their turn" not in read_text(run_again(at))


def test_the_runs_that_wait_are_counted(mnist_home, runs_in_every_state):
    running = runs_in_every_state["running"]
    assert "1 more run waits for its turn." in read_text(open_page(run=running.id))
    queued = runs_in_every_state["queued"]
    assert "for its turn." not in "".join(caption.value for caption in open_page(run=queued.id).caption)


@pytest.mark.parametrize(
    ("seeds", "sizes", "sentence"),
    [
        (51, [], "These are 51 runs; at most 50 are started at once"),
        (17, ["100", "200", "500"], "These are 51 runs"),
        (1, ["many"], "Training-set size 'many' is no whole number."),
        (1, ["5"], "Data: Train size is 5; it must be at least 10."),
    ],
)
def test_a_batch_that_does_not_do_is_explained_and_not_started(mnist_home, seeds, sizes, sentence):
    at = choose_batch(choose_small(open_page()), seeds, sizes)
    assert sentence in read_text(at)
    assert at.button(key="start").disabled
    assert store.list_runs() == []


def change_config(run, **settings):
    config = store.read_config(run).with_settings(settings)
    (run.path / "config.json").write_text(config.model_dump_json())
    return config


def test_a_run_is_duplicated_into_the_form(mnist_home, trained_small):
    run = copy_run(trained_small, mnist_home)
    config = change_config(run, seed=7, epochs=9, rotate=5)
    at = open_page(**{"from": run.id})
    assert at.selectbox(key="recipe").value == "mlp"
    assert f"Settings of {name_run(store.read_record(run))}." in read_text(at)
    open_settings(at)
    assert at.number_input(key=get_widget_key("mlp", "loop.epochs")).value == 9
    assert at.number_input(key=get_widget_key("mlp", "runtime.seed")).value == 7
    assert at.subheader[0].value == name_run(store.read_record(run)), "the form comes first"
    at.number_input(key=get_widget_key("mlp", "runtime.seed")).set_value(8)
    run_again(at)
    assert at.number_input(key=get_widget_key("mlp", "runtime.seed")).value == 8, "it is filled in once"
    press(at, "start")
    new = store.find_run(
        at.query_params["run"][0] if isinstance(at.query_params["run"], list) else at.query_params["run"]
    )
    assert new != run
    assert store.read_config(new) == config.with_settings({"seed": 8})
    assert "from" not in at.query_params
    assert "Settings of" not in read_text(at)
    wait_for(lambda: read_state(new) == "completed")


def test_the_form_comes_first_even_while_a_run_trains(mnist_home, runs_in_every_state):
    at = open_page(**{"from": runs_in_every_state["completed"].id})
    assert at.subheader[0].value != "New run"


def test_reset_forgets_where_the_settings_came_from(mnist_home, trained_small):
    run = copy_run(trained_small, mnist_home)
    at = press(open_page(**{"from": run.id}), "reset")
    assert "Settings of" not in read_text(at)
    assert "from" not in at.query_params


def test_a_recipe_that_is_gone_gives_way_to_one_of_the_same_network(mnist_home, trained_small):
    run = copy_run(trained_small, mnist_home, recipe="of-last-year")
    config = change_config(run, model="compact-6k", epochs=2)
    at = open_page(**{"from": run.id})
    assert at.selectbox(key="recipe").value == "compact-6k"
    press(at, "start")
    [new] = [entry for entry in store.list_runs() if entry.run != run and not entry.run.pretrained]
    assert store.read_config(new.run) == config
    jobs.stop_run(new.run)
    wait_for(lambda: read_state(new.run) in ("stopped", "completed"))


def test_settings_that_cannot_be_read_are_one_sentence(mnist_home, trained_small):
    run = copy_run(trained_small, mnist_home)
    (run.path / "config.json").write_text("{")
    [error] = open_page(**{"from": run.id}).error
    assert error.value.startswith("The settings could not be brought here.")
    assert "config.json cannot be read" in error.value
    store.update_record(run, members=["a", "b"])
    [error] = open_page(**{"from": run.id}).error
    assert "is an ensemble and has no settings of its own" in error.value
    [error] = open_page(**{"from": "nothing"}).error
    assert "There is no run 'nothing'" in error.value
