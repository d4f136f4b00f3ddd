"""Data: browse the digits, by label, ink or difficulty, and see what they have in common."""

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.dataset import plot_class_balance, plot_heatmap_image, plot_ink_histogram
from core.data import datasets
from core.data.catalog import DATASETS, get_dataset_spec
from core.data.statistics import compute_class_counts
from core.errors import CoreError
from core.evaluation.select import DigitFilter, find_digits
from dashboard import loaders, state
from dashboard.answers import build_captions, choose_digit, read_chosen_digit, render_steps
from dashboard.augmentation import render_augmentation
from dashboard.detail import render_detail
from dashboard.figure import load_figure, render_figure
from dashboard.gallery import Caption, render_sheet
from dashboard.layout import escape_error, render_header, side_by_side
from dashboard.notice import render_dataset_notice

PER_PAGE = 200
PAGE = "data_page"
GO_TO = "go_to"
# What is chosen stands in the address in these words.
SPLITS = {"Training": "train", "Test": "test"}
ORDERS = ["number", "most ink", "least ink"]
RUN_ORDERS = {"least probable truth": "loss", "surest wrong answer": "confidence"}


def show_first_page():
    """Go back to the first page of the sheet."""
    st.session_state[PAGE] = 1


def leave_split():
    """Close the digit, whose number means another one in another split, and go back to the first page."""
    choose_digit(None)
    show_first_page()


def go_to_number():
    """Open the digit whose number was entered, on the page of the sheet that shows it."""
    if st.session_state[GO_TO] is not None:
        choose_digit(st.session_state[GO_TO])
        st.session_state.pop(PAGE, None)


def choose_part():
    """Draw the choice of dataset and split and return the digits and the split's name."""
    names = [spec.name for spec in DATASETS if datasets.is_cached(spec.name)]
    name = names[0]
    if len(names) > 1:
        name = st.segmented_control(
            "Dataset",
            names,
            format_func=lambda name: get_dataset_spec(name).title,
            default=names[0],
            required=True,
            key="dataset",
            on_change=leave_split,
            bind="query-params",
        )
    split = st.segmented_control(
        "Split",
        list(SPLITS),
        default="Training",
        required=True,
        key="split",
        on_change=leave_split,
        bind="query-params",
    )
    return loaders.load_dataset(name), SPLITS[split]


def list_runs_of(data):
    """Return the runs that were tested on exactly these digits, newest first."""
    wanted = (data.name, data.checksum)
    entries = [entry for entry in state.list_runs() if state.has_report(entry)]
    return [entry for entry in entries if (entry.record.dataset, entry.record.dataset_checksum) == wanted]


def load_answers(run, data, split):
    """Return what a run says of a split: stored for the test digits, worked out for those it was trained on."""
    return loaders.load_predictions(run) if split == "test" else loaders.predict_training(run, data)


def sort_digits(data, split, order, answers):
    """Return the indices of all digits of a split in the order asked for, which for a run is by difficulty."""
    if answers is not None:
        return find_digits(answers, DigitFilter(), by=RUN_ORDERS[order])
    if order == "number":
        return np.arange(len(getattr(data, split).labels))
    ink = loaders.load_ink(data, split)
    return np.argsort(-ink if order == "most ink" else ink, kind="stable")


def open_digit(index, indices):
    """Put a digit into the address and turn to the page of the sheet that shows it."""
    choose_digit(index)
    places = (indices == index).nonzero()[0]
    if places.size:
        st.session_state[PAGE] = int(places[0]) // PER_PAGE + 1


