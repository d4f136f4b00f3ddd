"""Train: choose a recipe, change what you like, start it, and watch it learn."""

import streamlit as st

from core.errors import CoreError
from core.recipes import RECIPES, get_recipe
from core.runs import jobs
from core.runs.measured import compute_measured
from dashboard import batch_form, duplicate, state
from dashboard.curves import name_run
from dashboard.layout import escape, render_header
from dashboard.live import render_live
from dashboard.notice import render_dataset_notice
from dashboard.plan import render_plan
from dashboard.settings_form import (
    RECIPE,
    SETTINGS,
    build_base,
    check_settings,
    describe_changes,
    render_settings,
    reset_changes,
)

ACTIVE = ("queued", "running")
# Widgets of this page: they are in the session's state from the second run of the page on.
NAME = "run_name"
SHOWN, RUN_FIRST, REQUESTED, START_PROBLEM = "shown_run", "run_above_form", "start_requested", "start_problem"


def open_page(entries):
    """On arrival, show the run in the address, else one that trains; settings brought from a run come first."""
    is_linked = "run" in st.query_params
    st.session_state[RUN_FIRST] = is_linked and not duplicate.is_filled()
    st.session_state[SHOWN] = None
    active = next((entry for entry in entries if entry.state in ACTIVE), None)
    if active and not is_linked:
        state.choose_run(active.run)


def is_shown(entry):
    """Whether the page shows a run: any that a person trained, and a pretrained one if its address asks for it."""
    return entry.record is not None and (not entry.run.pretrained or st.query_params.get("run") == entry.run.id)


def is_run_first(entry, just_opened):
    """Whether the run stands above the form: while it trains or was just chosen, and then until a person moves on."""
    was_chosen = not just_opened and st.session_state[SHOWN] != entry.run.id
    st.session_state[RUN_FIRST] |= was_chosen or (entry.state in ACTIVE and not duplicate.is_filled())
    st.session_state[SHOWN] = entry.run.id
    return st.session_state[RUN_FIRST]


def show_form_first():
    """Bring the form up again; a button's callback."""
    st.session_state[RUN_FIRST] = False


def request_start():
    """Note that Start was clicked; a button's callback.

    A setting can change in the very same run, and its callback may come after this one.
    """
    st.session_state[REQUESTED] = st.session_state[RECIPE]


def start_requested():
    """Start the runs that were asked for, if any, and show the first of them."""
    name = st.session_state.pop(REQUESTED, None)
    config, _ = check_settings(build_base(name), name) if name else (None, [])
    if config is None:
        return
    configs, _ = batch_form.check_batch(config)
    first = None
    try:
        with st.spinner("Starting …"):
            for one in configs:
                run = jobs.start_run(one, name, st.session_state[NAME])
                first = first or run
    except CoreError as error:
        st.session_state[START_PROBLEM] = str(error)
    if first:
        st.session_state[NAME] = ""
        batch_form.reset_batch()
        duplicate.leave_form()
        state.choose_run(first)


def reset_form(base, name):
    """Go back to the recipe as it is; a button's callback."""
    reset_changes(base, name)
    duplicate.forget_origin()


def render_waiting(entry, entries):
    """Say how many runs wait besides the one that is shown."""
    waiting = sum(other.state == "queued" and other.run != entry.run for other in entries)
    if waiting:
        st.caption("1 more run waits for its turn." if waiting == 1 else f"{waiting} more runs wait for their turn.")


def describe_recipe(recipe, entries):
    """Say what a recipe is, who published it, what it is claimed to reach and what it has reached here."""
    parts = [recipe.source or "This project's own"]
    if recipe.claimed:
        parts.append(f"claims {100 * recipe.claimed:.2f} % on the test digits")
    measured = compute_measured(recipe, entries)
    if measured:
        spread = f" ± {100 * measured.sd:.2f}" if measured.n > 1 else ""
        seeds = "seed" if measured.n == 1 else "seeds"
        parts.append(f"reached {100 * measured.mean:.2f}{spread} % here ({measured.n} {seeds})")
    return f"{recipe.about}  \n{'; '.join(parts)}."


def render_form(entries, *, is_live):
    """Draw the choice of a recipe with Start, what would be trained, and all settings beneath."""
    choice, naming, several, starting = st.columns([7, 5, 3, 3], vertical_alignment="bottom")
    with choice:
        name = st.selectbox(
            "Recipe",
            [r.name for r in RECIPES],
            key=RECIPE,
            persist_state="session",
            on_change=duplicate.follow_recipe,
        )
    base = build_base(name)
    config, problems = check_settings(base, name)
    with several:
        batch_form.render_batch_form(config)
    configs = []
    if config:
        configs, problems = batch_form.check_batch(config)
    with naming:
        st.text_input("Name", key=NAME, max_chars=80, placeholder="a name of your own, or none")
    with starting:
        st.button(
            f"Start {len(configs)} runs" if len(configs) > 1 else "Start",
            type="primary",
            key="start",
            width="stretch",
            disabled=bool(problems),
            on_click=request_start,
        )
    st.caption(describe_recipe(get_recipe(name), entries))
    duplicate.render_origin()
    if configs and batch_form.is_batch():
        st.markdown(batch_form.describe_batch(configs))
    if START_PROBLEM in st.session_state:
        st.error(escape(st.session_state.pop(START_PROBLEM)))
    if problems:
        st.error("These settings cannot be trained:\n" + "\n".join(f"- {escape(problem)}" for problem in problems))
    changes = describe_changes(base, name)
    if changes:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Changed: {changes}", width="content")
            st.button("Reset to the recipe", key="reset", type="tertiary", on_click=reset_form, args=(base, name))
    plan = st.container()
    # Fifty widgets that nobody looks at would hold up every visit to the page.
    settings = st.expander("Settings", key=SETTINGS, on_change="rerun")
    if settings.open:
        with settings:
            render_settings(base, name)
    if config:
        with plan:
            is_busy = any(entry.state in ACTIVE for entry in entries)
            render_plan(config, is_busy=is_busy, polls=not is_live)


heading, choice = st.columns([3, 2], vertical_alignment="bottom")
with heading:
    render_header("Train", "Choose a recipe, change what you like, and watch the network learn.")
start_requested()
# What trains comes first, so that it is what an address without a run shows.
entries = sorted(state.list_runs(), key=lambda entry: entry.state not in ACTIVE)
just_opened = NAME not in st.session_state
duplicate.choose_recipe_from_address(just_opened=just_opened)
duplicate.fill_from_address(just_opened=just_opened)
if just_opened:
    open_page(entries)
with choice, st.container(horizontal=True, vertical_alignment="bottom"):
    entry = state.render_run_picker(accepts=is_shown, entries=entries)
    run_first = entry is not None and is_run_first(entry, just_opened)
    if run_first and entry.state not in ACTIVE:
        st.button("New run", key="new_run", on_click=show_form_first, width="content")
render_dataset_notice()
upper, lower = st.container(), st.container()
run_place, form_place = (upper, lower) if run_first else (lower, upper)
if entry is not None:
    with run_place:
        if not run_first:
            st.subheader(escape(name_run(entry.record)), anchor=False, divider="gray")
        render_waiting(entry, entries)
        render_live(entry.run, entries)
with form_place:
    if run_first:
        st.subheader("New run", anchor=False, divider="gray")
    render_form(entries, is_live=entry is not None and entry.state in ACTIVE)
