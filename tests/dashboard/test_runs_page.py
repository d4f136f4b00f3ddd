"""Runs over real run folders: what the table says, what is chosen, what is stored, and what is refused."""

import json

import pandas as pd
import pytest
from app_pages import open_view, press, run_again, unfold_table
from run_folders import copy_run

from core.config import TrainConfig, list_fields
from core.runs import history, store
from core.runs.groups import group_runs
from core.runs.store import Run
from dashboard.runs_actions import list_orphans
from dashboard.runs_charts import MOST_AXES, choose_axes
from dashboard.runs_choice import merge_rows
from dashboard.runs_groups import build_band
from dashboard.runs_table import label_fields

pytestmark = pytest.mark.usefixtures("no_download")


def read_table(at) -> pd.DataFrame:
    """Return the table of runs, or of groups: the first of the page."""
    return at.dataframe[0].value


def set_config(run: Run, **changes: object) -> None:
    """Rewrite a run's settings."""
    config = store.read_config(run).with_settings(changes)
    (run.path / "config.json").write_text(json.dumps(config.model_dump()))


def list_links(at) -> dict[str, tuple[str, str]]:
    """Return page and query of each link by its words."""
    return {one.proto.label: (one.proto.page, one.proto.query_string) for one in at.get("page_link")}


def list_words(at) -> str:
    return "\n".join(one.value for kind in (at.caption, at.info, at.warning, at.error, at.markdown) for one in kind)


@pytest.fixture
def several(home, trained_small) -> list[Run]:
    """Four finished runs, newest first: two seeds of one setting, one of another, one on fewer digits."""
    runs = [copy_run(trained_small, home, id=f"20260101-00000{n}-mlp-run{n}") for n in range(4)]
    for n, run in enumerate(runs):
        store.update_record(run, seed=n, test_correct=300 + 10 * n)
        set_config(run, seed=n)
    set_config(runs[2], learning_rate=0.01)
    set_config(runs[3], train_size=500)
    return runs[::-1]


def test_without_runs_it_says_where_one_starts(home):
    at = open_view("runs")
    assert at.title[0].value == "Runs"
    assert "There is no run yet" in at.info[0].value
    assert list_links(at)["Train a network"][0] == "train"


def test_the_table_tells_each_run_as_its_folder_does(runs_in_every_state):
    report = json.loads((runs_in_every_state["completed"].path / "report.json").read_text())
    store.write_notes(runs_in_every_state["stopped"], name="halted", tags=["odd"], note="by hand")
    table = read_table(open_view("runs"))
    assert list(table["Status"]) == ["lost", "waiting", "training", "failed", "stopped", "completed"]
    done = table.loc[runs_in_every_state["completed"].id]
    record = store.read_record(runs_in_every_state["completed"])
    assert done["Test accuracy, %"] == pytest.approx(100 * report["accuracy"])
    assert done["Right"] == f"{report['correct']} of 360"
    assert done["95 % interval"] == "–".join(f"{100 * bound:.2f}" for bound in report["interval"])
    assert done["Last validation, %"] == pytest.approx(100 * record.validation_accuracy)
    assert (done["Parameters"], done["Training time, s"]) == (record.parameters, record.train_seconds)
    assert (done["Recipe"], done["Model"], done["Dataset"]) == ("mlp", "mlp", "sklearn-digits")
    stopped = table.loc[runs_in_every_state["stopped"].id]
    assert (stopped["Name"], list(stopped["Tags"]), stopped["Note"]) == ("halted stop", ["odd"], "by hand")
    assert pd.isna(stopped["Test accuracy, %"])


def test_what_is_under_way_is_said(runs_in_every_state):
    total = store.read_record(runs_in_every_state["running"]).total_steps
    assert f"mlp runs is training, step 20 of {total:,}; 1 more wait or train." in list_words(open_view("runs"))


def test_only_the_settings_that_differ_have_a_column(several):
    table = read_table(open_view("runs"))
    assert list(table["Learning rate"]) == [0.002, 0.01, 0.002, 0.002]
    assert list(table["Seed"]) == [3, 2, 1, 0]
    assert table["Train size"].isna().tolist() == [False, True, True, True]
    assert not {"Epochs", "Momentum", "Network"} & set(table)
    narrowed = read_table(open_view("runs", find="run0"))
    assert not {"Learning rate", "Seed"} & set(narrowed)


