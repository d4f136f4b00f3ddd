"""The views over which answers may be averaged."""

import pytest
import torch

from core.data.views import CHANGES, SHIFTS, list_shifts, list_views


def draw_bar():
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 6:22, 12:16] = 1.0
    return image


def measure(image):
    """Return the ink's sum, the middle (x, y), and how many columns it leans a row."""
    ink, place = image[0, 0], torch.arange(28.0)
    x, y = (ink.sum(0) @ place / ink.sum()).item(), (ink.sum(1) @ place / ink.sum()).item()
    dy = place - y
    lean = ((ink @ (place - x)) @ dy / (ink.sum(1) @ dy**2)).item()
    return ink.sum().item(), x, y, lean


def test_the_first_view_is_the_digit_itself():
    image = draw_bar()
    assert list_views(image)[0] is image
    assert len(list_views(image)) == len(CHANGES) == 7
    assert list_shifts(image)[0] is image
    assert len(list_shifts(image)) == len(SHIFTS) == 5


def test_views_turn_resize_and_slant_about_the_middle():
    seen = [measure(view) for view in list_views(draw_bar())]
    ink = seen[0][0]
    assert all((x, y) == pytest.approx((13.5, 13.5), abs=0.05) for _, x, y, _ in seen)
    assert [round(one[0] / ink, 2) for one in seen] == pytest.approx([1, 1, 1, 1.12, 0.89, 1, 1], abs=0.03)
    leans = [lean for *_, lean in seen]
    turned = 0.1317  # tan 8° for a line; of a bar four wide its own width takes a little away
    assert leans[1] == pytest.approx(-leans[2], abs=0.01)
    assert abs(leans[1]) == pytest.approx(turned, abs=0.01)
    assert leans[3:5] == pytest.approx([0, 0], abs=0.01)
    assert leans[5] == pytest.approx(-leans[6], abs=0.01)
    assert abs(leans[5]) == pytest.approx(0.15, abs=0.01)


def test_shifts_move_and_change_nothing_else():
    seen = [measure(view) for view in list_shifts(draw_bar())]
    ink = seen[0][0]
    assert all(one[0] == pytest.approx(ink) and one[3] == pytest.approx(0, abs=1e-4) for one in seen)
    middles = [(x - 13.5, y - 13.5) for _, x, y, _ in seen]
    assert [round(value, 4) for middle in middles for value in middle] == [0, 0, 0.7, 0, -0.7, 0, 0, 0.7, 0, -0.7]
