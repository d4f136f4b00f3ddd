"""The command line: `python -m core …`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core import cli_train, processes
from core.cli_benchmarks import benchmarks
from core.cli_options import Json, RunArgument, make_printable, print_json
from core.config import list_fields
from core.errors import CoreError, ImageError, RunError, UsageError
from core.files import describe_refusal
from core.recipes import RECIPES
from core.runs import jobs, store
from core.runs.summary import describe_result, describe_size, explain_loss, summarize_run, summarize_sizes

if TYPE_CHECKING:
    from core.config import TrainConfig

app = typer.Typer(
    help="Train, evaluate and use classifiers of handwritten digits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(benchmarks, name="benchmark")

# What Typer raises of a command line that is wrong. Of its kinds, which it brings along, it names but this one.
_WrongUse: type[Exception] = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; a CoreError and wrong use become one sentence on stderr and their exit status."""
    try:
        # Typer would put its own complaints into a box of several lines.
        sys.exit(app(standalone_mode=False) or 0)
    except CoreError as error:
        typer.echo(make_printable(str(error)), err=True)
        sys.exit(error.exit_code)
    except _WrongUse as error:
        typer.echo(make_printable(_describe_wrong_use(error)), err=True)
        sys.exit(UsageError.exit_code)
    except OSError as error:
        sentence = describe_refusal(error)
        if not sentence:
            raise
        typer.echo(sentence, err=True)
        sys.exit(CoreError.exit_code)


def _describe_wrong_use(error: Any) -> str:
    """Say in a sentence what is wrong with a command line, and where to read what is right."""
    command = error.ctx.command_path if error.ctx else "python -m core"
    return f"{error.format_message().rstrip('.')}; `{command} --help` says what it takes."


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
    """List the recipes, with the figure each claims and the one measured: here, or else for the project's table."""
    from core.benchmarks.recipe_results import load_results
    from core.models.catalog import get_model_spec
    from core.runs.measured import Measured, compute_measured

    entries = store.list_runs()
    results = load_results()
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    for recipe in RECIPES:
        measured, place = compute_measured(recipe, entries), "here"
        told = next((result for result in results if result.is_of(recipe)), None)
        if measured is None and told is not None:
            measured, place = Measured(told.mean, told.sd, len(told.seeds)), f"on {told.place}"
        places.append(place)
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
        print_json(rows)
        return
    for row, recipe, place in zip(rows, RECIPES, places, strict=True):
        claimed = f"claimed {row['claimed']:.2%}" if row["claimed"] else "no claim"
        found = row["measured"]
        figure = f"{found['mean']:.2%} ± {found['sd']:.2%} ({found['n']} seeds) {place}" if found else "not measured"
        typer.echo(f"{row['name']:24} {row['parameters']:>9,} parameters  {claimed:16} {figure}")
        typer.echo(f"{'':24} {recipe.about}")


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
        print_json(value)
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
    name: Annotated[str, typer.Option(help="A name of your own for the run, or for every run of several.")] = "",
    seeds: Annotated[
        int | None, typer.Option(help="Train so many runs one after another, 1 to 100, each with the next seed.")
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,…",
            help="Train on so many digits each, as in 1000,5000,55000, and for as many steps as the settings make "
            "otherwise: the epochs are scaled, so that only the number of digits differs. With --seeds, every size "
            "with every seed.",
        ),
    ] = None,
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
    is_batch = seeds is not None or sizes is not None
    if resume:
        if recipe or settings or name or is_batch:
            raise UsageError(
                "--resume continues a run as it is; leave out --recipe, --set, --name, --seeds and --sizes."
            )
        run = cli_train.find_resumed(resume)
    else:
        recipe = recipe or "sprint"
        config = cli_train.build_config(recipe, settings or [])
        if is_batch:
            wanted = [] if sizes is None else cli_train.parse_sizes(sizes)
            _train_several(config, recipe, name, 1 if seeds is None else seeds, wanted, as_json=as_json)
            return
        jobs.read_parallel_limit()
        run = store.create_run(config, recipe, name)
    background = os.environ.get("DIGITS_BACKGROUND") == "1"
    if background:
        # The pages stay quick while a run takes every core.
        processes.give_way()
    cli_train.train_watched(run, quiet=as_json, background=background)
    if as_json:
        print_json(summarize_run(store.read_entry(run)))


def _train_several(config: TrainConfig, recipe: str, name: str, seeds: int, sizes: list[int], *, as_json: bool) -> None:
    """Train a batch and print what its runs, done or broken off, come to."""
    runs, was_broken_off = cli_train.train_batch(config, recipe, name, seeds=seeds, sizes=sizes, quiet=as_json)
    entries = [store.read_entry(run) for run in runs]
    groups = summarize_sizes(entries)
    if as_json:
        print_json({"runs": [summarize_run(entry) for entry in entries], "groups": groups})
    else:
        for group in groups:
            typer.echo(describe_size(group))
    if was_broken_off:
        raise typer.Exit(130)


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
        print_json(report)
    else:
        typer.echo(describe_result(store.read_record(run)))


