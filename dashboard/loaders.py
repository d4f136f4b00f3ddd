"""Everything the pages load, through bounded caches keyed by the files' own times, so that nothing shown is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core import paths
from core.data import datasets
from core.data.datasets import DigitData
from core.data.statistics import compute_class_images, compute_ink, compute_mean_images
from core.drawings.store import load_drawing, make_thumbnail
from core.models.catalog import get_model_spec
from core.runs import store
from core.runs.store import Run

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from core.config import TrainConfig
    from core.drawings.store import Drawing
    from core.evaluation.judge import Reading
    from core.evaluation.predict import Classifier
    from core.evaluation.predictions import Predictions
    from core.explain.neighbours import FeatureIndex
    from core.models.summary import LayerSummary

# Of one run: a whole set of kept drawings, and as many again that were only drawn.
_MOST_READINGS = 2000
_MOST_NETWORKS = 16


def choose_dataset() -> str:
    """Return the dataset to show: MNIST if it is on the disk, else the digits bundled with scikit-learn."""
    return "mnist" if datasets.is_cached("mnist") else "sklearn-digits"


def load_dataset(name: str) -> DigitData:
    """Return a dataset; it is kept once per process by core itself."""
    return datasets.load(name)


# What a dataset holds is known by its checksum; hashing its pixels again would cost more than what is cached.
BY_CHECKSUM = {DigitData: lambda data: data.checksum}


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_CHECKSUM)
def load_ink(data: DigitData, split: str) -> NDArray[np.float64]:
    """Return the mean ink of each digit of a split, (n,) fractions."""
    return compute_ink(getattr(data, split).images)


@st.cache_data(max_entries=8, show_spinner="Averaging the digits …", hash_funcs=BY_CHECKSUM)
def load_class_images(data: DigitData, split: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the variance image of each class of a split, each (10, 28, 28)."""
    part = getattr(data, split)
    return compute_class_images(part.images, part.labels)


def load_report(run: Run) -> dict[str, Any]:
    """Return the run's report.json. Raises RunError if it has none."""
    return _load_report(run.path, _modified(run.path / "report.json"))


def load_predictions(run: Run) -> Predictions:
    """Return the run's test probabilities. Raises RunError if it has none."""
    return _load_predictions(run.path, _modified(run.path / "test.npz"))


def load_cell_images(run: Run, data: DigitData) -> NDArray[np.uint8]:
    """Return the mean picture of the test digits in each cell of the run's confusion matrix, (10, 10, 28, 28).

    Raises:
        RunError: if it has no test probabilities.
    """
    return _load_cell_images(run.path, _modified(run.path / "test.npz"), data)


def load_scaled_predictions(run: Run, temperature: float) -> Predictions:
    """Return the run's test probabilities after temperature scaling. Raises RunError if it has none."""
    return _load_scaled_predictions(run.path, _modified(run.path / "test.npz"), temperature)


def predict_training(run: Run, data: DigitData) -> Predictions:
    """Return what the run says of every training digit, in one view; it reads them all, which takes seconds."""
    return _predict_training(run.path, _stamp_weights(run), data)


def load_feature_index(run: Run, data: DigitData) -> FeatureIndex:
    """Return the run's training digits in its own feature space; the network reads them all, which takes seconds."""
    return _load_feature_index(run.path, _stamp_weights(run), data)


def load_classifier(run: Run) -> Classifier:
    """Return the run's network, ready to predict. Imports PyTorch. Raises CoreError if it has none."""
    return _load_classifier(run.path, _stamp_weights(run))


def load_layers(config: TrainConfig) -> list[LayerSummary]:
    """Return the layers of a config's network, in the order they run. Imports PyTorch."""
    return _load_layers(config.model.name, config.model.dropout, config.model.width)


def read_drawing(run: Run, fingerprint: str, picture: NDArray[np.uint8]) -> Reading:
    """Return what the run reads in a drawing (h, w) uint8, once for each drawing. Raises CoreError without weights.

    Args:
        run: any with weights.
        fingerprint: stands for the picture.
        picture: the drawing.
    """
    readings = _load_readings(run.path, _stamp_weights(run))
    if fingerprint not in readings:
        from core.evaluation.judge import read_drawing, summarize_reading

        if len(readings) >= _MOST_READINGS:
            readings.pop(next(iter(readings)), None)
        readings[fingerprint] = summarize_reading(read_drawing(load_classifier(run), picture))
    return readings[fingerprint]


