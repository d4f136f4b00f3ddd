"""The commands `python -m core benchmark …`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli_options import Json, print_json
from core.errors import UsageError
from core.runs import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.runs.store import Run

benchmarks = typer.Typer(help="Make the measurements that the README quotes.", no_args_is_help=True)


# How much is measured if nobody says otherwise; what differs is named in the command that is kept with the figures.
_STRINGS, _DIGITS, _STROKES = 500, 10_000, 100

FiguresFile = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Keep the figures here, not in artifacts/results/figures.json."),
]


@benchmarks.command("speed")
def benchmark_speed(
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Seeds of sprint and of its peer.")] = 10,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="How often everything else is measured.")] = 10,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Measure training: seconds to 99 % beside a peer, augmentation, the loop, starting a run, answering."""
    from core.benchmarks.speed import measure_speed

    _keep("speed", measure_speed(seeds, repeats, _tell), output, as_json)


@benchmarks.command("pages")
def benchmark_pages(
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="How often each thing is done.")] = 20,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Measure start-up, pages, clicks and strokes in Chromium, beside ten finished runs and one that trains."""
    from core.benchmarks.pages import measure_pages

    _keep("pages", measure_pages(repeats, _tell), output, as_json)


@benchmarks.command("memory")
def benchmark_memory(
    visits: Annotated[int, typer.Option(min=1, max=10_000, help="Visits after three runs are open.")] = 100,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Measure the server's memory with three runs open, and how it grows with further visits."""
    from core.benchmarks.memory import measure_memory

    _keep("memory", measure_memory(visits, _tell), output, as_json)


@benchmarks.command("scale")
def benchmark_scale(
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="How often each thing is done.")] = 10,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Measure pages beside 1,000 runs with ten tabs polling, curves of many epochs, and how all of it grows."""
    from core.benchmarks.scale import measure_scale

    _keep("scale", measure_scale(repeats, _tell), output, as_json)


@benchmarks.command("table")
def benchmark_table(
    output: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Figures to show, not artifacts/results/figures.json.")
    ] = None,
) -> None:
    """Measure nothing; write the table of figures in README.md from what the other benchmarks have kept."""
    from core.benchmarks.figure_results import write_readme_figures

    write_readme_figures(output)


@benchmarks.command("latency")
def benchmark_latency(
    reference: Annotated[str, typer.Option("--run", metavar="RUN", help="What reads.")] = "drawing",
    strokes: Annotated[int, typer.Option(min=1, max=10_000, help="How many strokes are timed.")] = _STROKES,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Draw recorded digits on the Draw page in Chromium, and time each stroke's answer."""
    from core.benchmarks.latency import measure_latency

    run = store.find_run(reference)
    options = _list_options(run, ("strokes", strokes, _STROKES))
    _keep("latency", measure_latency(run, strokes, _tell), output, as_json, options)


