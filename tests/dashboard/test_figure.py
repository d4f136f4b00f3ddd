"""The one way to draw a chart: with its description, and with its numbers where there are any."""

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
    assert at.expander[0].dataframe[0].value["Count"].tolist() == list(range(10))


def test_no_table_no_fold():
    at = AppTest.from_function(page, args=(False,)).run()
    assert at.get("plotly_chart")
    assert not at.expander
