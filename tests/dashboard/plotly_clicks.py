"""Clicks on the marks of a Plotly chart, as the browser reports them."""

import json

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest


def read_figure(at: AppTest, key: str) -> dict:
    """Return the figure under a key, as it is sent to the browser."""
    return json.loads(_find_chart(at, key).spec)


def identify_figure(at: AppTest, key: str) -> str:
    """Return what the browser knows the chart under a key by: it draws one anew that goes by another name."""
    return _find_chart(at, key).id


def click_marks(at: AppTest, key: str, *marks: tuple[int, int]) -> AppTest:
    """Select marks, each the number of a trace and its own number in there; none unselects."""
    points = [{"curve_number": curve, "point_index": point} for curve, point in marks]
    chosen = {"points": points, "point_indices": [point for _, point in marks], "box": [], "lasso": []}
    states = at._tree.get_widget_states()
    # AppTest knows no charts, so the browser's message is put together by hand; the callback runs as it would.
    states.widgets.append(WidgetState(id=_find_chart(at, key).id, string_value=json.dumps({"selection": chosen})))
    at._run(states)
    assert not at.exception
    return at


def _find_chart(at: AppTest, key: str):
    [found] = [chart.proto for chart in at.get("plotly_chart") if chart.proto.id.endswith(f"-{key}")]
    return found
