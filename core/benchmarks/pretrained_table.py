"""The README's table of the networks that come trained, from the records they come with."""

from __future__ import annotations

from core.runs import store

MARK = "pretrained"
_HEAD = "| pretrained | MNIST test digits right | parameters | training | made by |\n| --- | --- | --- | --- | --- |"


def format_pretrained() -> str:
    """Return the table: what each reads right, after the last epoch, and the command that trains it anew."""
    return "\n".join([_HEAD, *(_format_row(entry.run) for entry in store.list_runs() if entry.run.pretrained)])


def _format_row(run: store.Run) -> str:
    record = store.read_record(run)
    # Another number of threads sums in another order, and ends at other weights.
    options = [f"--set seed={record.seed}", *([f"--set threads={record.threads}"] if record.threads else [])]
    return (
        f"| `{run.id}` | {record.test_correct:,} of {record.test_total:,} | {record.parameters:,} | "
        f"{record.train_seconds:,.0f} s | `python -m core train --recipe {record.recipe} {' '.join(options)}` |"
    )
