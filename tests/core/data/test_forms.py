import numpy as np
import pytest

from core.data.forms import draw_curve, list_forms

PARTICULAR = {"1 flag and base", "7 barred", "4 open", "4 closed", "0 narrow", "2 looped", "9 straight tail"}


@pytest.mark.parametrize("part", ["development", "test"])
def test_every_digit_is_written_in_several_ways(part):
    forms = list_forms(part)
    kinds = [form.kind for form in forms]
    assert len(set(kinds)) == len(kinds)
    assert min(sum(form.digit == digit for form in forms) for digit in range(10)) >= 2
    assert set(kinds) >= PARTICULAR
    assert {form.part for form in forms} == {part}


def test_no_form_of_the_test_part_is_one_of_development():
    development, test = list_forms("development"), list_forms("test")
    assert len({form.kind for form in test} - {form.kind for form in development}) >= 5
    for form in test:
        points = np.concatenate(form.strokes)
        for other in development:
            others = np.concatenate(other.strokes)
            assert points.shape != others.shape or np.abs(points - others).max() > 0.02, form.kind


@pytest.mark.parametrize("part", ["development", "test"])
def test_forms_fill_their_height_and_keep_the_proportions_of_a_digit(part):
    for form in list_forms(part):
        points = np.concatenate(form.strokes)
        assert points[:, 1].min() == pytest.approx(0, abs=0.06), form.kind
        assert points[:, 1].max() == pytest.approx(1, abs=0.06), form.kind
        assert points[:, 0].min() >= -0.08, form.kind
        assert points[:, 0].max() <= 0.66, form.kind


def test_a_curve_leads_through_its_points_and_is_straight_between_two():
    points = np.array([[0.0, 0.0], [2.0, 5.0], [7.0, 4.0], [9.0, 0.0]])
    curve = draw_curve(points)
    np.testing.assert_allclose(curve[[0, 12, 24, -1]], points, atol=1e-12)
    np.testing.assert_allclose(draw_curve(points[:2])[:, 1], 2.5 * draw_curve(points[:2])[:, 0], atol=1e-12)


def test_a_corner_stays_a_corner_and_a_bar_is_a_stroke_of_its_own():
    [barred] = [form for form in list_forms("development") if form.kind == "7 barred"]
    line, bar = barred.strokes
    np.testing.assert_allclose(bar[[0, -1]], [[0.16, 0.52], [0.54, 0.48]])
    assert (np.abs(line - [0.56, 0.05]).max(axis=1) < 1e-9).any()
    corner = np.array([0.56, 0.05])
    for end in (line[0], line[-1]):
        leg = end - corner
        away = np.abs((line - corner) @ [leg[1], -leg[0]]) / np.hypot(*leg)
        assert (away < 1e-9).sum() >= 12  # a leg is straight