def test_an_unreadable_run_is_listed_with_the_reason_and_can_be_deleted(several):
    (several[1].path / "run.json").write_text("{")
    at = open_view("runs", runs=several[1].id)
    row = read_table(at).loc[several[1].id]
    assert (row["Name"], row["Status"]) == (several[1].id, "unreadable")
    assert "run.json" in row["Note"]
    assert "run.json" in at.error[0].value
    press(press(at, "delete_runs"), "confirm_delete")
    assert not several[1].path.exists()


def test_filters_narrow_the_list_and_come_from_the_address(several):
    store.write_notes(several[0], tags=["odd", "new"])
    store.write_notes(several[1], tags=["odd"], note="Quite slow")
    at = open_view("runs")
    assert [one.label for one in at.multiselect][:5] == ["Status", "Recipe", "Model", "Dataset", "Tag"]
    at.multiselect(key="tags").set_value(["odd"])
    assert list(read_table(run_again(at)).index) == [several[0].id, several[1].id]
    at.text_input(key="find").set_value("slow mlp")
    assert list(read_table(run_again(at)).index) == [several[1].id]
    assert "1 of 4 runs" in list_words(at)
    at.text_input(key="find").set_value("no such run")
    assert "No run passes these filters." in list_words(run_again(at))
    linked = open_view("runs", tags="new", states="completed")
    assert list(read_table(linked).index) == [several[0].id]


def test_the_address_opens_the_same_choice_and_filters_do_not_move_it(several):
    at = open_view("runs", runs=f"{several[2].id},{several[0].id}", find="run3")
    assert at.multiselect(key="chosen_runs_box").value == [several[2].id, several[0].id]
    assert list(read_table(at).index) == [several[0].id]
    at.multiselect(key="chosen_runs_box").set_value([several[2].id])
    run_again(at)
    assert at.query_params["runs"] == several[2].id
    assert at.text_input(key=f"label_name {several[2].id}").value == ""


def test_a_choice_outlives_a_visit_to_another_page(several):
    at = open_view("runs", runs=several[1].id)
    at.switch_page("views/home.py")
    run_again(at)
    at.query_params.clear()
    at.switch_page("views/runs.py")
    run_again(at)
    assert at.multiselect(key="chosen_runs_box").value == [several[1].id]


def test_a_run_that_is_gone_is_said_and_dropped_from_the_choice(several):
    at = open_view("runs", runs=f"{several[0].id},20200101-gone")
    assert "1 of the runs in the address is not here any more" in at.warning[0].value
    assert at.query_params["runs"] == several[0].id


def test_ticks_mean_runs_not_places():
    shown = ["c", "b", "a"]
    assert merge_rows(["a", "hidden"], shown, [0, 2]) == ["a", "hidden", "c"]
    assert merge_rows(["a", "hidden"], shown, []) == ["hidden"]
    assert merge_rows([], shown, [1, 9]) == ["b"]


def test_labels_are_stored_as_they_are_changed(several):
    run = several[0]
    at = open_view("runs", runs=run.id)
    at.text_input(key=f"label_name {run.id}").set_value("the *good* one")
    at.text_area(key=f"label_note {run.id}").set_value("first line\nsecond")
    run_again(at)
    record = store.read_record(run)
    assert (record.name, record.note) == ("the *good* one", "first line\nsecond")
    assert read_table(at).loc[run.id]["Name"] == "the *good* one run3"
    store.write_notes(run, tags=["elsewhere"])
    assert run_again(at).multiselect(key=f"label_tags {run.id}").value == ["elsewhere"]
    at.multiselect(key=f"label_tags {run.id}").set_value([])
    run_again(at)
    assert store.read_record(run).tags == []


def test_a_label_that_is_refused_is_explained(several):
    run = several[0]
    at = open_view("runs", runs=run.id)
    at.text_area(key=f"label_note {run.id}").set_value("note")
    (run.path / "run.json").unlink()
    run_again(at)
    assert any("run.json" in one.value for one in at.error)


def test_a_chosen_run_leads_to_every_page_that_shows_it(several):
    links = list_links(open_view("runs", runs=several[0].id))
    query = f"run={several[0].id}"
    assert links["Curves on Train"] == ("train", query)
    assert links["Evaluate"] == ("evaluate", query)
    assert links["Errors"] == ("errors", query)
    assert links["Draw"] == ("draw", query)
    assert links["Duplicate into Train"] == ("train", f"from={several[0].id}")


def test_a_run_without_a_report_leads_to_its_curves_only(runs_in_every_state):
    links = list_links(open_view("runs", runs=runs_in_every_state["queued"].id))
    assert {"Curves on Train", "Duplicate into Train"} <= set(links)
    assert not {"Evaluate", "Errors", "Draw"} & set(links)


