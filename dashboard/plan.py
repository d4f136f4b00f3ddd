"""What a run will be before it starts: parameters, layers, learning rate over its steps, and how long it will take."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.curves import Curve, plot_curves
from core.charts.words import format_seconds
from core.config import TrainConfig, parse_config
from core.errors import CoreError
from dashboard.figure import render_figure
from dashboard.layer_table import render_layers
from dashboard.layout import escape_error

if TYPE_CHECKING:
    from core.models.summary import LayerSummary

POLL_S = 0.4
SCHEDULE_POINTS = 300
_TIMED = "plan_timing"
# A change of these changes nothing that is shown here.
_WITHOUT_EFFECT = {"seed"}


@dataclass(frozen=True)
class Outline:
    """What a config builds.

    Attributes:
        parameters: trainable ones.
        layers: in the order they run.
        steps: some of the run's steps, counted from 1.
        rates: learning rate at each of them.
    """

    parameters: int
    layers: list[LayerSummary]
    steps: list[int]
    rates: list[float]


def build_outline(config: TrainConfig) -> Outline:
    """Build the network without memory for its weights, and follow the schedule. Imports PyTorch."""
    import torch

    from core.models.summary import count_parameters, summarize
    from core.training.optim import compute_lr_factor
    from core.training.state import build_network

    with torch.device("meta"):
        network = build_network(config)
        layers = summarize(network)
    last = config.total_steps - 1
    steps = sorted({round(last * i / (SCHEDULE_POINTS - 1)) for i in range(SCHEDULE_POINTS)})
    rates = [config.optimizer.learning_rate * compute_lr_factor(config, step) for step in steps]
    return Outline(count_parameters(network), layers, [step + 1 for step in steps], rates)


def render_plan(config: TrainConfig, *, is_busy: bool, polls: bool) -> None:
    """Draw the figures of a config, each as soon as it is known; nothing on the page waits for them.

    Args:
        config: valid settings.
        is_busy: whether a run trains now; timing would slow it down and be wrong, so it is not done.
        polls: draw the figures as soon as they are known. Where something else polls on the page, they come with the
            next change of the page instead: several polling fragments can write into each other's places.
    """
    key = _make_key(config)
    outline = _request_outline(key)
    _cancel_other_timing(key)
    seconds = None if is_busy else _request_seconds(key)
    st.session_state[_TIMED] = None if seconds is None else (key, seconds)
    is_ready = all(future is None or future.done() for future in (outline, seconds))
    st.fragment(_render, run_every=POLL_S if polls and not is_ready else None)(
        config, outline, seconds, was_ready=is_ready or not polls
    )


def _cancel_other_timing(key: str) -> None:
    """Take back the timing of settings that have since been changed, unless it has begun."""
    other: tuple[str, Future[float]] | None = st.session_state.get(_TIMED)
    if other and other[0] != key and other[1].cancel():
        _request_seconds.clear(other[0])


def _render(config: TrainConfig, outline: Future[Outline], seconds: Future[float] | None, *, was_ready: bool) -> None:
    if not was_ready and all(future is None or future.done() for future in (outline, seconds)):
        st.rerun()
    try:
        known = outline.result() if outline.done() else None
        duration = seconds.result() if seconds is not None and seconds.done() and not seconds.cancelled() else None
    except CoreError as error:
        st.error(escape_error(error))
        # What is missing, such as a teacher, may be there next time.
        _request_seconds.clear(_make_key(config))
        return
    figures, chart = st.columns([2, 3])
    with figures:
        _render_figures(config, known, duration, is_busy=seconds is None)
    with chart:
        _render_schedule(config, known)
    with st.expander("Layers", key="layers"):
        if known is None:
            st.caption("Building the network …")
        else:
            render_layers(known.layers)


def _render_figures(config: TrainConfig, outline: Outline | None, seconds: float | None, *, is_busy: bool) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{outline.parameters:,}" if outline else "…", width="content")
        st.metric(
            "Training time",
            "—" if is_busy else f"≈ {format_seconds(seconds)}" if seconds is not None else "…",
            width="content",
            help="A few steps were timed on this machine. Start, validation and the final evaluation take some "
            "seconds more, and so does whatever else the machine does meanwhile.",
        )
    if is_busy:
        st.caption("The time is not estimated while another run trains: timing would slow it down, and be wrong.")
    digits = f"{config.train_size:,} digits to train on and {config.validation_size:,} to validate"
    steps = f"{config.total_steps:,} steps of {min(config.loop.batch_size, config.train_size):,} digits"
    epochs = "1 epoch makes" if config.loop.epochs == 1 else f"{config.loop.epochs:g} epochs make"
    st.caption(f"{digits}. {epochs} {steps}.")


def _render_schedule(config: TrainConfig, outline: Outline | None) -> None:
    if outline is None:
        st.caption("Building the network …")
        return
    if config.schedule.name == "plateau":
        drop = f"times {config.schedule.gamma:g} after {config.schedule.patience} epochs without a lower one"
        st.caption(f"The learning rate starts at the line and falls with the validation loss: {drop}.")
    figure = plot_curves([Curve("Learning rate", outline.steps, outline.rates)], "Step", "Learning rate", ".3g")
    figure.update_traces(mode="lines").update_layout(height=190).update_yaxes(rangemode="tozero")
    table = pd.DataFrame({"Step": outline.steps, "Learning rate": outline.rates})
    render_figure(figure, table, key="schedule")


def _make_key(config: TrainConfig) -> str:
    values = config.model_dump()
    values["runtime"] = {name: value for name, value in values["runtime"].items() if name not in _WITHOUT_EFFECT}
    return json.dumps(values)


@st.cache_resource(show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    # One thread for all: two timings at once would spoil each other.
    return ThreadPoolExecutor(1, thread_name_prefix="plan")


@st.cache_resource(max_entries=64, show_spinner=False)
def _request_outline(key: str) -> Future[Outline]:
    return _worker().submit(build_outline, parse_config(json.loads(key)))


@st.cache_resource(max_entries=64, show_spinner=False)
def _request_seconds(key: str) -> Future[float]:
    return _worker().submit(_estimate, parse_config(json.loads(key)))


def _estimate(config: TrainConfig) -> float:
    # Here and not above: PyTorch takes seconds to import.
    from core.evaluation.teacher import load_teacher
    from core.models.forward import check_device, choose_device
    from core.training.estimate import estimate_seconds

    check_device(config)
    return estimate_seconds(config, load_teacher(config, choose_device(config)))
