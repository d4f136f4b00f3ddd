"""The frame: page config and navigation, nothing else. Start it with `streamlit run dashboard/Home.py`."""

import streamlit as st

from dashboard.layout import apply_style

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
