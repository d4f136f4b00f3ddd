"""Where the figures come from: settings of a run or members of an ensemble, machine and versions, a person's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.charts.words import format_percent
from core.config import get_value, list_fields
from core.data.catalog import get_dataset_spec
from core.errors import RunError, RunNotFoundError, UsageError
from core.recipes import get_recipe
from core.report_page.markup import Cell, build_paragraph, build_table, escape
from core.runs import store

if TYPE_CHECKING:
    from core.config import TrainConfig
    from core.runs.store import Run, RunRecord


def describe_run(record: RunRecord) -> str:
    """Say in a line what was trained on what."""
    title = _get_title(record.dataset)
    if record.members:
        return f"An ensemble: the mean of the probabilities of {len(record.members)} runs trained on {title}."
    return f"The network {record.model} trained on {title} by the recipe {record.recipe}, seed {record.seed}."


def _get_title(dataset: str) -> str:
    try:
        return get_dataset_spec(dataset).title
    except UsageError:
        return dataset


def build_words(record: RunRecord) -> str:
    """Return the tags and the note a person gave the run, and what must be known of a run that is not complete."""
    parts = []
    if record.tags:
        parts.append(
            f'<ul class="tags" aria-label="Tags">{"".join(f"<li>{escape(tag)}</li>" for tag in record.tags)}</ul>'
        )
    if record.note:
        parts.append(build_paragraph(record.note, "note"))
    if (state := store.compute_state(record)) != "completed":
        problem = f": {record.error}" if record.error else "."
        words = f"This run is {state}, so the figures are of the weights it had when it was evaluated"
        parts.append(build_paragraph(words + problem, "notice"))
    return "".join(parts)


def build_settings(run: Run, record: RunRecord) -> str:
    """Return the table of every setting, those marked that differ from the recipe's.

    Raises:
        RunError: if config.json cannot be read.
        ConfigError: if a setting in it is not valid.
    """
    config = store.read_config(run)
    try:
        recipe = get_recipe(record.recipe).config
    except UsageError:
        recipe = None
    rows = [_describe_setting(field, config, recipe) for field in list_fields()]
    n_changed = sum(row[1].is_marked for row in rows)
    if recipe is None:
        about = f"There is no recipe '{record.recipe}' to compare with."
    elif n_changed:
        about = f"Marked: what differs from the recipe {record.recipe}, {n_changed} of {len(rows)} settings."
    else:
        about = f"All {len(rows)} settings are those of the recipe {record.recipe}."
    table = build_table("Every setting of the run", ("Setting", "Value", "What it is"), rows, kind="words")
    return build_paragraph(about, "about") + table


def _describe_setting(field: Any, config: TrainConfig, recipe: TrainConfig | None) -> tuple[str, Cell, str]:
    value = get_value(config, field.path)
    text = _format_value(value, field.unit)
    planned = value if recipe is None else get_value(recipe, field.path)
    if value != planned:
        text += f" (recipe: {_format_value(planned, field.unit)})"
    elif not field.applies_to(config):
        text += " (no effect here)"
    return field.path, Cell(text, is_marked=value != planned), field.help


def _format_value(value: object, unit: str) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    # "0.25 share of the side" is a label and a value, not words.
    return f"{text} {unit.replace('share of', 'of').removesuffix('share')}".rstrip()


def build_members(record: RunRecord) -> str:
    """Return the table of the runs that an ensemble averages."""
    about = "Each network reads a digit by itself; the ensemble's probabilities are the mean of theirs."
    rows = [_describe_member(name) for name in record.members]
    head = ("Run", "Name", "Recipe", "Seed", "Parameters", "Test accuracy")
    return build_paragraph(about, "about") + build_table("Members", head, rows, kind="list")


def _describe_member(name: str) -> tuple[str, ...]:
    try:
        record = store.read_record(store.find_member(name))
    except (RunNotFoundError, RunError):
        return name, "not on this machine any more", "", "", "", ""
    tested = "—"
    if record.test_total:
        correct = record.test_correct or 0
        tested = f"{format_percent(correct / record.test_total)} ({correct:,} of {record.test_total:,})"
    return name, record.name, record.recipe, str(record.seed), f"{record.parameters:,}", tested


def build_environment(record: RunRecord) -> str:
    """Return the table of where and when the run was made."""
    facts = {
        "Run": record.id,
        "State": store.compute_state(record),
        "Dataset": _get_title(record.dataset),
        "Checksum of the dataset (SHA-256)": record.dataset_checksum,
        "Seed": "" if record.members else str(record.seed),
        "Device": record.device,
        "Threads": str(record.threads or ""),
        "Commit": record.git_commit,
        "Created": _format_time(record.created),
        "Started": _format_time(record.started),
        "Finished": _format_time(record.finished),
        **record.versions,
    }
    absent = "see the members" if record.members else "not recorded"
    rows = [(name, value or absent) for name, value in facts.items()]
    return build_table("As run.json has it; times in UTC", ("What", "Value"), rows, kind="facts")


def _format_time(text: str) -> str:
    return text[:19].replace("T", " ")
