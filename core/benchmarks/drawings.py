"""How many drawings that are not MNIST's a run reads, form by form, beside its test digits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from core.benchmarks.machine import describe_machine
from core.data.hands import make_drawings
from core.errors import UsageError
from core.evaluation.metrics import wilson_interval
from core.evaluation.predict import load_classifier
from core.evaluation.read import read_digits
from core.runs import store

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.evaluation.predict import Classifier
    from core.runs.store import Run


def measure_drawings(runs: list[Run], on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Have runs read the test drawings the way the Draw page does; right is one digit read, and that one.

    Nothing may be chosen by these figures: that is what the development drawings and the validation digits are for.

    Args:
        runs: any with weights, at least one.
        on_progress: told what is measured next.

    Returns:
        {machine, figures: {"RUN drawings" and "RUN mnist test": accuracy, "RUN drawings low" and "… high": its 95 %
        Wilson interval, "drawings": how many}, goals: {}, runs: [{run, recipe, drawings, mnist_test, kinds: {kind:
        count}}]}; a count is {correct, total, accuracy, interval}, and mnist_test is None where the run is not
        evaluated on MNIST.

    Raises:
        CoreError: if a run cannot read.
    """
    classifiers = [load_classifier(run) for run in runs]
    on_progress(f"what {len(runs)} runs read in the test drawings")
    right: list[Counter[str]] = [Counter() for _ in runs]
    totals: Counter[str] = Counter()
    for drawing in make_drawings("test"):
        totals[drawing.form.kind] += 1
        for classifier, count in zip(classifiers, right, strict=True):
            labels = [digit.label for digit in read_digits(classifier, drawing.picture)]
            count[drawing.form.kind] += labels == [drawing.form.digit]
    found = [_describe(*pair, totals) for pair in zip(classifiers, right, strict=True)]
    figures: dict[str, float] = {}
    for one in found:
        figures |= {f"{one['run']} drawings": one["drawings"]["accuracy"], "drawings": one["drawings"]["total"]}
        figures |= dict(
            zip((f"{one['run']} drawings {end}" for end in ("low", "high")), one["drawings"]["interval"], strict=True)
        )
        if one["mnist_test"]:
            figures[f"{one['run']} mnist test"] = one["mnist_test"]["accuracy"]
    return {"machine": describe_machine(), "figures": figures, "goals": {}, "runs": found}


def choose_runs(references: list[str]) -> list[Run]:
    """Return the runs that a person names; without names those that came with the project, and the best of the others.

    Raises:
        UsageError: if a name fits none, or there is no run at all.
    """
    if references:
        return [store.find_run(reference) for reference in references]
    entries = [entry for entry in store.list_runs() if entry.state == "completed"]
    runs = [entry.run for entry in entries if entry.run.pretrained]
    own = [entry for entry in entries if not entry.run.pretrained and entry.record]
    if own:
        best = max(own, key=lambda entry: (entry.record and entry.record.validation_accuracy) or 0.0)
        runs.append(best.run)
    if not runs:
        raise UsageError("There is no run to measure; `python -m core train` makes one.")
    return runs


def _describe(classifier: Classifier, right: Counter[str], totals: Counter[str]) -> dict[str, Any]:
    record = store.read_record(classifier.run)
    tested = record.dataset == "mnist" and record.test_total
    return {
        "run": record.id,
        "recipe": record.recipe,
        "drawings": _count(right.total(), totals.total()),
        "mnist_test": _count(record.test_correct or 0, record.test_total or 0) if tested else None,
        "kinds": {kind: _count(right[kind], total) for kind, total in totals.items()},
    }


def _count(correct: int, total: int) -> dict[str, Any]:
    return {
        "correct": correct,
        "total": total,
        "accuracy": correct / total,
        "interval": list(wilson_interval(correct, total)),
    }


def describe_drawings(result: dict[str, Any]) -> str:
    """Return what `measure_drawings` found as a table for a terminal."""
    lines = []
    for one in result["runs"]:
        lines.append(f"{one['run']} (recipe {one['recipe']})")
        lines.append(f"  {'test drawings':24} {_describe_count(one['drawings'])}")
        if one["mnist_test"]:
            lines.append(f"  {'MNIST test digits':24} {_describe_count(one['mnist_test'])}")
        lines += [f"  {kind:24} {_describe_count(count)}" for kind, count in one["kinds"].items()]
    return "\n".join(lines)


def _describe_count(count: dict[str, Any]) -> str:
    low, high = count["interval"]
    return (
        f"{count['accuracy']:7.2%}  {count['correct']:,} of {count['total']:,}  (95 % interval {low:.2%} to {high:.2%})"
    )
