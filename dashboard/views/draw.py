"""Draw: have a network read a digit drawn here, or a picture of digits."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from core.errors import CoreError
from dashboard import loaders, state
from dashboard.canvas import SIDE_PX, render_canvas
from dashboard.gallery import format_probability
from dashboard.layout import render_header
from dashboard.notice import render_dataset_notice
from dashboard.quick_start import render_sprint_button
from dashboard.tiles import make_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from core.evaluation.predict import Classifier
    from core.evaluation.read import ReadDigit
    from core.runs.store import RunEntry

PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"]
# An uploaded picture is shown about as large as this at least and at most; it is read as it is.
LEAST_PX, MOST_PX = 160, 640
STYLE = """
<style>
.st-key-answer { flex: 1 1 20rem; min-width: min(20rem, 100%); }
.reading { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; --accent: light-dark(#1f4f8b, #6fa3dc); }
.reading h2 { flex: 1 0 100%; margin: 0; padding: 0; font-size: 1.5rem; min-height: 1.2em; }
.reading h2:has(small) { font-size: 2.6rem; line-height: 1; }
.reading h2.nothing { font-size: 1.2rem; }
.reading h2 small { font-size: 1.1rem; font-weight: 400; }
.reading .digit { display: flex; flex-wrap: wrap; gap: .5rem 1rem; flex: 0 1 8.5rem; min-width: 8.5rem; }
.reading .digit.only { flex: 1 1 20rem; }
.reading img { image-rendering: pixelated; background: #000; width: 112px; height: 112px; }
.reading .only img { width: 140px; height: 140px; }
.reading figure { margin: 0; }
.reading figcaption { font-size: .8rem; opacity: .75; }
.reading ul { list-style: none; margin: 0; padding: 0; flex: 1 1 8rem; max-width: 24rem; font-size: .85rem; }
.reading li { display: grid; grid-template-columns: 1rem 1fr 3.6rem; align-items: center; margin: 0; line-height: 1.3; }
.reading li span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.reading li.best { font-weight: 700; }
.reading i { display: block; height: .7rem; min-width: 1px; background: currentColor; opacity: .45; }
.reading .best i { background: var(--accent); opacity: 1; }
.boxed { position: relative; display: inline-block; max-width: 100%; margin: 1.5rem 0 1rem; }
.boxed img { display: block; max-width: 100%; max-height: 22rem; }
.boxed span { position: absolute; border: 2px solid #2f6fb3; }
.boxed b { position: absolute; left: -2px; bottom: 100%; padding: 0 .3em; line-height: 1.3; }
.boxed b { background: #2f6fb3; color: #fff; }
</style>
"""


def build_bars(probabilities: Sequence[float]) -> str:
    """Return the ten probabilities as a list with bars; the most probable stands out by weight and colour."""
    best = max(range(len(probabilities)), key=lambda digit: probabilities[digit])
    rows = [
        f'<li class="{"best" if digit == best else ""}"><span>{digit}</span>'
        f'<i style="width:{100 * value:.2f}%"></i><span>{format_probability(value)}</span></li>'
        for digit, value in enumerate(probabilities)
    ]
    return f'<ul role="list" aria-label="Probability of each digit">{"".join(rows)}</ul>'


def build_answer(digits: Sequence[ReadDigit]) -> str:
    """Return what was read, left to right: each digit as the network saw it, and its ten probabilities."""
    if len(digits) == 1:
        title = f"{digits[0].label} <small>with {format_probability(float(digits[0].probabilities.max()))}</small>"
    else:
        title = f"Read {len(digits)} digits: {' '.join(str(digit.label) for digit in digits)}"
    parts = [f'<div class="reading"><h2 role="status">{title}</h2>']
    for number, digit in enumerate(digits, 1):
        sure = format_probability(float(digit.probabilities.max()))
        caption = "what the network sees" if len(digits) == 1 else f"{digit.label} with {sure}"
        parts.append(
            f'<div class="digit {"only" if len(digits) == 1 else ""}"><figure>'
            f'<img src="{encode_png(make_picture(digit.preparation.image, 5))}" '
            f'alt="Digit {number} as the network sees it, 28 by 28 pixels, read as {digit.label}">'
            f"<figcaption>{caption}</figcaption></figure>"
            f"{build_bars(digit.probabilities.tolist())}</div>"
        )
    return "".join(parts) + "</div>"


def build_boxed_picture(picture: np.ndarray, digits: Sequence[ReadDigit]) -> str:
    """Return the picture with a box and the answer on each digit that was found in it."""
    height, width = picture.shape
    enlarge = max(1, LEAST_PX // max(height, width))
    shown = Image.fromarray(picture.repeat(enlarge, axis=0).repeat(enlarge, axis=1))
    shown.thumbnail((MOST_PX, MOST_PX))
    buffer = io.BytesIO()
    shown.save(buffer, format="PNG")
    boxes = []
    for digit in digits:
        left, top, right, bottom = digit.preparation.box
        boxes.append(
            f'<span style="left:{100 * left / width:.2f}%;top:{100 * top / height:.2f}%;'
            f'width:{100 * (right - left) / width:.2f}%;height:{100 * (bottom - top) / height:.2f}%">'
            f"<b>{digit.label}</b></span>"
        )
    alt = f"The uploaded picture, with a box around each of the {len(digits)} digits found"
    return f'<div class="boxed"><img src="{encode_png(buffer.getvalue())}" alt="{alt}">{"".join(boxes)}</div>'


def encode_png(png: bytes) -> str:
    """Return the bytes of a PNG as an address that needs no request."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


# A stroke reruns this much and no more.
@st.fragment
def render_drawing(classifier: Classifier) -> None:
    """Draw the sheet of paper and, beside it, what the network reads on it."""
    from core.evaluation.read import read_digits

    # Not columns, which would squeeze the sheet on a tablet before they stack.
    row = st.container(horizontal=True, gap="medium")
    with row.container(width=SIDE_PX):
        picture = render_canvas()
    with row.container(key="answer"):
        digits = [] if picture is None else read_digits(classifier, picture)
        if digits:
            st.html(build_answer(digits))
        else:
            st.html('<div class="reading"><h2 class="nothing">Draw a digit: your answer appears here</h2></div>')
            st.caption("Draw with a mouse, a pen or a finger. Several digits side by side are read one by one.")


@st.fragment
def render_upload(classifier: Classifier) -> None:
    """Draw the uploader and what the network reads in the picture."""
    from core.data.picture import read_picture
    from core.evaluation.read import read_digits

    file = st.file_uploader("A photo or scan of one digit or several", PICTURE_TYPES, key="picture_of_digits")
    if file is None:
        st.caption("Dark ink on light paper or the other way round; it stays on this machine.")
        return
    try:
        picture = read_picture(file.getvalue())
        digits = read_digits(classifier, picture)
    except CoreError as error:
        st.error(str(error))
        return
    if not digits:
        st.warning("No digit was found: the picture shows no ink that stands out from its paper.")
        return
    left, right = st.columns([2, 3], gap="medium")
    left.html(build_boxed_picture(picture, digits))
    right.html(build_answer(digits))


def render_no_model(entries: list[RunEntry]) -> None:
    """Say that there is no network to draw for, and start one, or wait for the one that trains."""
    under_way = [entry for entry in entries if entry.state in ("queued", "running")]
    if under_way:
        st.info("A network is being trained. As soon as it has its first weights you can draw here.")
        st.page_link("views/train.py", label="Watch it on Train", query_params={"run": under_way[0].run.id})
        st.fragment(wait_for_model, run_every=2.0)()
        return
    st.info(
        "There is no trained network yet, so nothing could read your drawing. The quickest takes less than a minute."
    )
    if render_sprint_button("Train sprint"):
        st.rerun()


def wait_for_model() -> None:
    """Draw the page again once a run has weights, or none is under way any more."""
    entries = state.list_runs()
    if any(map(state.has_model, entries)) or not any(entry.state in ("queued", "running") for entry in entries):
        st.rerun()


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Draw", "Draw a digit and see what a trained network makes of it.")
entries = state.list_runs()
with choice:
    entry = state.render_run_picker(accepts=state.has_model, prefers=state.is_completed, entries=entries)
render_dataset_notice()
if entry is None:
    render_no_model(entries)
    st.stop()
try:
    classifier = loaders.load_classifier(entry.run)
except CoreError as error:
    st.error(str(error))
    st.stop()
if not state.is_completed(entry):
    record = entry.record
    st.caption(f"This run is not complete: its network has taken {record.step:,} of {record.total_steps:,} steps.")
st.html(STYLE)
draw, upload = st.tabs(["Draw", "Upload a picture"])
with draw:
    render_drawing(classifier)
with upload:
    render_upload(classifier)
