"""A small form of the augmentation's settings, and what they make of one digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.config import AugmentConfig, list_fields
from core.recipes import get_recipe
from dashboard.detail import render_picture
from dashboard.settings_form import check_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.config import FieldInfo

# With every setting at zero there would be nothing to see.
START_RECIPE = "resnet-8"
N_SAMPLES = 8
SAMPLE_SCALE = 3


# A slider reruns this much and no more.
@st.fragment
def render_augmentation(image: NDArray[np.uint8], *, key: str) -> None:
    """Draw random samples of a digit and the settings they are drawn with.

    Args:
        image: (28, 28) uint8.
        key: unique on the page.
    """
    samples = st.container(horizontal=True, gap="xsmall")
    seed_key = f"{key}-seed"
    seed = st.session_state.setdefault(seed_key, 0)
    if st.button("New sample", key=f"{key}-new"):
        seed += 1
        st.session_state[seed_key] = seed
    config = render_augment_form(key=key)
    with samples:
        with st.spinner("Drawing samples …"):
            drawn = draw_samples(image, config, seed)
        for number, sample in enumerate(drawn, 1):
            render_picture(sample, SAMPLE_SCALE, alt=f"Augmented sample {number}")


def render_augment_form(*, key: str) -> AugmentConfig:
    """Draw a slider for each setting of the augmentation and return what they say.

    Args:
        key: unique on the page.
    """
    origin, augment = choose_start()
    st.caption(f"They start at the settings of {origin}. Zero is off.")
    start = augment.model_dump()
    fields = [field for field in list_fields() if field.part == "augment"]
    columns = st.columns(2)
    values = {}
    for number, field in enumerate(fields):
        name = field.path.removeprefix("augment.")
        with columns[number % 2]:
            values[name] = _render_slider(field, start[name], f"{key}-{name}")
    return AugmentConfig(**values)


def choose_start() -> tuple[str, AugmentConfig]:
    """Return where the sliders start and in whose name: at the settings on Train if they augment, else a recipe's."""
    name = st.session_state.get("recipe")
    if name:
        config, _ = check_settings(get_recipe(name).config, name)
        if config and config.augment != AugmentConfig():
            return f"Train ({name})", config.augment
    return f"the recipe {START_RECIPE}", get_recipe(START_RECIPE).config.augment


def draw_samples(image: NDArray[np.uint8], config: AugmentConfig, seed: int) -> NDArray[np.uint8]:
    """Return random changes of a digit as training would see them, (N_SAMPLES, 28, 28) uint8.

    Args:
        image: (28, 28) uint8.
        config: which changes, and how far.
        seed: of all chance; the same one gives the same samples.
    """
    # Here and not above: PyTorch takes seconds to import.
    import torch

    from core.data.augment import augment

    copies = torch.from_numpy(np.repeat(image[None, None], N_SAMPLES, axis=0)).float() / 255  # (n, 1, 28, 28)
    changed = augment(copies, config, torch.Generator().manual_seed(seed))
    return (changed[:, 0] * 255).round().byte().numpy()


def _render_slider(field: FieldInfo, start: float, key: str) -> float:
    step = field.step or 1.0
    low = (field.minimum or 0.0) + (step if field.exclusive_minimum else 0.0)
    label = f"{field.label} ({field.unit})" if field.unit else field.label
    return st.slider(label, low, float(field.maximum or 1.0), float(start), step, "%g", help=field.help, key=key)