def read_kept_drawing(run: Run, drawing: Drawing) -> Reading:
    """Return what the run reads in a kept drawing, whose file is opened only if it was not read before.

    Raises:
        CoreError: if the run has no weights, or the drawing is gone or damaged.
    """
    known = _load_readings(run.path, _stamp_weights(run)).get(drawing.fingerprint)
    return known or read_drawing(run, drawing.fingerprint, load_drawing(drawing))


def load_thumbnail(drawing: Drawing) -> NDArray[np.uint8]:
    """Return a kept drawing as a tile (28, 28) uint8: a digit as networks see it, a number as a whole.

    Raises:
        CoreError: if it is gone or damaged.
    """
    thumbnails, key = _load_thumbnails(), (drawing.path, _modified(drawing.path))
    if key not in thumbnails:
        if len(thumbnails) >= _MOST_READINGS:
            thumbnails.pop(next(iter(thumbnails)), None)
        thumbnails[key] = make_thumbnail(load_drawing(drawing))
    return thumbnails[key]


def _stamp_weights(run: Run) -> tuple[int, ...]:
    """Return when the weights that a run predicts with last changed: its own, and those of an ensemble's members."""
    roots = (paths.runs_dir(), paths.pretrained_dir())
    folders = [run.path, *(root / name for name in store.read_record(run).members for root in roots)]
    return tuple(_modified(folder / "model.safetensors") for folder in folders)


def _modified(path: Path) -> int:
    """Return a file's time of change in nanoseconds, 0 if it is not there (loading it then says so)."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_data(max_entries=64, show_spinner="Building the network …")
def _load_layers(name: str, dropout: float | None, width: float) -> list[LayerSummary]:
    import torch

    from core.models.summary import summarize

    # Without memory for its weights, which nobody looks at.
    with torch.device("meta"):
        return summarize(get_model_spec(name).build(dropout, width))


@st.cache_data(max_entries=64, show_spinner=False)
def _load_report(path: Path, modified_ns: int) -> dict[str, Any]:  # noqa: ARG001  (a key)
    from core.evaluation.report import load_report

    return load_report(Run(path))


@st.cache_resource(max_entries=32, show_spinner=False)
def _load_predictions(path: Path, modified_ns: int) -> Predictions:  # noqa: ARG001  (a key)
    from core.evaluation.report import load_predictions

    return load_predictions(Run(path))


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_CHECKSUM)
def _load_cell_images(path: Path, modified_ns: int, data: DigitData) -> NDArray[np.uint8]:
    answers = _load_predictions(path, modified_ns)
    cells = answers.labels * 10 + answers.predictions
    return compute_mean_images(data.test.images, cells, 100).reshape(10, 10, 28, 28)


@st.cache_resource(max_entries=16, show_spinner=False)
def _load_scaled_predictions(path: Path, modified_ns: int, temperature: float) -> Predictions:
    from core.evaluation.calibration import scale

    return scale(_load_predictions(path, modified_ns), temperature)


@st.cache_resource(max_entries=4, show_spinner="The network reads all training digits …", hash_funcs=BY_CHECKSUM)
def _predict_training(path: Path, modified_ns: tuple[int, ...], data: DigitData) -> Predictions:  # noqa: ARG001  (a key)
    from core.evaluation.predict import predict_probabilities
    from core.evaluation.predictions import Predictions

    # All views of 60,000 digits would take minutes, and put them into nearly the same order.
    classifier = load_classifier(Run(path))
    probabilities = predict_probabilities(classifier, data.train.images, test_time_augmentation=False)
    return Predictions(probabilities, data.train.labels)


# Tens of megabytes each, so only two: a run and the one it is compared with.
@st.cache_resource(max_entries=2, show_spinner="The network reads all training digits …", hash_funcs=BY_CHECKSUM)
def _load_feature_index(path: Path, modified_ns: tuple[int, ...], data: DigitData) -> FeatureIndex:  # noqa: ARG001  (a key)
    from core.explain.neighbours import build_index

    return build_index(load_classifier(Run(path)), data.train)


# Of each run, filled drawing by drawing: a new one must not have the others read again.
@st.cache_resource(max_entries=32, show_spinner=False)
def _load_readings(path: Path, modified_ns: tuple[int, ...]) -> dict[str, Reading]:  # noqa: ARG001  (a key)
    return {}


@st.cache_resource(show_spinner=False)
def _load_thumbnails() -> dict[tuple[Path, int], NDArray[np.uint8]]:
    return {}


@st.cache_resource(max_entries=_MOST_NETWORKS, show_spinner="Loading the network …")
def _load_classifier(path: Path, modified_ns: tuple[int, ...]) -> Classifier:  # noqa: ARG001  (a key)
    from core.evaluation.predict import load_classifier

    return load_classifier(Run(path))