@benchmarks.command("drawings")
def benchmark_drawings(
    references: Annotated[
        list[str] | None,
        typer.Option(
            "--run", metavar="RUN", help="Which run; may be repeated. Without it, the pretrained and the best."
        ),
    ] = None,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Count the drawings that runs read right, form by form: barred sevens, ones with a base, open fours and others."""
    from core.benchmarks.drawings import choose_runs, describe_drawings, measure_drawings

    runs = choose_runs(references or [])
    result = measure_drawings(runs, _tell)
    _keep("drawings", result, output, as_json, [("run", run.id) for run in runs])
    if not as_json:
        typer.echo(describe_drawings(result))


@benchmarks.command("strings")
def benchmark_strings(
    reference: Annotated[str, typer.Option("--run", metavar="RUN", help="What reads.")] = "best",
    strings: Annotated[
        int, typer.Option(min=1, max=10_000, help="Numbers of five digits per condition; a quarter of other lengths.")
    ] = _STRINGS,
    seed: Annotated[int, typer.Option(min=0, help="Of all chance.")] = 0,
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            "--condition", metavar="NAME", help="Only numbers such as separate, touching or broken; may be repeated."
        ),
    ] = None,
    lengths: Annotated[
        list[int] | None, typer.Option("--length", metavar="N", help="Only of so many digits; may be repeated.")
    ] = None,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Read made-up numbers of 2 to 6 test digits, lone digits, letters and scribbles.

    Of chosen kinds of numbers, what is measured is kept beside what is kept of all.
    """
    from core.benchmarks.strings import describe_rows, measure_strings

    run = store.find_run(reference)
    result = measure_strings(run, strings, seed, on_progress=_tell, conditions=conditions or (), lengths=lengths or ())
    options = _list_options(run, ("strings", strings, _STRINGS), ("seed", seed, 0))
    options += [("length", value) for value in lengths or ()] + [("condition", value) for value in conditions or ()]
    _keep("strings", result, output, as_json, options, key="numbers" if conditions or lengths else "strings")
    if not as_json:
        typer.echo("\n".join(describe_rows(result)))


@benchmarks.command("ink")
def benchmark_ink(
    reference: Annotated[str, typer.Option("--run", metavar="RUN", help="What classifies.")] = "best",
    digits: Annotated[int, typer.Option(min=1, max=10_000, help="How many of the test digits.")] = _DIGITS,
    seed: Annotated[int, typer.Option(min=0, help="Of the pictures.")] = 0,
    output: FiguresFile = None,
    as_json: Json = False,
) -> None:
    """Tell what each step of preparing a digit is worth, on enlarged, shifted, inverted test digits."""
    from core.benchmarks.ink import measure_ink

    run = store.find_run(reference)
    options = _list_options(run, ("digits", digits, _DIGITS), ("seed", seed, 0))
    _keep("ink", measure_ink(run, digits, seed, _tell), output, as_json, options)


@benchmarks.command("recipes")
def benchmark_recipes(
    names: Annotated[
        list[str] | None,
        typer.Option("--recipe", metavar="NAME", help="Which recipe; may be repeated. Without it, all of them."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Train each with so many seeds, 1 to 100.")] = 5,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Results to add to, instead of artifacts/results/recipes.json.")
    ] = None,
    continues: Annotated[
        bool,
        typer.Option(
            "--continue",
            help="Count seeds as done that the results hold for such a machine, though their runs are gone.",
        ),
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Train nothing; write the table in README.md from the results.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train each recipe over several seeds and keep what they reach; what was broken off goes on where it was."""
    from core.benchmarks.recipe_results import load_results
    from core.benchmarks.recipe_table import write_readme_table
    from core.benchmarks.recipes import measure_recipes, order_recipes
    from core.recipes import RECIPES, get_recipe

    if table:
        if names:
            raise UsageError("--table writes the whole table; leave out --recipe.")
        write_readme_table(load_results(output))
        return
    recipes = [get_recipe(name) for name in dict.fromkeys(names or [])] or order_recipes(RECIPES)
    with _explain_break():
        result = measure_recipes(recipes, seeds, output, lambda text: typer.echo(text, err=True), continues=continues)
    _print_figures(result, as_json)


@benchmarks.command("choices")
def benchmark_choices(
    names: Annotated[
        list[str] | None,
        typer.Option("--recipe", metavar="NAME", help="Which recipe; may be repeated. Without it, all with a choice."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Train each candidate with so many seeds, 1 to 100.")] = 1,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Trials to add to, instead of artifacts/results/choices.json.")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Train nothing; write the table in README.md from the trials.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare a recipe's settings with what was tried instead, on validation digits alone."""
    from core.benchmarks.choices import ALTERNATIVES, load_trials, measure_choices, write_readme_choices
    from core.recipes import get_recipe

    if table:
        if names:
            raise UsageError("--table writes the whole table; leave out --recipe.")
        write_readme_choices(load_trials(output))
        return
    recipes = [get_recipe(name) for name in dict.fromkeys(names or ALTERNATIVES)]
    with _explain_break():
        result = measure_choices(recipes, seeds, output, lambda text: typer.echo(text, err=True))
    _print_figures(result, as_json)


@benchmarks.command("ensemble")
def benchmark_ensemble(output: FiguresFile = None, as_json: Json = False) -> None:
    """Train the members of the declared ensemble that are missing, and measure what they say together."""
    from core.benchmarks.ensemble import measure_ensemble

    with _explain_break():
        result = measure_ensemble(on_progress=lambda text: typer.echo(text, err=True))
    _keep("ensemble", result, output, as_json)


@contextmanager
def _explain_break() -> Iterator[None]:
    """Say what Ctrl-C leaves of trainings."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Broken off. What is done is kept, and the same command goes on from there.", err=True)
        raise typer.Exit(130) from None


def _list_options(run: Run, *chosen: tuple[str, int, int]) -> list[tuple[str, Any]]:
    """Return the run, whatever it was called by, and of options (name, value, default) those that differ."""
    return [("run", run.id), *((name, value) for name, value, default in chosen if value != default)]


def _keep(
    name: str,
    result: dict[str, Any],
    file: Path | None,
    as_json: bool,
    options: Sequence[tuple[str, Any]] = (),
    key: str = "",
) -> None:
    """Keep and print what a benchmark gave.

    Args:
        name: of the benchmark.
        result: with machine, figures and goals.
        file: to keep it in; None for the project's own.
        as_json: print JSON.
        options: of the command that measures the same again, by name.
        key: what it is kept as; "" for its name.
    """
    from core.benchmarks.figure_results import save_figures

    words = ["python -m core benchmark", name, *(f"--{option} {value}" for option, value in options)]
    save_figures(key or name, result, " ".join(words), file)
    _print_figures(result, as_json)


def _print_figures(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    typer.echo(", ".join(f"{name} {value}" for name, value in result["machine"].items()))
    for name, value in result["figures"].items():
        goal = result["goals"].get(name)
        typer.echo(f"{name:32} {value:>10,.5g}" + (f"   goal {goal:,.5g}" if goal is not None else ""))


def _tell(text: str) -> None:
    typer.echo(f"Measuring: {text} …", err=True)