def test_two_runs_can_be_compared_in_the_order_in_which_they_were_chosen(several):
    first, second = several[2].id, several[0].id
    links = list_links(open_view("runs", runs=f"{first},{second}"))
    assert links["Compare the two"] == ("evaluate", f"run={first}&second={second}&view=compare")
    assert "Compare the two" not in list_links(open_view("runs", runs=",".join(run.id for run in several)))


def test_a_tag_is_added_to_all_chosen_runs(several):
    store.write_notes(several[0], tags=["old"])
    at = open_view("runs", runs=f"{several[0].id},{several[1].id}")
    at.text_input(key="tag_for_all").set_value("sweep")
    at.button(key="FormSubmitter:tag_all-Add to 2 runs").click()
    run_again(at)
    assert [store.read_record(run).tags for run in several] == [["old", "sweep"], ["sweep"], [], []]


def test_deleting_asks_first_and_names_what_goes_and_what_stays(runs_in_every_state):
    names = [runs_in_every_state[state].id for state in ("completed", "running", "queued", "failed")]
    at = press(open_view("runs", runs=",".join(names)), "delete_runs")
    words = list_words(at)
    assert "**mlp runs** stays: it is training; stop it on Train first." in words
    assert "**mlp wait** stays: it is waiting; stop it on Train first." in words
    assert "These 2 runs are deleted for good" in words
    assert "- **mlp done** · " in words
    assert runs_in_every_state["completed"].path.exists()
    at = press(at, "confirm_delete")
    kept = {entry.run.id for entry in store.list_runs()}
    assert kept == {run.id for run in runs_in_every_state.values()} - {names[0], names[3]}
    assert at.multiselect(key="chosen_runs_box").value == [names[1], names[2]]
    assert not at.error


def test_what_cannot_be_deleted_after_all_is_said(several):
    at = press(open_view("runs", runs=several[0].id), "delete_runs")
    store.delete_run(several[0])
    at.button(key="confirm_delete").click()
    assert f"There is no run '{several[0].id}'" in run_again(at).error[0].value


def test_an_ensemble_that_loses_a_member_is_named(several):
    store.update_record(several[3], members=[several[0].id, several[1].id])
    entries = store.list_runs()
    assert [entry.run.id for entry in list_orphans([several[0].id], entries)] == [several[3].id]
    assert list_orphans([several[0].id, several[3].id], entries) == []
    at = press(open_view("runs", runs=several[0].id), "delete_runs")
    assert "can no longer read drawings" in at.warning[0].value


def test_a_page_that_showed_a_deleted_run_says_so(several):
    for view in ("evaluate", "errors", "train"):
        at = open_view(view, run=several[0].id)
        copy_id = several[0].id
        several[0].path.rename(several[0].path.with_name(".away"))
        assert f"There is no run '{copy_id}'" in list_words(run_again(at))
        several[0].path.with_name(".away").rename(several[0].path)


def test_curves_of_the_chosen_runs_lie_over_one_another(several):
    at = open_view("runs", runs=f"{several[0].id},{several[1].id}")
    charts = [json.loads(one.proto.json) for one in at.get("bidi_component")]
    accuracy, loss = (chart for chart in charts if chart["yTitle"] in ("Accuracy", "Loss"))
    names = [f"mlp run{n}, {part}" for n in (3, 2) for part in ("training", "validation")]
    assert [line["name"] for line in accuracy["series"]] == names
    assert [line["dashed"] for line in loss["series"]] == [False, True, False, True]
    colors = [line["color"] for line in loss["series"]]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    at.segmented_control(key="runs_axis").set_value("train_seconds")
    at.selectbox(key="runs_lines").set_value("validation")
    at.session_state["runs_numbers"] = True
    run_again(at)
    chart = json.loads(next(iter(at.get("bidi_component"))).proto.json)
    lines, _ = history.read_metrics(several[0])
    epochs = [line for line in lines if line["kind"] == "epoch"]
    assert chart["series"][0]["x"] == pytest.approx([line["train_seconds"] for line in epochs])
    assert chart["series"][0]["y"] == pytest.approx([line["validation_accuracy"] for line in epochs], rel=1e-5)
    steps = sum(line["kind"] == "step" for line in lines)
    assert list(at.dataframe[-1].value["Run"]) == ["mlp run3"] * steps + ["mlp run2"] * steps


