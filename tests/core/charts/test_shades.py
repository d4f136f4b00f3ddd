import numpy as np
import pytest
from numpy.testing import assert_allclose

from core.charts.shades import compute_shades


@pytest.mark.parametrize("errors_only", [True, False])
def test_shades_grow_from_nothing_to_one(errors_only):
    shades = compute_shades(np.array([[0, 1], [30, 1000]]), errors_only=errors_only)
    assert shades[0, 0] == 0
    assert shades[1, 1] == 1
    assert 0 < shades[0, 1] < shades[1, 0] < 1


def test_a_single_error_shows_beside_a_thousand_right_answers_and_by_hand():
    assert_allclose(compute_shades(np.array([1, 1000]))[0], np.log(2) / np.log(1001))
    assert_allclose(compute_shades(np.array([1, 10]), errors_only=True)[0], np.log(2) / np.log(11))


def test_a_matrix_of_nothing_is_bare():
    assert not compute_shades(np.zeros((10, 10), dtype=np.int64)).any()
