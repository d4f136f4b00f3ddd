"""Reading pictures: find the digits, prepare each as MNIST was, classify them all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.ink import prepare_picture
from core.evaluation.predict import predict_probabilities

if TYPE_CHECKING:
    from core.data.ink import Preparation
    from core.evaluation.predict import Classifier


@dataclass(frozen=True)
class ReadDigit:
    """One digit found in a picture.

    Attributes:
        preparation: its way from the picture to 28×28.
        probabilities: (10,) float32.
    """

    preparation: Preparation
    probabilities: np.ndarray

    @property
    def label(self) -> int:
        """The most probable digit."""
        return int(self.probabilities.argmax())

    def describe(self) -> dict[str, Any]:
        """Return label, probability, all ten probabilities and box (left, top, right, bottom) in pixels, for JSON."""
        return {
            "label": self.label,
            "probability": float(self.probabilities.max()),
            "probabilities": [float(value) for value in self.probabilities],
            "box": [int(value) for value in self.preparation.box],
        }


def read_digits(classifier: Classifier, picture: np.ndarray) -> list[ReadDigit]:
    """Return the digits in a picture (h, w) uint8, left to right; none if it shows no ink."""
    preparations = prepare_picture(picture)
    if not preparations:
        return []
    probabilities = predict_probabilities(classifier, np.stack([one.image for one in preparations]))
    return [ReadDigit(*pair) for pair in zip(preparations, probabilities, strict=True)]
