"""The command line: `python -m core …`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.config import list_fields
from core.errors import CoreError, RunError, UsageError
from core.recipes import RECIPES, get_recipe
from core.runs import jobs, store

if TYPE_CHECKING:
    from core.runs.store import Run, RunEntry, RunRecord

app = typer.Typer(
    help="Train, evaluate and use classifiers of handwritten digits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

benchmarks = typer.Typer(help="Make the measurements that the README quotes.", no_args_is_help=True)
app.add_typer(benchmarks, name="benchmark")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run id, a unique start of one, latest, best, or a pretrained model.")
]


def main() -> None:
    """Run the command line; a CoreError becomes one sentence on stderr and its exit status."""
    try:
        app()
    except CoreError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def _describe_settings() -> str:
    """List every setting with its range and default, for `train --help`."""
    lines = ["Settings for --set (a name alone will do where only one group has it):", ""]
    for field in list_fields():
        default = "empty" if field.default is None else field.default
        unit = f" {field.unit}" if field.unit else ""
        lines.append(f"{field.path} [{field.range_text}{unit}; default {default}]: {field.help}")
    return "\n\n".join(lines)


@app.command()
def recipes(as_json: Json = False) -> None:
    """List the recipes, with the figure each claims and the one measured here."""
    from core.models.catalog import get_model_spec
    from core.runs.measured import compute_measured

    entries = store.list_runs()
    rows: list[dict[str, Any]] = []
    for recipe in RECIPES:
        measured = compute_measured(recipe, entries)
        rows.append(
            {
                "name": recipe.name,
                "model": recipe.config.model.name,
                "parameters": get_model_spec(recipe.config.model.name).parameters,
                "source": recipe.source,
                "claimed": recipe.claimed,
                "measured": vars(measured) if measured else None,
            }
        )
    if as_json:
        _print_json(rows)
        return
    for row, recipe in zip(rows, RECIPES, strict=True):
        claimed = f"claimed {row['claimed']:.2%}" if row["claimed"] else "no claim"
        found = row["measured"]
        here = f"here {found['mean']:.2%} ± {found['sd']:.2%} ({found['n']} seeds)" if found else "not measured here"
        typer.echo(f"{row['name']:20} {row['parameters']:>9,} parameters  {claimed:16} {here}")
        typer.echo(f"{'':20} {recipe.about}")


@app.command()
def data(
    dataset: Annotated[str, typer.Option(help="mnist or sklearn-digits.")] = "mnist", as_json: Json = False
) -> None:
    """Download a dataset if it is missing, check it, and describe it."""
    from core.config import TrainConfig
    from core.data.datasets import load

    config = TrainConfig().with_settings({"data.dataset": dataset})
    digits = load(dataset)
    value = {
        "name": digits.name,
        "train": len(digits.train.labels) - config.validation_size,
        "validation": config.validation_size,
        "test": len(digits.test.labels),
        "classes": list(digits.class_names),
        "checksum": digits.checksum,
        "source": digits.source,
    }
    if as_json:
        _print_json(value)
        return
    typer.echo(
        f"{digits.title}: {value['train']:,} digits to train on, {value['validation']:,} to validate, "
        f"{value['test']:,} to test. Source: {digits.source}. SHA-256 {digits.checksum}"
    )


def _print_settings(wanted: bool) -> None:
    if wanted:
        typer.echo(_describe_settings())
        raise typer.Exit


@app.command()
def train(
    recipe: Annotated[str, typer.Option(help="Recipe to start from; `python -m core recipes` lists them.")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    name: Annotated[str, typer.Option(help="A name of your own for the run.")] = "",
    resume: Annotated[str, typer.Option(metavar="RUN", help="Continue a stopped, failed or lost run instead.")] = "",
    list_settings: Annotated[  # noqa: ARG001  (its callback does the work)
        bool,
        typer.Option(
            "--settings", callback=_print_settings, is_eager=True, help="List every setting for --set and exit."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a run, or resume one, with a progress bar, then evaluate it on the test digits."""
    run = _find_resumed(resume, recipe, settings, name) if resume else _create_run(recipe or "sprint", settings, name)
    background = os.environ.get("DIGITS_BACKGROUND") == "1"
    if background:
        # The pages stay quick while a run takes every core.
        os.nice(5)
    record = _train_watched(run, quiet=as_json, background=background)
    if as_json:
        _print_json(_summarize(store.read_entry(run)))
    elif record.status == "stopped":
        typer.echo(f"Stopped at step {record.step:,}; `python -m core train --resume {run.id}` continues it.")
    else:
        typer.echo(_describe_result(record))


