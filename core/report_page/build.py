"""The report of a run, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.evaluation.report import load_predictions, load_report
from core.files import replace_file
from core.report_page import digits, origin, results, sureness, training
from core.report_page.charts import ChartSheet
from core.report_page.document import build_document
from core.report_page.markup import build_paragraph, build_section, escape
from core.runs import store

if TYPE_CHECKING:
    from pathlib import Path

    from core.runs.store import Run


def build_report_page(run: Run) -> str:
    """Return one HTML document (about 5 MB, nearly all of it the library that draws the charts) with all of a run.

    The same run folder gives the same document. Nothing is downloaded, and no network is needed to read it.

    Args:
        run: evaluated, trained or an ensemble.

    Raises:
        RunError: if it is not evaluated, or a file of it is damaged.
        ConfigError: if a setting in its config.json is not valid.
    """
    record, report, answers = store.read_record(run), load_report(run), load_predictions(run)
    sheet = ChartSheet()
    sections = {
        "results": ("Results", results.build_results(record, report)),
        "training": ("Training", "" if record.members else training.build_training(run, sheet)),
        "confusion": (
            "Confusion matrix",
            results.build_matrix(report["confusion"]) + results.build_pairs(report),
        ),
        "classes": ("Digit by digit", results.build_classes(report)),
        "calibration": (
            "Calibration",
            sureness.build_reliability(answers, sheet) + results.build_temperature(report),
        ),
        "rejection": ("Rejection", sureness.build_rejection(answers, sheet)),
        "hardest": ("Hardest digits", digits.build_hardest(record, answers)),
        "members": ("Members", origin.build_members(record) if record.members else ""),
        "settings": ("Settings", "" if record.members else origin.build_settings(run, record)),
        "environment": ("Environment", origin.build_environment(record)),
    }
    shown = {name: parts for name, parts in sections.items() if parts[1]}
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, (title, _) in shown.items())
    title = record.title
    body = (
        f"<header><h1>{escape(title)}</h1>{build_paragraph(origin.describe_run(record))}{origin.build_words(record)}"
        f'</header><nav aria-label="Sections">{links}</nav>'
        f"{''.join(build_section(name, *parts) for name, parts in shown.items())}"
        f"<footer>Report of the run {escape(record.id)}. This file is complete in itself and contacts nobody; "
        "the charts need JavaScript, the tables do not.</footer>"
    )
    return build_document(f"{title} · report", body, sheet.figures)


def save_report_page(run: Run, path: Path) -> int:
    """Write the report of a run to a file, in place of one that is there, and return its size in bytes.

    Raises:
        RunError, ConfigError: as for `build_report_page`.
        RunError: if the file cannot be written.
    """
    page = build_report_page(run).encode()
    with replace_file(path) as temporary:
        temporary.write_bytes(page)
    return len(page)
