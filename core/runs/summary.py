"""What the command line says of runs: a sentence, the values of --json, and the mean over the seeds of a batch."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import processes
from core.runs.groups import group_runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.runs.store import RunEntry, RunRecord


def describe_result(record: RunRecord) -> str:
    """Say in one sentence what an evaluated run reached."""
    from core.evaluation.metrics import wilson_interval

    correct, total = record.test_correct or 0, record.test_total or 0
    low, high = wilson_interval(correct, total)
    return (
        f"{record.id}: test accuracy {correct / total:.2%} ({correct:,} of {total:,}; 95 % interval {low:.2%} to "
        f"{high:.2%}), {record.parameters:,} parameters, {record.train_seconds:.1f} s of training."
    )


def explain_loss(record: RunRecord) -> str:
    """Say of a lost run what is known of its end, in a sentence.

    Args:
        record: of a run whose `compute_state` is "lost".
    """
    if record.pid is None:
        return "Its training process did not begin; its log may say why."
    if processes.is_of_earlier_boot(record.process):
        what = "The machine was restarted while it was under way"
    else:
        what = "Its training process was ended from outside (killed, or the memory was full)"
    doing = f" while {record.phase}" if record.phase else ""
    at = f" at step {record.step:,}" if record.step else ""
    last = f"; last sign of life {_format_time(record.heartbeat)}{doing}{at}" if record.heartbeat else ""
    return f"{what}{last}."


def _format_time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%d %b %H:%M:%S")


def summarize_run(entry: RunEntry) -> dict[str, Any]:
    """Return what --json says of a run."""
    if entry.record is None:
        return {"run": entry.run.id, "status": "unreadable", "problem": entry.problem}
    record = entry.record
    tested = record.test_total is not None and record.test_total > 0
    return {
        "run": record.id,
        "name": record.name,
        "tags": record.tags,
        "note": record.note,
        "recipe": record.recipe,
        "model": record.model,
        "members": record.members,
        "dataset": record.dataset,
        "status": entry.state,
        "error": explain_loss(record) if entry.state == "lost" else record.error,
        "created": record.created,
        "seed": record.seed,
        "step": record.step,
        "total_steps": record.total_steps,
        "parameters": record.parameters,
        "train_seconds": record.train_seconds,
        "validation_accuracy": record.validation_accuracy,
        "best_validation_accuracy": record.best_validation_accuracy,
        "test_accuracy": (record.test_correct or 0) / (record.test_total or 1) if tested else None,
        "test_correct": record.test_correct,
        "test_total": record.test_total,
        "pretrained": entry.run.pretrained,
    }


def summarize_sizes(entries: Iterable[RunEntry]) -> list[dict[str, Any]]:
    """Return {train_size, mean, sd, n} of the test accuracy for each training-set size of a batch, ascending.

    Args:
        entries: the batch's runs; those that are not completed are left out.
    """
    groups = sorted(group_runs(entries), key=lambda group: group.config.train_size)
    return [
        {"train_size": group.config.train_size, "mean": group.mean, "sd": group.sd, "n": group.n} for group in groups
    ]


def describe_size(summary: dict[str, Any]) -> str:
    """Say one of `summarize_sizes` in words."""
    n = summary["n"]
    spread = f" ± {summary['sd']:.2%} over {n} seeds" if n > 1 else " with one seed"
    return f"{summary['train_size']:,} training digits: test accuracy {summary['mean']:.2%}{spread}."
