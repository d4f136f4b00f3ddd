"""One digit, whole: what a network gets to see, what it is, and what the finished runs take it for."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Literal

import pandas as pd
import streamlit as st

from core.charts.answers import plot_probabilities
from core.errors import CoreError
from dashboard import loaders, state
from dashboard.figure import load_figure, render_figure
from dashboard.gallery import format_probability
from dashboard.layout import escape_error
from dashboard.tiles import make_picture
from dashboard.why import render_why_of_run

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from core.data.datasets import DigitData
    from core.evaluation.predictions import Predictions
    from core.runs.store import Run, RunEntry

PICTURE_SCALE = 6
# As many runs as stay in the caches of their predictions and of their networks, newest first.
MOST_STORED, MOST_ASKED = 30, 8
_PIXEL_STYLE = """
<style>
.pixels { overflow-x: auto; }
.pixels table { border-collapse: collapse; margin: 0; font-size: 9px; line-height: 1; }
.pixels td { width: 17px; min-width: 17px; height: 17px; padding: 0; text-align: center; border: 0; }
</style>
"""


def render_detail(
    digits: DigitData,
    split: Literal["train", "test"],
    index: int,
    *,
    key: str,
    run: Run | None = None,
    answers: Predictions | None = None,
) -> None:
    """Draw everything there is to know of one digit.

    Args:
        digits: the dataset.
        split: part of it.
        index: of the digit in that part, from 0.
        key: unique on the page.
        run: whose answer to show first; it must be evaluated on these digits, and counts for the test part alone.
        answers: of that run to the test part; None takes the stored ones.

    Raises:
        RunError: if the run's predictions cannot be read.
    """
    part = digits.test if split == "test" else digits.train
    image, label = part.images[index], int(part.labels[index])
    probabilities = None
    if run and split == "test":
        probabilities = (answers or loaders.load_predictions(run)).probabilities[index]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        alt = f"The digit as a network sees it: 28 by 28 pixels, white on black, labelled {label}"
        render_picture(image, PICTURE_SCALE, alt=alt)
        with st.container(width=170, gap="xsmall"):
            st.subheader(_describe_verdict(label, probabilities), anchor=False)
            st.caption(
                f"{digits.title}, {'test' if split == 'test' else 'training'} digit number {index:,} "
                f"(they count from 0). Mean ink {100 * image.mean() / 255:.1f} %."
            )
            # The table of pixels is large, so it goes to the browser only when it is wanted.
            pixels = st.popover("Pixel values", key=f"{key}-pixels", on_change="rerun")
            if pixels.open:
                pixels.html(_PIXEL_STYLE + build_pixel_table(image))
            redraw = {"from": f"{split}-{index}", "dataset": digits.name} | ({"run": run.id} if run else {})
            st.page_link("views/draw.py", label="Redraw it", query_params=redraw)
    if probabilities is not None:
        table = pd.DataFrame({"Digit": range(10), "Probability": probabilities})
        render_figure(load_figure(plot_probabilities, probabilities, label), table, key=f"{key}-probabilities")
    if run:
        render_why_of_run(run, image, key=f"{key}-why", true=label)
    if split == "test":
        _render_stored_answers(digits, index, label)
    else:
        _render_asked_answers(digits, image, label, key)


def render_picture(image: NDArray[np.uint8], scale: int, *, alt: str) -> None:
    """Draw a digit as a network sees it: white on black, every pixel a sharp square.

    Args:
        image: (28, 28) uint8.
        scale: side of such a square in pixels, at least 1.
        alt: what it shows, for those who cannot see it.
    """
    # Within the page: as a file of its own it may be gone before a slow browser asks for it, once another is drawn.
    content = base64.b64encode(make_picture(image, scale)).decode("ascii")
    st.image(f"data:image/png;base64,{content}", width=28 * scale, alt=alt)


def build_pixel_table(image: NDArray[np.uint8]) -> str:
    """Return a digit's pixel values as a table in HTML, each cell as grey as its pixel.

    Args:
        image: (28, 28) uint8.
    """
    rows = ["".join(map(_build_pixel, row)) for row in image.tolist()]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="pixels"><table aria-label="Pixel values, 0 to 255">{body}</table></div>'


def _build_pixel(value: int) -> str:
    ink = "#777" if value == 0 else "#fff" if value < 116 else "#000"
    return f'<td style="background:rgb({value},{value},{value});color:{ink}">{value}</td>'


def _describe_verdict(label: int, probabilities: NDArray[np.float32] | None) -> str:
    """Write '4', or with a run's answer '4 ✓ 98.2 %' or '4 → 9 98.2 %', as beneath the tiles."""
    if probabilities is None:
        return f"Label {label}"
    predicted = int(probabilities.argmax())
    sure = format_probability(float(probabilities[predicted]))
    return f":blue[{label} ✓] {sure}" if predicted == label else f":orange[{label} → {predicted}] {sure}"


