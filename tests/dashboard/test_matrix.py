import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ShapeError
from dashboard.matrix import compute_cells, compute_signed_cells


@pytest.fixture
def counts() -> np.ndarray:
    counts = np.diag(np.full(10, 990))
    counts[4, 9] = 10
    counts[4, 7] = 1
    counts[3, 5] = 5
    return counts


def read(cells: list[list[dict]], field: str) -> np.ndarray:
    return np.array([[cell[field] for cell in row] for row in cells])


def test_counts_are_written_and_nothing_is_left_blank(counts):
    cells = compute_cells(counts, "counts", hide_diagonal=False)
    assert cells[4][9]["text"] == "10"
    assert cells[4][4]["text"] == "990"
    assert cells[9][4]["text"] == ""
    assert cells[4][9]["description"] == "true 4, predicted 9: 10 digits"
    assert cells[4][7]["description"] == "true 4, predicted 7: 1 digit"


def test_shares_are_of_the_row_or_of_the_column(counts):
    of_true = compute_cells(counts, "true", hide_diagonal=False)
    of_predicted = compute_cells(counts, "predicted", hide_diagonal=False)
    assert of_true[4][9]["description"].endswith(f"{1000 / 1001:.2f} % of true 4")
    assert of_predicted[4][9]["description"].endswith("1.00 % of predicted 9")
    assert of_true[4][4]["text"] == "98.9"
    assert of_true[0][0]["text"] == "100"


def test_almost_all_is_not_written_as_all_nor_a_trace_as_nothing():
    counts = np.array([[99_999, 1], [0, 10]])
    cells = compute_cells(counts, "true", hide_diagonal=False)
    assert [cell["text"] for cell in cells[0]] == ["99.9", "<0.1"]


@pytest.mark.parametrize("mode", ["counts", "true", "predicted"])
def test_shades_grow_with_the_number_from_nothing_to_one(counts, mode):
    shades = read(compute_cells(counts, mode, hide_diagonal=False), "shade")
    assert shades.max() == 1
    assert (shades[counts == 0] == 0).all()
    assert 0 < shades[4, 7] < shades[3, 5] < shades[4, 9] < shades[4, 4]


def test_without_the_diagonal_the_largest_error_is_the_darkest(counts):
    cells = compute_cells(counts, "counts", hide_diagonal=True)
    shades = read(cells, "shade")
    assert shades[4, 9] == 1
    assert not shades.diagonal().any()
    assert not any(cells[digit][digit]["text"] for digit in range(10))


def test_no_digits_at_all_is_a_blank_matrix():
    cells = compute_cells(np.zeros((10, 10), dtype=np.int64), "true", hide_diagonal=False)
    assert not read(cells, "shade").any()
    assert set(read(cells, "text").ravel()) == {""}


def test_only_a_square_is_a_confusion_matrix():
    with pytest.raises(ShapeError, match="square"):
        compute_cells(np.zeros((10, 9), dtype=np.int64), "counts", hide_diagonal=False)


def build_matrix_app() -> None:
    import numpy as np
    import streamlit as st

    from dashboard.matrix import render_matrix

    st.text(f"{render_matrix(np.eye(10, dtype=int), key='matrix')}")


@pytest.mark.parametrize(
    ("true", "predicted"),
    [(4, 9), (0, None), (None, 0)],
)
def test_a_test_without_a_browser_can_click(true, predicted):
    app = AppTest.from_function(build_matrix_app).run()
    assert app.text[0].value == "None"
    app.session_state["matrix"] = {"clicked": {"true": true, "predicted": predicted}}
    assert app.run().text[0].value == f"Selection(true={true}, predicted={predicted})"


def test_a_difference_is_signed_and_says_who_does_better():
    difference = np.array([[3, -3], [0, -2]])
    cells = compute_signed_cells(difference)
    assert read(cells, "text").tolist() == [["+3", "−3"], ["", "−2"]]
    assert read(cells, "right").tolist() == [[True, True], [False, False]]
    assert read(cells, "shade").tolist() == [[1, 1], [0, pytest.approx((2 / 3) ** 0.5, abs=1e-3)]]
    assert cells[0][0]["description"] == "true 0, predicted 0: 3 more by the first run than by the second"
    assert cells[0][1]["description"] == "true 0, predicted 1: 3 fewer by the first run than by the second"
    assert cells[1][0]["description"] == "true 1, predicted 0: no difference"


def test_other_axes_are_named_in_every_cell(counts):
    cells = compute_cells(counts, "counts", hide_diagonal=False, axes=("one says", "other says"))
    assert cells[4][9]["description"] == "one says 4, other says 9: 10 digits"


def test_the_totals_of_a_difference_are_of_its_errors():
    def app():
        import numpy as np

        from dashboard.matrix import render_matrix

        render_matrix(np.array([[3, -3], [-1, 1]]), key="difference", signed=True)

    at = AppTest.from_function(app).run()
    data = json.loads(at.get("bidi_component")[0].proto.json)
    assert data["trueTotals"] == ["−3", "−1"]
    assert data["predictedTotals"] == ["−1", "−3"]
    assert (data["allTotal"], data["totalsAre"]) == ("−4", "errors")