def test_parallel_coordinates_have_the_settings_that_differ_and_the_result(several):
    at = open_view("runs")
    assert not at.get("plotly_chart")
    at.session_state["parallel-coordinates"] = True
    run_again(at)
    [figure] = [json.loads(one.proto.spec) for one in at.get("plotly_chart")]
    axes = [axis["label"] for axis in figure["data"][0]["dimensions"]]
    assert axes == ["Train size", "Learning rate", "Parameters", "Seconds", "Test accuracy"]
    table = unfold_table(at, "parallel")
    assert sorted(table["Test accuracy"]) == pytest.approx([n / 360 for n in (300, 310, 320, 330)])


def test_the_settings_with_the_most_values_are_shown_first_and_the_seed_never():
    headings = label_fields(list_fields())
    rates = (0.1, 0.2, 0.3, 0.1)
    widths = (1.0, 2.0, 1.0, 1.0)
    configs = [
        TrainConfig().with_settings({"learning_rate": rate, "width": width, "seed": seed})
        for seed, (rate, width) in enumerate(zip(rates, widths, strict=True))
    ]
    found = {path: headings[path] for path in ("Width", "Learning rate", "Seed", *list(headings)[:8])}
    chosen = choose_axes(found, configs)
    assert len(chosen) == MOST_AXES
    assert chosen[:2] == ["Width", "Learning rate"]
    assert "Seed" not in chosen


def test_seeds_are_put_together(several):
    at = open_view("runs", view="seeds")
    table = read_table(at)
    pair = table[table["Seeds"] == 2].iloc[0]
    assert len(table) == 3
    assert pair["Mean test accuracy, %"] == pytest.approx(100 * 305 / 360)
    assert pair["± sd"] == pytest.approx(100 * 10 / 360 / 2**0.5)
    assert (pair["Best, %"], pair["Worst, %"]) == pytest.approx((100 * 310 / 360, 100 * 300 / 360))
    assert list(table["Learning rate"]) == [0.002, 0.01, 0.002]
    at = open_view("runs", view="seeds", groups=several[3].id)
    figures = [json.loads(one.proto.spec) for one in at.get("plotly_chart")]
    assert [figure["data"][-1]["name"] for figure in figures] == ["mlp (n = 2)"] * 2
    press(at, "groups_to_runs")
    assert at.multiselect(key="chosen_runs_box").value == [several[3].id, several[2].id]


def test_a_run_without_its_metrics_has_no_say_in_the_band(several):
    (several[3].path / "metrics.jsonl").unlink()
    [group] = [group for group in group_runs([store.read_entry(run) for run in several]) if group.n == 2]
    band = build_band(group, "mlp", 0, "validation_accuracy", "epoch")
    epochs = [line for line in history.read_metrics(several[2])[0] if line["kind"] == "epoch"]
    assert band.name == "mlp (n = 1)"
    assert list(band.mean) == pytest.approx([line["validation_accuracy"] for line in epochs])
    assert set(band.n) == {1}


def test_seeds_that_were_sampled_seldom_and_at_other_steps_still_make_a_band(several):
    [group] = [group for group in group_runs([store.read_entry(run) for run in several]) if group.n == 2]
    total = group.config.total_steps
    for entry, shift in zip(group.entries, (0, 1), strict=True):
        steps = [*range(total // 4 - shift, total - 1, total // 4), total]
        lines = [{"kind": "step", "step": step, "epoch": 1.0, "train_loss": 1.0 + shift} for step in steps]
        (entry.run.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    band = build_band(group, "mlp", 0, "train_loss", "step")
    assert len(band.x) >= 3
    assert list(band.mean) == pytest.approx([1.5] * len(band.x))


def test_without_a_finished_run_there_is_nothing_to_put_together(runs_in_every_state):
    store.delete_run(runs_in_every_state["completed"])
    assert "No run is finished yet" in list_words(open_view("runs", view="seeds"))


def test_a_learning_curve_is_drawn_over_the_sizes(several):
    at = open_view("runs", view="sizes")
    assert at.segmented_control(key="view").value == "sizes"
    [figure] = [json.loads(one.proto.spec) for one in at.get("plotly_chart")]
    table = unfold_table(at, "learning_curves")
    assert "500 digits" in figure["layout"]["meta"]["alt"]
    assert list(table["Runs"]) == [1, 2]
    assert list(table["Mean"]) == pytest.approx([330 / 360, 305 / 360])


def test_without_sizes_it_says_how_a_learning_curve_is_made(finished_run):
    at = open_view("runs", view="sizes")
    assert "--sizes" in at.info[0].value
    assert list_links(at)["Train a network"][0] == "train"


def test_a_view_that_does_not_exist_is_the_list(finished_run):
    assert open_view("runs", view="nonsense").segmented_control(key="view").value == "runs"
