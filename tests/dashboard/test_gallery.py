import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ShapeError
from dashboard.gallery import Caption, format_probability, render_sheet


@pytest.mark.parametrize(
    ("caption", "verdict", "text", "description"),
    [
        (Caption(7, 4), "plain", "4", "digit 4 number 7"),
        (Caption(7, 4, 4, 0.5), "right", "4 ✓", "digit 4 number 7, predicted 4 with 50.0\u00a0%"),
        (Caption(1234, 4, 9, 0.982), "wrong", "4 → 9", "digit 4 number 1234, predicted 9 with 98.2\u00a0%"),
        (Caption(0, 0, 1), "wrong", "0 → 1", "digit 0 number 0, predicted 1"),
    ],
)
def test_a_caption_says_what_is_true_and_what_is_predicted(caption, verdict, text, description):
    assert (caption.verdict, caption.text, caption.description) == (verdict, text, description)


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "< 0.1 %"), (0.0001, "< 0.1 %"), (0.9994, "99.9 %"), (0.99999, "> 99.9 %"), (1.0, "> 99.9 %")],
)
def test_what_is_not_quite_certain_is_never_rounded_to_certainty(probability, text):
    assert format_probability(probability).replace("\u00a0", " ") == text


def test_a_sheet_refuses_a_missing_caption():
    with pytest.raises(ShapeError, match="one caption for each digit"):
        render_sheet(np.zeros((2, 28, 28), dtype=np.uint8), [Caption(0, 0)], key="sheet")


def build_sheet_app() -> None:
    import numpy as np
    import streamlit as st

    from dashboard.gallery import Caption, render_sheet

    images = np.zeros((3, 28, 28), dtype=np.uint8)
    clicked = render_sheet(images, [Caption(10 + i, i) for i in range(3)], key="sheet")
    st.text(f"{clicked}")


@pytest.mark.parametrize(
    ("state", "told"), [({"clicked": 11}, "11"), ({"clicked": 10}, "10"), ({"clicked": 99}, "None"), ({}, "None")]
)
def test_a_test_without_a_browser_can_click(state, told):
    app = AppTest.from_function(build_sheet_app).run()
    assert app.text[0].value == "None"
    app.session_state["sheet"] = state
    assert app.run().text[0].value == told