def _create_run(recipe: str, settings: list[str] | None, name: str) -> Run:
    config = get_recipe(recipe).config.with_settings(_parse_settings(settings or []))
    jobs.read_parallel_limit()
    return store.create_run(config, recipe, name)


def _find_resumed(resume: str, recipe: str, settings: list[str] | None, name: str) -> Run:
    if recipe or settings or name:
        raise UsageError("--resume continues a run as it is; leave out --recipe, --set and --name.")
    run = store.find_run(resume)
    is_launched = os.environ.get("DIGITS_BACKGROUND") == "1"
    jobs.check_resumable(run, is_launched=is_launched)
    if not is_launched:
        jobs.clear_stop_request(run)  # the page that launched a background process has cleared older requests itself
    return run


def _parse_settings(texts: list[str]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"--set {text} has no '='; write --set FIELD=VALUE, as in --set learning_rate=0.01.")
        settings[key.strip()] = value.strip()
    return settings


def _train_watched(run: Run, *, quiet: bool, background: bool) -> RunRecord:
    """Train with a progress bar on a terminal, a line per epoch in a log, or silently."""
    from core.train import train_run

    if quiet:
        return train_run(run)
    if background:
        return train_run(run, _print_epoch)
    from tqdm import tqdm

    if (count := jobs.count_waiting()) or jobs.count_training() >= jobs.read_parallel_limit():
        typer.echo(f"Another run is training ({count} waiting before this one); this one starts when its turn comes.")
    total = store.read_record(run).total_steps
    with tqdm(total=total, unit="step", desc=run.id, dynamic_ncols=True) as bar:
        return train_run(run, lambda line: _move_bar(bar, line))


def _move_bar(bar: Any, line: dict[str, Any]) -> None:
    bar.update(line["step"] - bar.n)
    if line["kind"] == "epoch":
        bar.write(_describe_epoch(line))
    else:
        bar.set_postfix(loss=f"{line['train_loss']:.4f}", refresh=False)


def _print_epoch(line: dict[str, Any]) -> None:
    if line["kind"] == "epoch":
        typer.echo(_describe_epoch(line))


def _describe_epoch(line: dict[str, Any]) -> str:
    text = f"epoch {line['epoch']:g}: training loss {line['train_loss']:.4f}, accuracy {line['train_accuracy']:.2%}"
    if line["validation_loss"] is not None:
        text += f"; validation loss {line['validation_loss']:.4f}, accuracy {line['validation_accuracy']:.2%}"
    return f"{text}; {line['images_per_second']:,.0f} images/s"


def _describe_result(record: RunRecord) -> str:
    from core.evaluation.metrics import wilson_interval

    correct, total = record.test_correct or 0, record.test_total or 0
    low, high = wilson_interval(correct, total)
    return (
        f"{record.id}: test accuracy {correct / total:.2%} ({correct:,} of {total:,}; 95 % interval {low:.2%} to "
        f"{high:.2%}), {record.parameters:,} parameters, {record.train_seconds:.1f} s of training."
    )


