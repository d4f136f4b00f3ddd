"""metrics.jsonl as it grows, is cut and is torn; and the lines drawn of it."""

import json

from core.runs import history, store
from core.training.recorder import cut_metrics
from dashboard.curves import build_other_series, build_series, name_run, read_curves


def append(run, *lines):
    with (run.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def build_line(step, kind="step", **values):
    return {"kind": kind, "step": step, "epoch": step / 10, "lr": 0.1, "train_loss": 1 / step, **values}


def test_curves_equal_the_file(finished_run):
    curves = read_curves(finished_run)
    lines, _ = history.read_metrics(finished_run)
    for kind, rows in (("step", curves.steps), ("epoch", curves.epochs)):
        expected = [line for line in lines if line["kind"] == kind]
        assert rows["step"] == [line["step"] for line in expected]
        assert rows["train_loss"] == [line["train_loss"] for line in expected]
    assert len(curves.epochs["step"]) == 4
    assert curves.read_last("validation_accuracy") == store.read_record(finished_run).validation_accuracy


def test_a_run_without_metrics_has_empty_curves(finished_run):
    (finished_run.path / "metrics.jsonl").unlink()
    curves = read_curves(finished_run)
    assert curves.steps["step"] == []
    assert curves.read_last("lr") is None


def test_what_is_added_appears_once_and_half_a_line_waits(finished_run):
    n = len(read_curves(finished_run).steps["step"])
    append(finished_run, build_line(1000))
    with (finished_run.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "step", "step": 1001')
    assert read_curves(finished_run).steps["step"][n:] == [1000]
    with (finished_run.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(', "epoch": 100.1}\n')
    assert read_curves(finished_run).steps["step"][n:] == [1000, 1001]


def test_a_resumed_run_loses_what_came_after_its_checkpoint(finished_run):
    before = read_curves(finished_run).steps["step"]
    cut_metrics(finished_run, before[0])
    # The file is longer than it was before anyone looks again.
    append(finished_run, *(build_line(step) for step in range(2000, 2000 + 5 * len(before))))
    steps = read_curves(finished_run).steps["step"]
    assert steps[0] == before[0]
    assert steps[1:3] == [2000, 2001]


def test_lines_that_are_no_metrics_are_left_out(finished_run):
    before = read_curves(finished_run)
    append(finished_run, {"kind": "step", "step": "three"}, {"kind": "noise", "step": 3, "epoch": 1.0})
    assert read_curves(finished_run) == before


def test_series_follow_the_axis(finished_run):
    curves = read_curves(finished_run)
    training, validation = build_series(curves, "accuracy", "step")
    assert (training.x, training.y) == (curves.steps["step"], curves.steps["train_accuracy"])
    assert validation.x == curves.epochs["step"]
    assert (training.dashed, validation.dashed, validation.markers) == (False, True, True)
    training, validation = build_series(curves, "loss", "epoch")
    assert training.x == validation.x == curves.epochs["epoch"] == [1.0, 2.0, 3.0, 4.0]
    assert training.y == curves.epochs["train_loss"]


def test_other_runs_are_dashed_named_and_of_another_colour(finished_run):
    curves, name = read_curves(finished_run), name_run(store.read_record(finished_run))
    assert name == f"mlp {finished_run.id[-4:]}"
    own = build_series(curves, "loss", "step")
    others = [line for place in (0, 1) for line in build_other_series(name, place, curves, "loss", "step")]
    assert [line.name for line in others[:2]] == [f"{name}, training", f"{name}, validation"]
    assert all(line.dashed for line in others)
    assert others[0].color == others[1].color != others[2].color
    assert {line.color for line in others}.isdisjoint(line.color for line in own)


def test_another_run_without_validation_has_one_line(finished_run):
    (finished_run.path / "metrics.jsonl").unlink()
    append(finished_run, build_line(1), build_line(10, "epoch", validation_loss=None))
    assert [line.name for line in build_other_series("x", 0, read_curves(finished_run), "loss", "step")] == [
        "x, training"
    ]


def test_a_run_that_came_with_the_project_is_called_by_its_id(finished_run):
    record = store.read_record(finished_run)
    assert name_run(record) == f"{record.recipe} {finished_run.id[-4:]}"
    assert name_run(record.model_copy(update={"id": "drawing", "recipe": "drawing"})) == "drawing"
