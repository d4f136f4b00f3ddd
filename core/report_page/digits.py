"""The digits a run found hardest, as pictures within the page."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.charts.words import format_percent
from core.data import datasets
from core.data.catalog import get_dataset_spec
from core.errors import CoreError
from core.evaluation.select import DigitFilter, find_digits
from core.report_page.markup import build_paragraph, escape

if TYPE_CHECKING:
    from core.data.datasets import Split
    from core.evaluation.predictions import Predictions
    from core.runs.store import RunRecord

MOST = 24


def build_hardest(record: RunRecord, answers: Predictions) -> str:
    """Return the hardest misread digits and, where there are fewer than 24, the hardest of those read right.

    The pictures are left out, with a sentence on why, where the digits the run was tested on are not at hand.
    """
    misread = find_digits(answers, DigitFilter(right=False))
    right = find_digits(answers, DigitFilter(right=True))
    chosen = np.concatenate([misread, right])[:MOST].tolist()
    n_misread = min(MOST, len(misread))
    words = f"The {n_misread} hardest of {len(misread):,} misread digits" if n_misread else "No digit is misread"
    if n_misread < len(chosen):
        words += f", then the {len(chosen) - n_misread} hardest of those read right"
    about = build_paragraph(f"{words}: those whose true class was given the least probability come first.", "about")
    split = _load_test(record)
    if isinstance(split, str):
        return about + build_paragraph(split, "notice")
    tiles = "".join(_build_tile(split, answers, index) for index in chosen)
    return f'{about}<ul class="digits">{tiles}</ul>'


def _load_test(record: RunRecord) -> Split | str:
    """Return the test digits of the run, or why they are not at hand. Nothing is downloaded for a report."""
    try:
        spec = get_dataset_spec(record.dataset)
        if not datasets.is_cached(spec.name):
            return f"{spec.title} is not on the machine that wrote this report, so the pictures are left out."
        data = datasets.load(spec.name)
    except CoreError as error:
        return f"The pictures are left out: {error}"
    if record.dataset_checksum not in ("", data.checksum):
        return f"This run was tested on other digits than today's {spec.title}, so the pictures are left out."
    return data.test


def _build_tile(split: Split, answers: Predictions, index: int) -> str:
    true, predicted = int(answers.labels[index]), int(answers.predictions[index])
    sure = format_percent(float(answers.confidence[index]))
    is_right = true == predicted
    caption = f"{true} ✓" if is_right else f"{true} → {predicted}"
    alt = f"Test digit {index}: a {true}, read {'right' if is_right else f'as {predicted}'} with {sure}"
    return (
        f'<li class="{"right" if is_right else "wrong"}"><img src="{encode_digit(split.images[index])}" '
        f'width="84" height="84" alt="{escape(alt)}"><b>{escape(caption)}</b><span>{escape(sure)}</span></li>'
    )


def encode_digit(image: np.ndarray) -> str:
    """Return a digit (28, 28) uint8 as a data address: a PNG of black ink on nothing, so that any paper shows it."""
    pixels = np.zeros((*image.shape, 2), dtype=np.uint8)
    pixels[..., 1] = image
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
