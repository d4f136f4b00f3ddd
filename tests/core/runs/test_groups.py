"""Groups over run folders as the store writes them; the figures by hand."""

import math

import pytest

from core.config import TrainConfig, list_fields
from core.recipes import get_recipe
from core.runs import store
from core.runs.batch import plan_batch
from core.runs.groups import group_runs, learning_curves, list_differences
from core.runs.measured import compute_measured

SPRINT = get_recipe("sprint")
pytestmark = pytest.mark.usefixtures("home")
_clock = iter(range(10_000))


def add_run(config, correct=9900, total=10_000, recipe="sprint", **changes):
    """Make the folder of a completed run, newer than all before."""
    run = store.create_run(config, recipe)
    number = next(_clock)
    created = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000+00:00"
    changes = {"status": "completed", "created": created, "dataset_checksum": "m", **changes}
    store.update_record(run, test_correct=correct, test_total=total, **changes)
    return store.read_entry(run)


def configure(base=SPRINT.config, **settings):
    return base.with_settings(settings)


def test_runs_that_differ_in_seed_and_threads_alone_are_one_group():
    entries = [
        add_run(configure(seed=2), 9880),
        add_run(configure(seed=0), 9900),
        add_run(configure(seed=1, threads=2), 9950),
        add_run(configure(learning_rate=0.02), 9000),
    ]
    other, group = group_runs(entries)
    assert [entry.record.seed for entry in group.entries] == [0, 1, 2]
    assert group.accuracies == (0.99, 0.995, 0.988)
    assert group.mean == pytest.approx(0.991)
    assert group.sd == pytest.approx(math.sqrt((0.001**2 + 0.004**2 + 0.003**2) / 2))
    assert (group.n, group.recipe, group.config) == (3, "sprint", SPRINT.config)
    assert (group.best.run, group.worst.run) == (entries[2].run, entries[0].run)
    assert (other.n, other.mean, other.sd) == (1, 0.9, 0.0)
    assert other.entries == (entries[3],)


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_run_of_a_seed_counts_in_whatever_order_they_come(order):
    entries = [add_run(SPRINT.config, 9800), add_run(SPRINT.config, 9910)]
    [group] = group_runs(entries[::order])
    assert (group.n, group.accuracies) == (1, (0.991,))


def test_what_cannot_be_averaged_is_left_out():
    add_run(configure(seed=1), status="stopped")
    add_run(configure(seed=2), total=None, correct=None)
    add_run(configure(seed=3), members=["a", "b"])
    damaged = add_run(configure(seed=4))
    (damaged.run.path / "config.json").write_text("{")
    missing = add_run(configure(seed=5))
    (missing.run.path / "config.json").unlink()
    unreadable = add_run(configure(seed=6))
    (unreadable.run.path / "run.json").write_text("{")
    assert group_runs(store.list_runs()) == []
    add_run(configure(seed=7))
    [group] = [group for group in group_runs(store.list_runs()) if not group.entries[0].run.pretrained]
    assert [entry.record.seed for entry in group.entries] == [7]


def test_other_digits_are_another_group():
    entries = [add_run(SPRINT.config), add_run(configure(seed=1), dataset_checksum="other")]
    assert [group.n for group in group_runs(entries)] == [1, 1]
    assert group_runs([]) == []


def test_a_recipes_figure_is_that_of_its_group():
    add_run(configure(seed=0), 9900)
    add_run(configure(seed=1, threads=1), 9920)
    add_run(configure(seed=2, epochs=2), 9999)
    add_run(configure(seed=3), 9999, recipe="another")
    measured = compute_measured(SPRINT)
    assert (measured.n, measured.mean) == (2, pytest.approx(0.991))
    assert measured.sd == pytest.approx(0.002 / math.sqrt(2))
    assert compute_measured(get_recipe("mlp"), []) is None


def test_differences_are_the_settings_that_vary_in_their_own_order():
    entries = [add_run(configure(seed=1, epochs=2)), add_run(configure(dropout=None, learning_rate=0.02))]
    found = list_differences(entries)
    assert found == ("optimizer.learning_rate", "loop.epochs", "runtime.seed")
    order = [field.path for field in list_fields()]
    assert sorted(found, key=order.index) == list(found)
    assert list_differences(entries[:1]) == list_differences([]) == ()
    (entries[1].run.path / "config.json").unlink()
    assert list_differences(entries) == ()


def test_a_changed_config_is_read_again():
    entry = add_run(SPRINT.config)
    assert store.read_config(entry.run) is store.read_config(entry.run)
    path = entry.run.path / "config.json"
    path.write_text(path.read_text().replace(f'"epochs": {SPRINT.config.loop.epochs}', '"epochs": 12.0'))
    assert store.read_config(entry.run).loop.epochs == 12


def test_equal_steps_over_several_sizes_make_a_learning_curve():
    entries = [
        add_run(config, 9000 + 10 * number)
        for number, config in enumerate(plan_batch(SPRINT.config, 2, [5000, 1000, 55_000]))
    ]
    [curve] = learning_curves(group_runs(entries))
    assert curve.title == f"sprint, {SPRINT.config.total_steps} steps each"
    assert (curve.sizes, curve.ns) == ((1000, 5000, 55_000), (2, 2, 2))
    assert curve.means == pytest.approx((0.9025, 0.9005, 0.9045))
    assert curve.sds == pytest.approx([0.001 / math.sqrt(2)] * 3)
    assert [group.config.train_size for group in curve.groups] == list(curve.sizes)


def test_equal_epochs_make_another_curve_and_the_whole_is_on_both():
    whole = add_run(SPRINT.config)
    same_epochs = add_run(configure(train_size=1000))
    same_steps = add_run(plan_batch(SPRINT.config, 1, [1000])[0])
    steps, epochs = learning_curves(group_runs([whole, same_epochs, same_steps]))
    assert steps.title == f"sprint, {SPRINT.config.total_steps} steps each"
    assert epochs.title == f"sprint, {SPRINT.config.loop.epochs} epochs each"
    assert [group.entries for group in steps.groups] == [(same_steps,), (whole,)]
    assert [group.entries for group in epochs.groups] == [(same_epochs,), (whole,)]


def test_a_title_names_what_was_changed_in_the_recipe():
    base = TrainConfig().with_settings({"dataset": "sklearn-digits", "learning_rate": 0.05, "batch_size": 64})
    entries = [add_run(config, 300, 360, recipe="mlp") for config in plan_batch(base, 1, [100, 500])]
    [curve] = learning_curves(group_runs(entries))
    assert "Learning rate 0.05" in curve.title
    assert "Epochs" not in curve.title
    assert curve.title.startswith("mlp (")
    [unknown] = learning_curves(
        group_runs([add_run(config, recipe="gone") for config in plan_batch(SPRINT.config, 1, [100, 500])])
    )
    assert unknown.title == f"gone, {SPRINT.config.total_steps} steps each"


def test_one_size_or_other_settings_make_no_curve():
    entries = [
        add_run(SPRINT.config),
        add_run(configure(train_size=55_000), 9000),
        add_run(configure(train_size=1000, learning_rate=0.02)),
    ]
    assert learning_curves(group_runs(entries)) == []


def test_where_all_digits_are_one_step_there_is_one_curve():
    base = configure(batch_size=60_000, epochs=3)
    entries = [add_run(base.with_settings({"train_size": size})) for size in (1000, 2000)]
    [curve] = learning_curves(group_runs(entries))
    assert curve.title == "sprint (Batch size 60000), 3 steps each"
