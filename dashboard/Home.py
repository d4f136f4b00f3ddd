"""The frame: page config and navigation, nothing else. Start it with `streamlit run dashboard/Home.py`.

Streamlit imports this file once for the server that is named in it, and runs it as a script whenever a page is drawn.
"""

import streamlit as st

from dashboard.doorkeeper import build_middleware
from dashboard.layout import apply_style
from dashboard.session_order import keep_runs_in_order


def render_frame() -> None:
    """Draw the navigation and the page that is open."""
    st.set_page_config(page_title="Digits workbench", page_icon="✏️", layout="wide")
    apply_style()
    st.navigation(
        [
            st.Page("views/home.py", title="Home", default=True),
            st.Page("views/data.py", title="Data", url_path="data"),
            st.Page("views/train.py", title="Train", url_path="train"),
            st.Page("views/recipes.py", title="Recipes", url_path="recipes"),
            st.Page("views/runs.py", title="Runs", url_path="runs"),
            st.Page("views/evaluate.py", title="Evaluate", url_path="evaluate"),
            st.Page("views/errors.py", title="Errors", url_path="errors"),
            st.Page("views/draw.py", title="Draw", url_path="draw"),
            st.Page("views/drawings.py", title="Your digits", url_path="drawings"),
        ],
        position="top",
    ).run()


if __name__ == "__main__":
    render_frame()
else:
    keep_runs_in_order()
    app = st.App(__file__, middleware=build_middleware())
