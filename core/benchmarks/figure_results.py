"""What the benchmarks of the README's tables last gave, in one committed file, and the tables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core import paths
from core.benchmarks import ensemble, ink, latency, memory, pages, pretrained_table, scale, speed, strings
from core.benchmarks.race import FRONTIER, name_point
from core.benchmarks.readme import write_between
from core.errors import RunError
from core.files import make_folder, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The parts of the README, and whose figures each shows: what is kept of numbers of chosen kinds is called "numbers".
MARKS = {
    "figures": ("speed", "pages", "memory", "scale", "ensemble"),
    "reading": ("latency", "drawings", "numbers", "strings", "ink"),
}
GOALS: dict[str, dict[str, float]] = {
    "speed": speed.GOALS,
    "pages": pages.GOALS,
    "memory": memory.GOALS,
    "scale": scale.GOALS,
    "ensemble": ensemble.GOALS,
    "latency": latency.GOALS,
    "drawings": {},
    "numbers": strings.GOALS,
    "strings": {},
    "ink": ink.GOALS,
}
# Goals on these ends of names are to be reached or passed, all others not to be passed.
_AT_LEAST = ("_speedup", "_efficiency", "_efficiency_sprint", "accuracy_mean", "ensemble_accuracy", "_exact")
_HEAD = "| what | goal | figure | command |\n| --- | --- | --- | --- |"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        benchmark: whose figures it shows.
        what: was measured.
        form: of the figures, by name, as str.format takes it.
        goal: name of the figure that has the goal; "" where there is none.
        goal_form: of the goal, which is called `goal`.
    """

    benchmark: str
    what: str
    form: str
    goal: str = ""
    goal_form: str = "{goal:g}"


_P = "{%s_ms_p50:.0f} ms; {%s_ms_p95:.0f} ms"
# Of numbers, in the order of their rows.
_KINDS = ("separate", "touching", "broken", "noisy", "alike", "ruled", "squared")


def _number(what: str, condition: str) -> Row:
    """Return the row of numbers of five digits of one kind."""
    name = f"{condition}_5"
    form = f"{{{name}_exact:.2%}} [{{{name}_low:.1%}}–{{{name}_high:.1%}}] of {{{name}_total:,}}"
    return Row("numbers", what, form, f"{name}_exact", "≥ {goal:.1%}")


def _page(what: str, name: str, goal_form: str = "≤ {goal:.0f} ms") -> Row:
    """Return the row of a wait: median and 95th percentile."""
    return Row("pages", f"{what} (median; 95th percentile)", _P % (name, name), f"{name}_ms_p95", goal_form)


