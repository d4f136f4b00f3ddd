"""Home: what this is, how the data stand, the runs so far, and what to do next."""

from datetime import datetime

import streamlit as st

from core.charts.words import format_seconds
from core.errors import CoreError
from core.evaluation.metrics import wilson_interval
from dashboard import loaders, state
from dashboard.gallery import Caption, render_sheet
from dashboard.layout import escape, escape_error, format_share, render_header
from dashboard.notice import render_dataset_notice
from dashboard.quick_start import render_sprint_button

MOST_RUNS = 8
N_SAMPLE = 24
SAMPLE = "home_sample"
ROOMS = (
    ("views/data.py", "Browse the digits", "Look at any of them closely, and see what a network sees."),
    ("views/train.py", "Train a network", "Choose a recipe, change what you like, and watch it learn."),
    ("views/evaluate.py", "See how good it is", "Its accuracy, and which digits it takes for which."),
    ("views/errors.py", "Find its errors", "Every digit it misreads, hardest first, and why."),
    ("views/draw.py", "Draw a digit", "Write one yourself, or upload a photo, and have it read."),
)


def render_first_steps(has_runs):
    """Draw the one button that trains, and the links to the other pages with what they are for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Train a network now" if has_runs else "Train your first network"
        if render_sprint_button(label):
            st.switch_page("views/train.py")
        st.caption("The quickest recipe, sprint: seconds of training, and you watch it learn.", width="content")
    for column, (page, label, purpose) in zip(st.columns(len(ROOMS), gap="small"), ROOMS, strict=True):
        with column.container(border=True, gap="xsmall", height="stretch"):
            st.page_link(page, label=f":blue[**{label}**]", width="stretch")
            st.caption(purpose)


def render_sample():
    """Draw a row of digits, each of which leads to its page, and say in what state the dataset is."""
    with st.spinner("Reading the digits …"):
        data = loaders.load_dataset(loaders.choose_dataset())
    total = len(data.train.labels) + len(data.test.labels)
    checked = ", checked" if data.name == "mnist" else ""
    st.caption(f"{data.title}: {total:,} digits{checked}. Click one to see it closely.")
    captions = [Caption(index, int(data.train.labels[index])) for index in range(N_SAMPLE)]
    clicked = render_sheet(data.train.images[:N_SAMPLE], captions, key=SAMPLE, tile_px=42, label="Some training digits")
    if clicked is not None:
        st.switch_page("views/data.py", query_params={"digit": str(clicked)})


def describe_result(entry):
    """Say in one line how good a run is, or how it stands."""
    record = entry.record
    if record.test_total:
        correct = record.test_correct or 0
        result = format_share(correct, record.test_total, wilson_interval(correct, record.test_total))
        return result if entry.state == "completed" else f"{state.STATE_WORDS[entry.state]}, {result}"
    word = state.STATE_WORDS[entry.state]
    if entry.state == "failed":
        return f":orange[{word}]: {escape(record.error) or 'its log says why'}"
    if entry.state == "running" and record.phase == "evaluating":
        return "trained, being evaluated"
    if entry.state == "queued" or not record.total_steps:
        return word
    return f"{word}, step {record.step:,} of {record.total_steps:,}"


def render_run(entry):
    """Draw a run's line: its name, which leads on, and its result."""
    record = entry.record
    if record is None:
        st.caption(f"{escape(entry.run.id)}: {escape(entry.problem)}")
        return
    page = "views/train.py" if entry.state in ("queued", "running") else "views/evaluate.py"
    when = datetime.fromisoformat(record.created).astimezone().strftime("%d %b %H:%M")
    when = "pretrained" if entry.run.pretrained else when
    spent = f" · {format_seconds(record.train_seconds)}" if record.train_seconds else ""
    dataset = "" if record.dataset == "mnist" else " · bundled digits"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = escape(record.title)
        st.page_link(page, label=f":blue[**{label}**]", width=130, query_params={"run": entry.run.id})
        st.markdown(f"{describe_result(entry)}{dataset}{spent} · {when}", width="stretch")


def render_runs(was_active):
    """List the newest runs; while one is under way this is drawn again every two seconds."""
    entries = state.list_runs()
    for entry in entries[:MOST_RUNS]:
        render_run(entry)
    if len(entries) > MOST_RUNS:
        st.page_link(
            "views/runs.py", label=f":blue[And {len(entries) - MOST_RUNS:,} older ones: all runs, side by side]"
        )
    if was_active and not is_active(entries):
        st.rerun()


def is_active(entries):
    """Whether a run waits or trains."""
    return any(entry.state in ("queued", "running") for entry in entries)


render_header(
    "Digits workbench",
    "Train a network to read handwritten digits and watch it learn; then see exactly which ones it gets wrong, "
    "and draw one yourself to try it.",
)
entries = state.list_runs()
render_dataset_notice(polls=not is_active(entries))
render_first_steps(any(not entry.run.pretrained for entry in entries))
runs, sample = st.columns([3, 2], gap="large")
with runs:
    st.subheader("Runs", anchor=False)
    if entries:
        active = is_active(entries)
        st.fragment(render_runs, run_every=2.0 if active else None)(active)
    else:
        st.caption("None yet. Each training is kept here, with its accuracy on digits it has never seen.")
with sample:
    st.subheader("Digits", anchor=False)
    try:
        render_sample()
    except CoreError as error:
        st.error(escape_error(error))