@app.command()
def predict(
    reference: RunArgument,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE…", help="Pictures of one or many digits.")],
    as_json: Json = False,
) -> None:
    """Read the digits in pictures of any size, ink dark or light."""
    from core.data.picture import read_picture
    from core.evaluation.judge import read_drawing
    from core.evaluation.predict import load_classifier

    classifier = load_classifier(store.find_run(reference))
    results: list[dict[str, Any]] = []
    problems: list[str] = []
    for path in images:
        try:
            picture = read_picture(path)
        except ImageError as error:
            # Said at the end: it hides no other's answer.
            problems.append(str(error))
            continue
        numbers = read_drawing(classifier, picture)
        digits = [digit.describe() for number in numbers for digit in number.digits]
        lines = [{"text": number.text, "confidence": number.confidence} for number in numbers]
        results.append({"file": str(path), "digits": digits, "numbers": lines})
    if as_json and results:
        print_json(results)
    for result in [] if as_json else results:
        digits = iter(result["digits"])
        # Line by line, as the page shows them.
        found = " / ".join(", ".join(_say_digit(next(digits)) for _ in line["text"]) for line in result["numbers"])
        typer.echo(f"{result['file']}: {found or 'no digit found'}")
    if problems:
        raise ImageError("\n".join(problems))


def _say_digit(digit: dict[str, Any]) -> str:
    doubt = "" if digit["is_digit"] else ", perhaps not a digit"
    return f"{digit['label']} ({digit['probability']:.2%}{doubt})"


@app.command()
def runs(as_json: Json = False) -> None:
    """List the runs, newest first."""
    entries = store.list_runs()
    if as_json:
        print_json([summarize_run(entry) for entry in entries])
        return
    if not entries:
        typer.echo("There are no runs yet; `python -m core train --recipe sprint` makes one.")
    for entry in entries:
        if entry.record is None:
            typer.echo(make_printable(f"{entry.run.id}  unreadable: {entry.problem}"))
            continue
        record = entry.record
        accuracy = f"{(record.test_correct or 0) / record.test_total:.2%}" if record.test_total else "—"
        line = f"{entry.run.id}  {entry.state:9}  test {accuracy:7}  {record.dataset}  {record.name}"
        typer.echo(make_printable(line).rstrip())
        reason = explain_loss(record) if entry.state == "lost" else record.error
        if reason:
            typer.echo(f"    {make_printable(reason)}")


@app.command()
def report(
    reference: RunArgument,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File or folder to write to; without it, RUN.html right here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write all of a run into one HTML file that needs no network."""
    from core.report_page.build import save_report_page

    run = store.find_run(reference)
    file = Path() if output is None else output
    if file.is_dir():
        file /= f"{run.id}.html"
    size = save_report_page(run, file)
    if as_json:
        print_json({"run": run.id, "file": str(file), "bytes": size})
    else:
        typer.echo(f"{file}: the report of {run.id}, {size / 1e6:.1f} MB.")


@app.command()
def compare(first: RunArgument, second: RunArgument, as_json: Json = False) -> None:
    """Say which of two runs is better on the same test digits, and whether that could be chance."""
    from core.evaluation.compare import compare as compare_answers
    from core.evaluation.compare import describe
    from core.evaluation.report import load_predictions

    runs = [store.find_run(reference) for reference in (first, second)]
    found = compare_answers(*(load_predictions(run) for run in runs))
    words = describe(found, *(run.id for run in runs))
    low, high = found.compute_interval()
    if as_json:
        names = {"first": runs[0].id, "second": runs[1].id}
        figures = {"total": found.total, "difference": found.difference, "interval": [low, high], "words": words}
        print_json({**names, **vars(found), **figures})
        return
    typer.echo(words)
    typer.echo(
        f"{found.only_first:,} digits are read right by the first alone, {found.only_second:,} by the second alone, "
        f"{found.both_right:,} by both, {found.both_wrong:,} by neither. Difference of the accuracies: "
        f"{100 * found.difference:+.2f} percentage points (95 % interval {100 * low:+.2f} to {100 * high:+.2f})."
    )


@app.command()
def ensemble(
    references: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Two runs or more on the same digits.")],
    name: Annotated[str, typer.Option(help="A name of your own for the ensemble.")] = "",
    as_json: Json = False,
) -> None:
    """Average what runs say, and keep the result as a run. Choose them by validation, not by the test digits."""
    from core.evaluation.ensemble import create_ensemble

    run = create_ensemble([store.find_run(reference) for reference in references], name)
    if as_json:
        print_json(summarize_run(store.read_entry(run)))
    else:
        typer.echo(describe_result(store.read_record(run)))


@app.command()
def publish(
    reference: RunArgument,
    name: Annotated[str, typer.Argument(help="What it is called from then on: small letters, digits and hyphens.")],
    as_json: Json = False,
) -> None:
    """Copy a completed run into artifacts/pretrained/, which is committed: without its checkpoints and its machine."""
    from core.runs.pretrained import publish as publish_run

    run = publish_run(store.find_run(reference), name)
    if as_json:
        print_json(summarize_run(store.read_entry(run)))
    else:
        typer.echo(f"{run.path}: {describe_result(store.read_record(run))}")