ROWS = (
    Row("speed", "`sprint`: training time of the peer over its own", "{sprint_speedup:.1f}×: {sprint_s:.2f} s, "
        "{peer_s:.2f} s", "sprint_speedup", "≥ {goal:g}×"),
    Row("speed", "`sprint`: mean test accuracy, last step; its peer's", "{sprint_accuracy_mean:.2%} ± "
        "{sprint_accuracy_sd:.2%}; {peer_accuracy_mean:.2%}", "sprint_accuracy_mean", "≥ {goal:.1%}"),
    Row("speed", "`sprint` trained for longer: time to 99.4 %", "{accuracy_99_4_s:.1f} s"),
    Row("speed", f"… {', '.join(str(point['epochs']) for point in FRONTIER)} epochs: time",
        ", ".join(f"{{{name_point(point, 's')}:.2f}}" for point in FRONTIER) + " s"),
    Row("speed", "… and test accuracy", ", ".join(f"{{{name_point(point, 'accuracy')}:.2%}}" for point in FRONTIER)),
    Row("speed", "augmentation of whole batches over torchvision's image by image (over its older transforms, v1)",
        "{pipeline_speedup:.0f}×: {pipeline_images_per_second:,.0f}, {torchvision_images_per_second:,.0f} images/s "
        "({pipeline_speedup_over_v1:.0f}×)", "pipeline_speedup", "≥ {goal:g}×"),
    Row("speed", "augmentation's share of a step of compact-13k", "{augmentation_share:.1%}", "augmentation_share",
        "≤ {goal:.0%}"),
    Row("speed", "… of compact-13k-better", "{augmentation_share_better:.1%}", "augmentation_share_better",
        "≤ {goal:.0%}"),
    Row("speed", "speed of the training loop over a bare one's, compact-13k", "{loop_efficiency:.1%}",
        "loop_efficiency", "≥ {goal:.0%}"),
    Row("speed", "… `sprint`", "{loop_efficiency_sprint:.1%}", "loop_efficiency_sprint", "≥ {goal:.0%}"),
    Row("speed", "from starting a run to its first steps, beyond importing torch", "{start_beyond_torch_s:.1f} s",
        "start_beyond_torch_s", "≤ {goal:g} s"),
    Row("speed", "compact-13k: an epoch", "{compact_epoch_s:.1f} s", "compact_epoch_s", "≤ {goal:g} s"),
    Row("speed", "… reading 10,000 digits", "{evaluation_s:.2f} s", "evaluation_s", "≤ {goal:g} s"),
    Row("speed", "reading one digit, `sprint`; compact-13k", "{single_prediction_ms:.2f} ms; "
        "{single_prediction_compact_ms:.2f} ms", "single_prediction_ms", "≤ {goal:g} ms"),
    Row("pages", "server start; from there to a cold first screen", "{server_start_s:.1f} s; "
        "{first_screen_cold_s:.1f} s", "first_screen_cold_s", "≤ {goal:g} s"),
    _page("going to another page, warm", "page_warm"),
    _page("another view of Evaluate", "evaluate_view"),
    _page("the next sheet of 200 digits", "sheet_of_200"),
    _page("a cell of the matrix to its digits", "cell_to_digits"),
    _page("the end of a stroke to the answer", "stroke_to_answer"),
    _page("going to another page, warm, while nothing trains", "idle_page_warm"),
    Row("memory", "server memory: at the start; with three runs open (not shared with other processes)",
        "{start_mb:.0f} MB; {three_runs_mb:.0f} MB ({three_runs_own_mb:.0f} MB)", "three_runs_mb", "≤ {goal:.0f} MB"),
    Row("memory", "… growth by a hundred more visits", "{growth_after_visits:.1%}", "growth_after_visits",
        "≤ {goal:.0%}"),
    Row("scale", "Home with 1,000 runs and 10 tabs polling (median)", "{home_1000_runs_ms:.0f} ms", "home_1000_runs_ms",
        "≤ {goal:.0f} ms"),
    Row("scale", "Runs with 1,000 runs and 10 tabs polling (median)", "{runs_1000_runs_ms:.0f} ms", "runs_1000_runs_ms",
        "≤ {goal:.0f} ms"),
    Row("scale", "curves of 200 epochs, drawn", "{curves_200_epochs_ms:.0f} ms", "curves_200_epochs_ms",
        "≤ {goal:.0f} ms"),
    Row("scale", "power of the number with which waits grow: Home, Runs, listing runs; drawing, reading curves; digits",
        "{home_exponent:.2f}, {runs_exponent:.2f}, {listing_exponent:.2f}; {curves_exponent:.2f}, "
        "{metrics_exponent:.2f}; {digits_exponent:.2f}", "worst_exponent", "≤ {goal:g}"),
    Row("ensemble", "ensemble of `vgg-7`, consecutive seeds: members and their mean test accuracy; together [95 %]",
        "{ensemble_members}, {ensemble_member_accuracy:.2%}; {ensemble_accuracy:.2%} "
        "[{ensemble_low:.2%}–{ensemble_high:.2%}]", "ensemble_accuracy", "≥ {goal:.2%}"),
    Row("ensemble", "… test digits that each member misreads, beyond what an average can mend; that any does",
        "{ensemble_misread_by_all}; {ensemble_misread_by_any}"),
    Row("ensemble", "… expected calibration error after a temperature fitted on validation digits",
        "{ensemble_scaled_ece:.4f}", "ensemble_scaled_ece", "≤ {goal:g}"),
    Row("ensemble", "… and loss", "{ensemble_scaled_loss:.4f}", "ensemble_scaled_loss", "≤ {goal:g}"),
    Row("latency", "the end of a stroke to the answer, recorded strokes of all ten digits (median; 95th percentile)",
        _P % ("stroke_to_answer", "stroke_to_answer"), "stroke_to_answer_ms_p95", "≤ {goal:.0f} ms"),
    Row("drawings", "drawings by one author's pen, not MNIST's, read right by `drawing` [95 %]; by `vgg-7`",
        "{drawing drawings:.2%} [{drawing drawings low:.1%}–{drawing drawings high:.1%}]; {vgg-7 drawings:.2%} of "
        "{drawings:,}"),
    _number("numbers of five test digits read without any mistake [95 %]: apart", "separate"),
    _number("… touching each other", "touching"),
    _number("… with broken strokes", "broken"),
    _number("… on rough, grainy paper, light on dark or dark on light", "noisy"),
    _number("… one digit five times over, close together", "alike"),
    _number("… photographed on ruled paper", "ruled"),
    _number("… on squared paper", "squared"),
    Row("numbers", "… read as five digits, in the same order",
        "; ".join(f"{{{c}_5_right_length:.2%}}" for c in _KINDS)),
    Row("numbers", "… of them made of digits that are all read right in MNIST's own form",
        "; ".join(f"{{{c}_5_known:.2%}}" for c in _KINDS)),
    Row("strings", "lone digits: found whole; read right; taken for none",
        "{lone_whole:.2%}; {lone_right:.2%}; {lone_false_reject:.2%} of {lone_total:,}"),
    Row("strings", "letters taken for digits; those not shaped like one (all but B, G, I, O, Q, S and Z)",
        "{letters_false_accept:.1%} of {letters_total:,}; {other_letters_false_accept:.1%} of {other_letters_total:,}"),
    Row("strings", "the latter in the place of a digit in a number of five, taken for one",
        "{letters_among_digits_false_accept:.1%} of {letters_among_digits_total:,}"),
    Row("strings", "scribbles taken for digits", "{scribbles_false_accept:.1%} of {scribbles_total:,}"),
    Row("strings", "symbols such as + and % taken for digits; in the place of a digit in a number of five",
        "{symbols_false_accept:.1%} of {symbols_total:,}; {symbols_among_digits_false_accept:.1%} of "
        "{symbols_among_digits_total:,}"),
    Row("ink", "what preparing is worth, of test digits enlarged 3 to 8 times, anywhere on a larger sheet: MNIST's own "
        "28×28", "{originals:.2%} of {digits:,}"),
    Row("ink", "… the whole picture resized", "{plain_resize:.2%}"),
    Row("ink", "… its box instead, into 20×20", "{and_box:.2%}"),
    Row("ink", "… and keeping its aspect", "{and_aspect:.2%}"),
    Row("ink", "… and centring its mass: all steps", "{and_centring:.2%}"),
    Row("ink", "… points lost by preparing", "{points_lost:.2f}", "points_lost", "≤ {goal:g}"),
)  # fmt: skip