def _render_stored_answers(digits: DigitData, index: int, label: int) -> None:
    """Draw what each evaluated run says of a test digit, from its stored predictions."""
    answers = []
    for entry in _list_runs_of(digits, state.has_report)[:MOST_STORED]:
        try:
            answers.append((entry, loaders.load_predictions(entry.run).probabilities[index]))
        except CoreError as error:
            st.caption(escape_error(error))
    if not answers:
        st.caption("No finished run has been tested on these digits yet, so there is nothing to compare.")
        return
    _render_answers(answers, label)


def _render_asked_answers(digits: DigitData, image: NDArray[np.uint8], label: int, key: str) -> None:
    """Draw what the networks of finished runs say of a training digit, worked out when it is asked for."""
    entries = _list_runs_of(digits, state.has_model)[:MOST_ASKED]
    if not entries:
        st.caption("No finished run has a network for these digits yet, so there is nothing to ask.")
        return
    if not st.toggle("Ask the networks of finished runs", key=f"{key}-ask"):
        return
    with st.spinner("Asking the networks …"):
        from core.evaluation.predict import predict_probabilities

        answers = []
        for entry in entries:
            try:
                classifier = loaders.load_classifier(entry.run)
            except CoreError as error:
                st.caption(escape_error(error))
                continue
            answers.append((entry, predict_probabilities(classifier, image[None])[0]))
    _render_answers(answers, label)
    st.caption("Most of them were trained on this very digit, so a right answer here proves little.")


def _list_runs_of(digits: DigitData, accepts: Callable[[RunEntry], bool]) -> list[RunEntry]:
    """Return the completed runs that were trained on exactly these digits and pass the test, newest first."""
    return [
        entry
        for entry in state.list_runs()
        if entry.state == "completed"
        and entry.record is not None
        and (entry.record.dataset, entry.record.dataset_checksum) == (digits.name, digits.checksum)
        and accepts(entry)
    ]


def _render_answers(answers: list[tuple[RunEntry, NDArray[np.float32]]], label: int) -> None:
    """Draw one row for each run: its answer, how sure it is, and what it gives the true digit."""
    right = sum(int(probabilities.argmax()) == label for _, probabilities in answers)
    st.markdown(f"**{right} of {len(answers)}** finished runs read it as {label}")
    table = pd.DataFrame(
        {
            "Says": [_describe_answer(label, int(probabilities.argmax())) for _, probabilities in answers],
            "Sure": [float(probabilities.max()) for _, probabilities in answers],
            f"Gives {label}": [float(probabilities[label]) for _, probabilities in answers],
            "Run": [state.describe_entry(entry) for entry, _ in answers],
        }
    )
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        table,
        hide_index=True,
        column_config={"Sure": percent, f"Gives {label}": percent},
        alt=f"What {len(answers)} finished runs say of the digit; {right} of them read it as {label}",
    )


def _describe_answer(label: int, predicted: int) -> str:
    return f"{predicted} ✓" if predicted == label else f"{predicted} ✗"
