"""Errors: the digits a run misreads, hardest first, and those it only just reads right."""

from dataclasses import replace
from math import ceil, floor

import streamlit as st

from core.evaluation.select import find_digits
from dashboard import selection
from dashboard.classes_view import render_confidence
from dashboard.layout import side_by_side
from dashboard.run_state import open_run

KINDS = {"no": "Misread", "yes": "Right but difficult"}
ORDERS = {"loss": "least probable truth", "confidence": "surest wrong answer"}
ORDER = "by"
ANY = "any"
DIGITS = (ANY, *"0123456789")


def read_wanted():
    """Return the digits that the address asks for: the misread ones, where it does not say which kind."""
    wanted = selection.read()
    return replace(wanted, right=False) if wanted.right is None else wanted


def follow(wanted):
    """Put what the controls ask for into the address; parts of the filter that they do not show stay."""
    low, high = st.session_state["sure"]
    bounds = tuple(st.session_state["sure_shown"])
    numbers = {name: st.session_state[name] for name in ("true", "read_as")}
    order = st.session_state.get(ORDER, "loss")
    selection.choose(
        replace(
            wanted,
            right=st.session_state["show"] == "yes",
            true=None if numbers["true"] == ANY else int(numbers["true"]),
            predicted=None if numbers["read_as"] == ANY else int(numbers["read_as"]),
            # What is chosen elsewhere is exact, the slider shows whole percentages: unmoved, it changes nothing.
            sure=wanted.sure if (low, high) == bounds else None if (low, high) == (0, 100) else (low / 100, high / 100),
        ),
        **{ORDER: None if order == "loss" else order},
    )


def render_filters(wanted):
    """Draw what can be asked of the list and return its order; the address holds all of it."""
    low, high = wanted.sure or (0.0, 1.0)
    order = st.query_params.get(ORDER, "loss")
    shown = (floor(100 * low), min(100, ceil(100 * high)))
    st.session_state.update(
        show="yes" if wanted.right else "no",
        true=ANY if wanted.true is None else str(wanted.true),
        read_as=ANY if wanted.predicted is None else str(wanted.predicted),
        sure=shown,
        sure_shown=shown,
    )
    st.session_state[ORDER] = order if order in ORDERS else "loss"
    follows = {"on_change": follow, "args": (wanted,)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Show", list(KINDS), format_func=KINDS.get, required=True, key="show", **follows)
        st.selectbox("True digit", DIGITS, key="true", width=120, **follows)
        st.selectbox("Read as", DIGITS, key="read_as", width=120, **follows)
        st.slider("Probability of the answer", 0, 100, format="%d %%", key="sure", width=220, **follows)
        if wanted.right:
            return "loss"
        return st.selectbox("Hardest first, by", list(ORDERS), format_func=ORDERS.get, key=ORDER, width=210, **follows)


def describe_kind(report, wanted, n_found):
    """Say how many digits of the kind asked for there are in all, and how many of them are listed."""
    correct, total = report["correct"], report["total"]
    n_kind, read = (correct, "read right") if wanted.right else (total - correct, "misread")
    passing = "" if n_found == n_kind else f"; {n_found:,} of them pass the filters"
    return f"**{n_kind:,} of {total:,}** test digits are {read}{passing}"


def render_overview(answers):
    """Draw how sure the run was of its answers, while no digit is open."""
    st.caption("Click a digit to see what the network saw, its ten probabilities, and what other runs say of it.")
    render_confidence(answers)


entry, report, answers, data = open_run(
    "Errors", "The digits a run misreads, hardest first, and those it only just reads right."
)
selection.render_problems(report["total"])
wanted, second = read_wanted(), selection.load_second(entry, answers)
order = render_filters(wanted)
indices = find_digits(answers, wanted, second, order)
with side_by_side("errors") as (main, companion):
    with main:
        selection.render_chips(wanted, keep=("right",))
        lead = describe_kind(report, wanted, len(indices))
        shown = selection.render_count(answers, indices, entry.run, (wanted, order), lead)
        digit = selection.follow_click(answers, shown)
        label = "Digits read right, hardest first" if wanted.right else "Misread digits, hardest first"
        selection.render_list(data, answers, shown, selection.describe_nothing(answers, wanted), label)
    with companion:
        if digit is None or data is None:
            render_overview(answers)
        else:
            with st.container(key="open-digit"):
                selection.render_open_digit(data, answers, entry.run, indices, digit)