def get_figures_file() -> Path:
    """Return the file of the project's own figures."""
    return paths.results_dir() / "figures.json"


def save_figures(benchmark: str, result: Mapping[str, Any], command: str, file: Path | None = None) -> None:
    """Keep what a benchmark gave, in the place of what it gave before.

    Args:
        benchmark: its name on the command line.
        result: with machine, figures and goals.
        command: that made it.
        file: None takes the project's own.

    Raises:
        RunError: if the file is damaged, or the disk refuses.
    """
    path = file or get_figures_file()
    kept = load_figures(path)
    own = {"command": command, "date": datetime.now(UTC).date().isoformat(), "load": round(os.getloadavg()[0], 1)}
    kept[benchmark] = {**own, **result}
    make_folder(path.parent)
    write_json(path, kept)


def load_figures(file: Path | None = None) -> dict[str, Any]:
    """Return what was kept, by benchmark; nothing if none was measured yet.

    Raises:
        RunError: if the file is damaged.
    """
    path = file or get_figures_file()
    if not path.exists():
        return {}
    found = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(one, dict) and "figures" in one for one in found.values()):
        raise RunError(f"{path} is damaged (no figures by benchmark); restore it or delete it.")
    return found


def format_figures(results: Mapping[str, Any], mark: str = "figures") -> str:
    """Return the table of a part, then what each benchmark was measured on; a row without its figures says so."""
    shown = [name for name in MARKS[mark] if name in results]
    rows = [row for row in ROWS if row.benchmark in MARKS[mark]]
    before = ["", *(row.benchmark for row in rows)]
    lines = [
        _format_row(row, results.get(row.benchmark), is_same=last == row.benchmark)
        for last, row in zip(before, rows, strict=False)
    ]
    places = [
        f"`{result['command']}`: {result['machine']['processor']}, {result['machine']['cores']} cores, torch "
        f"{result['machine']['torch']}, {result['date']}, load at the end {result['load']:g}."
        for result in (results[name] for name in shown)
    ]
    return "\n\n".join(["\n".join([_HEAD, *lines]), *places])


def write_readme_figures(file: Path | None = None, readme: Path | None = None) -> None:
    """Put the tables of what was kept between their marks in the README.

    Raises:
        UsageError: if the README is not there or lacks the marks.
        RunError: if the file of figures is damaged, or the disk refuses.
    """
    results = load_figures(file)
    for mark in MARKS:
        write_between(mark, format_figures(results, mark), readme)
    write_between(pretrained_table.MARK, pretrained_table.format_pretrained(), readme)


def _format_row(row: Row, result: Mapping[str, Any] | None, *, is_same: bool) -> str:
    """Return a line of the table; a command is written once, where its rows begin."""
    of = "strings" if row.benchmark == "numbers" else row.benchmark
    command = "the same" if is_same else f"`{result['command'] if result else f'python -m core benchmark {of}'}`"
    figures, goal = result["figures"] if result else {}, GOALS[row.benchmark].get(row.goal)
    shown = row.goal_form.format(goal=goal) if goal is not None else "—"
    try:
        figure = row.form.format_map(figures)
    except KeyError:
        return f"| {row.what} | {shown} | not measured | {command} |"
    if goal is not None:
        value = figures[row.goal]
        is_met = value >= goal if row.goal.endswith(_AT_LEAST) else value <= goal
        figure += "" if is_met else " **missed**"
    return f"| {row.what} | {shown} | {figure} | {command} |"
