"""What a network reads in a picture, read once: a page is drawn again far more often than its pictures change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.predict import Classifier
    from core.evaluation.read import ReadNumber

# As many as a page shows at once, and some.
_MOST = 24
_READ = "numbers_read"


def read_once(classifier: Classifier, picture: NDArray[np.uint8]) -> list[ReadNumber]:
    """Return the lines of digits in a picture (h, w) uint8 grey; the last ones of a session are not read again."""
    from core.drawings.store import compute_fingerprint

    # The network itself is kept too: another one could come to lie where it was in memory.
    read: dict[tuple[int, str], tuple[Classifier, list[ReadNumber]]] = st.session_state.setdefault(_READ, {})
    key = (id(classifier), compute_fingerprint(picture))
    if key not in read:
        from core.evaluation.judge import read_drawing

        read[key] = (classifier, read_drawing(classifier, picture))
        if len(read) > _MOST:
            del read[next(iter(read))]
    return read[key][1]
