"""Why a network answers as it does: the evidence in a picture, what would change the answer, and what it resembles."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data import datasets
from core.errors import CoreError
from core.runs import store
from dashboard import loaders
from dashboard.evidence import describe_evidence, make_change_picture, make_evidence_picture
from dashboard.gallery import Caption, format_probability, render_sheet
from dashboard.layout import escape_error
from dashboard.reading import encode_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.data.datasets import DigitData
    from core.evaluation.predict import Classifier
    from core.explain.counterfactual import Change, Kind
    from core.runs.store import Run

VIEWS = ("Evidence", "What if", "Most alike")
METHODS = {
    "integrated-gradients": (
        "Integrated",
        "Integrated gradients: what each pixel's ink adds, compared with blank paper.",
    ),
    "occlusion": ("Occlusion", "Occlusion: what is lost when a patch of 4×4 pixels is blanked out."),
    "gradient": ("Gradient", "Gradient: where a little more ink would speak for it, on paper as on ink."),
    "grad-cam": ("Grad-CAM", "Grad-CAM: which coarse areas the last convolution draws on."),
}
_NO_OTHER = "any other"
_ASKED = "why_asked_last"
_EVIDENCE_PX, _CHANGE_PX = 252, 96
_N_NEAREST = 12


@dataclass(frozen=True)
class _Asked:
    """What would change the answer, of the picture that was asked about last: some hundred are read to find it.

    Attributes:
        classifier: that was asked.
        image: (28, 28) uint8.
        changes: by kind, of those that were asked for.
    """

    classifier: Classifier
    image: NDArray[np.uint8]
    changes: dict[Kind, list[Change]]


@st.fragment
def render_why_of_run(run: Run, image: NDArray[np.uint8], *, key: str, true: int | None = None) -> None:
    """Draw the panel of `render_why_panel`, and draw it alone again when something in it changes."""
    render_why_panel(run, image, key=key, true=true)


def render_why_panel(
    run: Run, image: NDArray[np.uint8], *, key: str, true: int | None = None, is_digit: bool = True
) -> None:
    """Draw a folded panel that loads a run's network and explains its answer once it is opened.

    Args:
        run: whose answer to explain; without a network of its own it says so.
        image: (28, 28) uint8, white ink on black.
        key: unique on the page.
        true: the label, if it is known.
        is_digit: whether it was taken for a digit at all.
    """
    panel = st.expander("Why does it answer so?", key=f"{key}-panel", on_change="rerun")
    if not panel.open:
        return
    with panel:
        try:
            classifier = loaders.load_classifier(run)
        except CoreError as error:
            st.caption(escape_error(error))
            return
        render_why(classifier, image, key=key, true=true, is_digit=is_digit)


def render_why(
    classifier: Classifier, image: NDArray[np.uint8], *, key: str, true: int | None = None, is_digit: bool = True
) -> None:
    """Draw why a network reads a picture as it does; one of three views, each worked out when it is chosen.

    Args:
        classifier: what answers.
        image: (28, 28) uint8, white ink on black.
        key: unique on the page.
        true: the label, if it is known.
        is_digit: whether it was taken for a digit at all.
    """
    from core.evaluation.predict import predict_probabilities

    probabilities = predict_probabilities(classifier, image[None])[0]
    answer = int(probabilities.argmax())
    sure = f"**{answer}** with {format_probability(float(probabilities[answer]))}"
    # The network knows nothing but the ten: that a drawing is none of them is found without it.
    st.markdown(f"It reads {sure}." if is_digit else f"This is taken for no digit; of the ten it would be {sure}.")
    view = st.segmented_control(
        "What to see", VIEWS, default=VIEWS[0], required=True, key=f"{key}-view", label_visibility="collapsed"
    )
    if view == VIEWS[0]:
        _render_evidence(classifier, image, probabilities, key, true)
    elif view == VIEWS[1]:
        _render_changes(classifier, image, answer)
    else:
        _render_nearest(classifier, image, answer, key)


def _render_evidence(
    classifier: Classifier, image: NDArray[np.uint8], probabilities: NDArray[np.float32], key: str, true: int | None
) -> None:
    from core.explain.saliency import explain, list_methods

    methods = list_methods(classifier)
    method = st.segmented_control(
        "Method",
        methods,
        format_func=lambda name: METHODS[name][0],
        default=methods[0],
        required=True,
        key=f"{key}-method",
        label_visibility="collapsed",
    )
    target, other = _choose_digits(image, probabilities, key, true)
    evidence = explain(classifier, image, target, method, other)
    places = describe_evidence(evidence, target, other)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        picture = make_evidence_picture(image, evidence)
        _render_picture(picture, _EVIDENCE_PX, places)
        against = "against it" if other is None else f"against it, for {other}"
        st.caption(f":blue[**+ blue**]: for {target}  \n:orange[**− orange**]: {against}", width=120)
    members = len(classifier.members)
    st.caption(f"{METHODS[method][1]} {places}{f' The mean over {members} networks.' if members > 1 else ''}")


def _choose_digits(
    image: NDArray[np.uint8], probabilities: NDArray[np.float32], key: str, true: int | None
) -> tuple[int, int | None]:
    """Draw the choice of the two digits to weigh; at first the answer, and the truth or else the runner-up."""
    runner_up, answer = (int(digit) for digit in probabilities.argsort(kind="stable")[-2:])
    # Named after the picture: another one begins with its own answer.
    name = f"{key}-{zlib.crc32(image.tobytes())}"
    row = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
    row.markdown("Why", width="content")
    target = row.selectbox("Why", range(10), index=answer, key=f"{name}-target", width=72, label_visibility="collapsed")
    first = true if true is not None and true != target else answer if target != answer else runner_up
    others: list[int | str] = [_NO_OTHER, *(digit for digit in range(10) if digit != target)]
    row.markdown("rather than", width="content")
    other = row.selectbox(
        "rather than",
        others,
        index=others.index(first),
        key=f"{name}-other-{target}",
        width=110,
        label_visibility="collapsed",
    )
    return target, other if isinstance(other, int) else None


def _render_changes(classifier: Classifier, image: NDArray[np.uint8], answer: int) -> None:
    titles: tuple[tuple[Kind, str, str], ...] = (
        ("erase", "Erase what is framed", "No square and no piece with up to half of the ink changes the answer"),
        ("add", "Ink what is framed", "No blot of 2×2 or 4×4 pixels changes the answer"),
    )
    for kind, title, nothing in titles:
        changes = _find_changes(classifier, image, kind)
        if not changes:
            st.caption(f"{nothing} when it is {'erased' if kind == 'erase' else 'added'}: it stays {answer}.")
            continue
        st.markdown(f"**{title}**, and it no longer reads {answer}:")
        with st.container(horizontal=True, gap="xsmall"):
            for change in changes:
                _render_change(image, change)


def _find_changes(classifier: Classifier, image: NDArray[np.uint8], kind: Kind) -> list[Change]:
    """Return what changes the answer; for the picture that was asked about last it is known already."""
    from core.explain.counterfactual import find_changes

    asked: _Asked | None = st.session_state.get(_ASKED)
    if asked is None or asked.classifier is not classifier or not np.array_equal(asked.image, image):
        asked = st.session_state[_ASKED] = _Asked(classifier, image, {})
    if kind not in asked.changes:
        asked.changes[kind] = find_changes(classifier, image, kind)
    return asked.changes[kind]


def _render_change(image: NDArray[np.uint8], change: Change) -> None:
    words = _describe_change(change)
    with st.container(width=_CHANGE_PX, gap="xsmall"):
        _render_picture(make_change_picture(image, change), _CHANGE_PX, words)
        st.caption(f"reads **{change.answer}** ({format_probability(float(change.probabilities.max()))})")


def _render_picture(png: bytes, side_px: int, alt: str) -> None:
    """Draw a square picture within the page: as a file it can be gone before the browser asks for it."""
    st.html(f'<img src="{encode_png(png)}" width="{side_px}" height="{side_px}" alt="{alt}">', width="content")


def _describe_change(change: Change) -> str:
    rows, columns = (np.flatnonzero(change.region.any(axis)) for axis in (1, 0))
    verb, share = ("Erase", "of") if change.kind == "erase" else ("Ink", "added to")
    return (
        f"{verb} rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}, "
        f"{100 * change.ink:.1f} % {share} the ink, and it reads {change.answer} "
        f"with {format_probability(float(change.probabilities.max()))}"
    )


def _render_nearest(classifier: Classifier, image: NDArray[np.uint8], answer: int, key: str) -> None:
    from core.explain.neighbours import find_nearest

    data = _load_digits_of(classifier)
    if data is None:
        st.caption("The digits it was trained on are not on this machine, so there is nothing to compare with.")
        return
    index = loaders.load_feature_index(classifier.run, data)
    nearest = find_nearest(classifier, index, image, _N_NEAREST)
    same = int((nearest.labels == answer).sum())
    st.markdown(f"**{same} of {len(nearest.labels)}** nearest training digits are labelled {answer}.")
    captions = [Caption(n, label) for n, label in zip(nearest.indices.tolist(), nearest.labels.tolist(), strict=True)]
    clicked = render_sheet(
        data.train.images[nearest.indices], captions, key=f"{key}-nearest", label="Nearest training digits"
    )
    whose = "the network" if len(classifier.members) == 1 else "the ensemble's first network"
    st.caption(
        f"Nearest first, of the {len(index.labels):,} digits it was trained on, by what reaches the last layer of "
        f"{whose}. Click one to see it on Data."
    )
    if clicked is not None:
        query = {"dataset": data.title, "split": "Training", "digit": str(clicked)}
        st.switch_page("views/data.py", query_params=query)


def _load_digits_of(classifier: Classifier) -> DigitData | None:
    """Return the dataset that the classifier was trained on; None if it is not here, or no longer the same."""
    record = store.read_record(classifier.run)
    if not datasets.is_cached(record.dataset):
        return None
    data = loaders.load_dataset(record.dataset)
    return data if record.dataset_checksum in ("", data.checksum) else None