@st.fragment
def render_page(part, indices, answers, chosen, only):
    """Draw one page of the sheet, by itself when only the page is turned; a click opens a digit on the whole page."""
    n_pages = max(1, -(-len(indices) // PER_PAGE))
    page = st.session_state[PAGE] = min(st.session_state.setdefault(PAGE, 1), n_pages)
    first = (page - 1) * PER_PAGE
    shown = indices[first : first + PER_PAGE]
    what = "digits" if not only else f"digits labelled {', '.join(map(str, sorted(only)))}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{len(indices):,}** {what}; showing {first + 1:,} to {first + len(shown):,}")
        if n_pages > 1:
            st.pagination(n_pages, key=PAGE, max_visible_pages=5)
    if answers is None:
        captions = [Caption(index, int(part.labels[index])) for index in shown.tolist()]
    else:
        captions = build_captions(answers, shown)
    clicked = render_sheet(part.images[shown], captions, key="sheet", selected=chosen, tile_px=42, label="Digits")
    if clicked is not None and clicked != chosen:
        choose_digit(clicked)
        st.rerun()


def render_statistics(data, split):
    """Draw what the digits of the split have in common, while none of them is open."""
    st.caption("Click a digit to see what a network sees of it, or look at what they have in common.")
    names = ["How many", "Mean", "Variance", "Ink"]
    # Only the open one is worked out and sent.
    balance, mean, variance, ink = st.tabs(names, key="statistics", on_change="rerun")
    part = getattr(data, split)
    digits = [str(digit) for digit in range(10)]
    if balance.open:
        counts = {name: compute_class_counts(getattr(data, split).labels) for name, split in SPLITS.items()}
        with balance:
            table = pd.DataFrame({"Digit": digits, **counts})
            render_figure(load_figure(plot_class_balance, counts), table, key="class_balance")
    for tab, title, number in ((mean, "Mean", 0), (variance, "Variance", 1)):
        if tab.open:
            with tab:
                images = loaders.load_class_images(data, split)[number]
                dark = st.context.theme.type == "dark"
                means = pd.DataFrame({"Digit": digits, f"{title}, averaged over pixels": images.mean(axis=(1, 2))})
                figure = load_figure(plot_heatmap_image, images, title, dark)
                render_figure(figure, means, key=f"class_{title.lower()}")
    if ink.open:
        with ink:
            values = loaders.load_ink(data, split)
            medians = [np.median(values[part.labels == digit]) for digit in range(10)]
            table = pd.DataFrame({"Digit": digits, "Median of mean ink": medians})
            render_figure(load_figure(plot_ink_histogram, values, part.labels), table, key="ink")


def render_open_digit(data, split, index, indices, run):
    """Draw the digit that is open, and what augmentation makes of it on request."""
    render_steps(indices, index, lambda chosen: open_digit(chosen, indices))
    render_detail(data, split, index, key="digit_detail", run=run)
    augmentation = st.expander("What augmentation makes of it", key="augmentation", on_change="rerun")
    if augmentation.open:
        with augmentation:
            render_augmentation(getattr(data, split).images[index], key="augment")


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Data", "The handwritten digits themselves: browse them, filter them, click one to see it closely.")
render_dataset_notice(polls=True)
try:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        data, split = choose_part()
        part = getattr(data, split)
        only = st.pills(
            "Only the digits",
            list(range(10)),
            selection_mode="multi",
            key="only",
            on_change=show_first_page,
            bind="query-params",
        )
        runs = list_runs_of(data)
        orders = ORDERS + (list(RUN_ORDERS) if runs else [])
        order = st.selectbox("Order", orders, key="order", width=195, on_change=show_first_page, bind="query-params")
        st.number_input("Go to number", 0, len(part.labels) - 1, None, key=GO_TO, on_change=go_to_number, width=150)
    entry = None
    if order in RUN_ORDERS:
        with choice:
            entry = state.render_run_picker(accepts=lambda _: True, label="Hardest for the run", entries=runs)
    answers = load_answers(entry.run, data, split) if entry else None
    indices = sort_digits(data, split, order, answers)
    if only:
        indices = indices[np.isin(part.labels[indices], only)]
    chosen = read_chosen_digit(len(part.labels))
    if chosen is not None and PAGE not in st.session_state:
        open_digit(chosen, indices)
    with side_by_side("data") as (main, companion):
        with main:
            render_page(part, indices, answers, chosen, only)
        with companion:
            if chosen is None:
                render_statistics(data, split)
            else:
                with st.container(key="open-digit"):
                    render_open_digit(data, split, chosen, indices, entry.run if entry else None)
except CoreError as error:
    st.error(escape_error(error))
    st.stop()
