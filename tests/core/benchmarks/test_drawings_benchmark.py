import json

import pytest
from run_folders import copy_run

from core.benchmarks.drawings import choose_runs, describe_drawings, measure_drawings
from core.data import hands
from core.data.forms import list_forms
from core.errors import RunNotFoundError, UsageError
from core.evaluation.metrics import wilson_interval
from core.runs.pretrained import publish


@pytest.fixture
def two_hands(monkeypatch):
    """Only two hands, as every run reads every drawing."""
    monkeypatch.setitem(hands.HANDS, "test", range(1000, 1002))


def test_it_counts_by_form_what_runs_read(home, trained_small, trained_mnist, two_hands):
    small, mnist_run = copy_run(trained_small, home), copy_run(trained_mnist, home)
    result = measure_drawings([small, mnist_run])
    json.dumps(result)
    assert [one["run"] for one in result["runs"]] == [small.id, mnist_run.id]
    for one in result["runs"]:
        assert list(one["kinds"]) == [form.kind for form in list_forms("test")]
        assert {count["total"] for count in one["kinds"].values()} == {2}
        whole = one["drawings"]
        assert whole["correct"] == sum(count["correct"] for count in one["kinds"].values())
        assert whole["total"] == 2 * len(list_forms("test"))
        assert whole["interval"] == list(wilson_interval(whole["correct"], whole["total"]))
        assert result["figures"][f"{one['run']} drawings"] == whole["accuracy"]
    # The bundled digits are no figure on MNIST.
    assert result["runs"][0]["mnist_test"] is None
    assert result["runs"][1]["mnist_test"]["total"] == 10_000
    # A network that has seen MNIST for an epoch reads most drawings, whoever made them.
    assert result["runs"][1]["drawings"]["accuracy"] > 0.8
    text = describe_drawings(result)
    assert f"{result['runs'][1]['drawings']['correct']} of 66" in text
    assert "7 barred" in text


def test_without_names_it_takes_the_pretrained_and_the_best(home, trained_small):
    with pytest.raises(UsageError, match="There is no run to measure"):
        choose_runs([])
    worse = copy_run(trained_small, home, id="20260101-000001-mlp-aaaa", validation_accuracy=0.5)
    better = copy_run(trained_small, home, id="20260101-000002-mlp-bbbb", validation_accuracy=0.6)
    assert choose_runs([]) == [better]
    published = publish(worse, "small")
    assert choose_runs([]) == [published, better]
    assert choose_runs([worse.id]) == [worse]
    with pytest.raises(RunNotFoundError):
        choose_runs(["nothing"])
