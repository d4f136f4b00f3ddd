"""A page with the three components and nothing else; the browser tests drive it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import streamlit as st
from PIL import Image
from sklearn.datasets import load_digits

from dashboard.gallery import Caption, render_sheet
from dashboard.live_chart import Series, render_live_chart
from dashboard.matrix import Selection, render_matrix

N = 200
FIRST = 1000  # dataset indices start here, so that a place on the sheet cannot pass for one


@st.cache_data
def load_tiles() -> tuple[np.ndarray, np.ndarray]:
    bunch = load_digits()
    grey = (bunch.images[:N] * (255 / 16)).astype(np.uint8)
    tiles = [np.asarray(Image.fromarray(image).resize((28, 28), Image.Resampling.BICUBIC)) for image in grey]
    return np.stack(tiles), bunch.target[:N]


def show_sheet() -> None:
    images, labels = load_tiles()
    captions = []
    for place, label in enumerate(labels.tolist()):
        predicted = None if place % 10 == 9 else (label + 5) % 10 if place % 7 == 3 else label
        probability = None if predicted is None else 0.982 if predicted != label else 1 - 0.0001 * (place % 30)
        captions.append(Caption(FIRST + place, label, predicted, probability))
    if st.toggle("No digits", key="none"):
        images, captions = images[:0], []
    clicked = render_sheet(
        images, captions, key="sheet", selected=st.session_state.get("chosen"), label="Sample of digits"
    )
    if clicked is not None:
        st.session_state["clicks"] = st.session_state.get("clicks", 0) + 1
    st.text(f"digit {clicked} click {st.session_state.get('clicks', 0)}")
    if clicked is not None and clicked != st.session_state.get("chosen"):
        st.session_state["chosen"] = clicked


def show_matrix() -> None:
    rng = np.random.default_rng(0)
    counts = np.where(rng.random((10, 10)) < 0.6, rng.integers(0, 14, (10, 10)), 0)
    np.fill_diagonal(counts, rng.integers(880, 1130, 10))
    counts[4, 9] = 12
    mode = st.segmented_control("Show", ["counts", "true", "predicted"], default="counts", key="mode")
    hide = st.toggle("Hide the diagonal", key="hide")
    clicked = render_matrix(
        counts, key="matrix", mode=mode or "counts", hide_diagonal=hide, selected=st.session_state.get("place")
    )
    st.text(f"matrix {clicked.true} {clicked.predicted}" if clicked else "matrix nothing")
    if isinstance(clicked, Selection):
        st.session_state["place"] = clicked


@st.fragment(run_every=0.5)
def show_chart() -> None:
    tick = st.session_state["tick"] = st.session_state.get("tick", 0) + 1
    n = 3000 + 100 * tick if st.session_state.get("long") else 100 * tick
    step = np.arange(1, n + 1) * 10.0
    loss = 2.3 * np.exp(-step / 4000) + 0.03 + np.random.default_rng(0).normal(0, 0.25, n) ** 2
    epochs = step[99::100]
    render_live_chart(
        [
            Series("training", step.tolist(), loss.tolist()),
            Series("validation", epochs.tolist(), (loss[99::100] * 1.1).tolist(), dashed=True, markers=True),
        ],
        key="chart",
        alt="Loss over the steps of a run, training and validation",
        x_title="step",
        y_title="loss",
        log_y=st.session_state.get("log", False),
        smoothing=0.9,
        baseline=(0.2, "best run 0.2"),
    )
    st.text(f"tick {tick}")


st.set_page_config(page_title="Components", page_icon="✏️", layout="wide")
part = st.query_params.get("part", "all")
if part in ("all", "sheet"):
    show_sheet()
if part in ("all", "matrix"):
    show_matrix()
if part in ("all", "chart"):
    st.toggle("Logarithmic", key="log")
    st.toggle("Long", key="long")
    show_chart()