@app.command()
def evaluate(reference: RunArgument, as_json: Json = False) -> None:
    """Predict the test digits anew and rebuild report.json."""
    from core.data.datasets import load
    from core.evaluation.report import evaluate_run

    run = store.find_run(reference)
    record = store.read_record(run)
    state = store.compute_state(record)
    if state in ("queued", "running"):
        # Two processes that both change run.json would undo each other's changes.
        raise RunError(f"{run.id} is {state}; it is evaluated when it has trained, or stop it first.")
    report = evaluate_run(run, load(record.dataset), record.dataset_checksum)
    if as_json:
        _print_json(report)
    else:
        typer.echo(_describe_result(store.read_record(run)))


@app.command()
def predict(
    reference: RunArgument,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE…", help="Pictures of one or many digits.")],
    as_json: Json = False,
) -> None:
    """Read the digits in pictures of any size, ink dark or light."""
    from core.data.picture import read_picture
    from core.evaluation.predict import load_classifier
    from core.evaluation.read import read_digits

    run = store.find_run(reference)
    pictures = [read_picture(path) for path in images]
    classifier = load_classifier(run)
    results: list[dict[str, Any]] = [
        {"file": str(path), "digits": [digit.describe() for digit in read_digits(classifier, picture)]}
        for path, picture in zip(images, pictures, strict=True)
    ]
    if as_json:
        _print_json(results)
        return
    for result in results:
        found = ", ".join(f"{digit['label']} ({digit['probability']:.2%})" for digit in result["digits"])
        typer.echo(f"{result['file']}: {found or 'no digit found'}")


@app.command()
def runs(as_json: Json = False) -> None:
    """List the runs, newest first."""
    entries = store.list_runs()
    if as_json:
        _print_json([_summarize(entry) for entry in entries])
        return
    if not entries:
        typer.echo("There are no runs yet; `python -m core train --recipe sprint` makes one.")
    for entry in entries:
        if entry.record is None:
            typer.echo(f"{entry.run.id}  unreadable: {entry.problem}")
            continue
        record = entry.record
        accuracy = f"{(record.test_correct or 0) / record.test_total:.2%}" if record.test_total else "—"
        typer.echo(f"{entry.run.id}  {entry.state:9}  test {accuracy:7}  {record.dataset}  {record.name}".rstrip())


def _summarize(entry: RunEntry) -> dict[str, Any]:
    """Return what --json says of a run."""
    if entry.record is None:
        return {"run": entry.run.id, "status": "unreadable", "problem": entry.problem}
    record = entry.record
    tested = record.test_total is not None and record.test_total > 0
    return {
        "run": record.id,
        "name": record.name,
        "recipe": record.recipe,
        "model": record.model,
        "dataset": record.dataset,
        "status": entry.state,
        "error": record.error,
        "created": record.created,
        "seed": record.seed,
        "step": record.step,
        "total_steps": record.total_steps,
        "parameters": record.parameters,
        "train_seconds": record.train_seconds,
        "validation_accuracy": record.validation_accuracy,
        "test_accuracy": (record.test_correct or 0) / (record.test_total or 1) if tested else None,
        "test_correct": record.test_correct,
        "test_total": record.test_total,
        "pretrained": entry.run.pretrained,
    }


@benchmarks.command("pages")
def benchmark_pages(
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="How often each thing is done.")] = 20,
    as_json: Json = False,
) -> None:
    """Measure start-up, pages, clicks and strokes in Chromium, beside a home of its own."""
    from core.benchmarks.pages import measure_pages

    _print_figures(measure_pages(repeats, lambda text: typer.echo(f"Measuring: {text} …", err=True)), as_json)


def _print_figures(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(result)
        return
    typer.echo(", ".join(f"{name} {value}" for name, value in result["machine"].items()))
    for name, value in result["figures"].items():
        goal = result["goals"].get(name)
        typer.echo(f"{name:32} {value:>10,.5g}" + (f"   goal {goal:,.5g}" if goal is not None else ""))
