"""The one way to draw a chart: with its description, with its numbers where there are any, and with marks to click."""

from app_pages import unfold_table
from plotly_clicks import click_marks, identify_figure, read_figure
from streamlit.testing.v1 import AppTest


def page(with_table):
    import numpy as np
    import pandas as pd

    from core.charts.dataset import plot_class_balance
    from dashboard.figure import render_figure

    counts = np.arange(10)
    table = pd.DataFrame({"Digit": range(10), "Count": counts}) if with_table else None
    render_figure(plot_class_balance({"Training": counts}), table, key="balance")


def test_the_chart_is_described_and_its_numbers_are_at_hand():
    at = AppTest.from_function(page, args=(True,)).run()
    assert not at.exception
    [chart] = at.get("plotly_chart")
    assert "Training from 0 zeros to 9 nines" in chart.proto.alt
    assert '"displayModeBar": false' in chart.proto.config
    assert at.expander[0].label == "Show as table"
    assert not at.dataframe
    assert unfold_table(at, "balance")["Count"].tolist() == list(range(10))


def test_no_table_no_fold():
    at = AppTest.from_function(page, args=(False,)).run()
    assert at.get("plotly_chart")
    assert not at.expander


def clickable_page(n_traces=1):
    import plotly.graph_objects as go
    import streamlit as st

    from dashboard.figure import render_figure

    def follow(rows):
        st.session_state.log = [*st.session_state.get("log", []), rows]
        st.session_state.chosen = [row[0] for row in rows]

    figure = go.Figure(layout={"meta": {"alt": "Bars."}})
    for _ in range(n_traces):
        figure.add_bar(y=[3, 1, 2], customdata=[[7, 0.1], [8, 0.2], [9, 0.3]])
    figure.add_scatter(y=[1, 1, 1], mode="lines")
    render_figure(figure, key="bars", on_click=follow, chosen=st.session_state.get("chosen", []))


def opacity(at, curve=0):
    return read_figure(at, "bars")["data"][curve].get("marker", {}).get("opacity")


def test_a_click_hands_over_the_data_of_the_mark_and_leaves_the_chart_as_it_is():
    at = AppTest.from_function(clickable_page).run()
    before = identify_figure(at, "bars")
    click_marks(at, "bars", (0, 1))
    assert at.session_state.log == [[[8, 0.2]]]
    # The browser dims the others itself; any other figure would be mounted anew.
    assert identify_figure(at, "bars") == before
    click_marks(at, "bars")
    assert at.session_state.log[1:] == [[]]
    assert identify_figure(at, "bars") == before


def test_a_choice_made_elsewhere_stands_out_and_a_click_on_it_takes_it_away():
    at = AppTest.from_function(clickable_page)
    at.session_state.chosen = [9]
    at.run()
    assert opacity(at) == [0.25, 0.25, 1]
    assert opacity(at, 1) is None
    click_marks(at, "bars", (0, 2))
    assert at.session_state.log == [[]]
    assert opacity(at) is None


def test_a_choice_removed_elsewhere_gives_the_chart_anew():
    at = AppTest.from_function(clickable_page).run()
    click_marks(at, "bars", (0, 1))
    before = identify_figure(at, "bars")
    at.session_state.chosen = []
    at.run()
    assert opacity(at) is None
    assert identify_figure(at, "bars") != before


def test_of_several_marks_the_new_one_counts():
    at = AppTest.from_function(clickable_page).run()
    click_marks(at, "bars", (0, 1))
    click_marks(at, "bars", (0, 1), (0, 2))
    assert at.session_state.log[1] == [[9, 0.3]]
    assert opacity(at) == [0.25, 0.25, 1]


def test_marks_that_mean_the_same_stand_out_together():
    at = AppTest.from_function(clickable_page, args=(2,)).run()
    click_marks(at, "bars", (1, 0))
    assert at.session_state.log == [[[7, 0.1]]]
    assert opacity(at, 0) == opacity(at, 1) == [1, 0.25, 0.25]
    click_marks(at, "bars", (0, 0))
    assert at.session_state.log[1] == []


def test_a_click_on_what_has_no_data_changes_nothing_and_is_undone():
    at = AppTest.from_function(clickable_page).run()
    click_marks(at, "bars", (0, 1))
    before = identify_figure(at, "bars")
    click_marks(at, "bars", (1, 0))
    assert at.session_state.log == [[[8, 0.2]]]
    assert opacity(at) == [0.25, 1, 0.25]
    assert identify_figure(at, "bars") != before


def shared_page():
    import numpy as np

    from core.charts.answers import plot_confidence_histogram
    from dashboard.figure import load_figure, render_figure

    confidence, right = np.array([0.5, 0.9, 1.0]), np.array([False, True, True])
    for key in ("one", "other"):
        figure = load_figure(plot_confidence_histogram, confidence, right, stretched=True)
        render_figure(figure, key=key, on_click=lambda rows: None, chosen=[figure.data[0].customdata[0][0]])


def test_a_chart_is_built_once_and_what_is_chosen_in_it_stays_out_of_what_is_shared(monkeypatch):
    from core.charts import answers

    built = []
    plot = answers.plot_confidence_histogram
    monkeypatch.setattr(answers, "plot_confidence_histogram", lambda *a, **k: built.append(1) or plot(*a, **k))
    at = AppTest.from_function(shared_page).run()
    assert not at.exception
    assert len(built) == 1
    assert read_figure(at, "one") == read_figure(at, "other")
    assert 0.25 in read_figure(at, "one")["data"][0]["marker"]["opacity"]
    at.run()
    assert len(built) == 1
