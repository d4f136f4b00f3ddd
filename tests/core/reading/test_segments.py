"""From a picture to its lines, to where its digits may end, to all that could be one."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data.ink import find_ink
from core.data.strings import make_string
from core.reading import pointing
from core.reading.candidates import find_candidates
from core.reading.lines import find_lines, join_lines
from core.reading.pointing import WORK_HEIGHT, find_segments, shrink


def draw_sheet(strokes, size=(600, 240), width=12):
    """Draw lines through points on white paper and find the lines of writing in it."""
    sheet = Image.new("L", size, 255)
    pen = ImageDraw.Draw(sheet)
    for points in strokes:
        pen.line(points, fill=0, width=width, joint="curve")
    return find_lines(find_ink(np.asarray(sheet)))


def draw_one(x, y, height=100):
    return [(x, y), (x, y + height)]


def draw_seven(x, y, height=100):
    return [(x, y), (x + 60, y), (x + 20, y + height)]


def test_a_line_holds_its_own_ink_alone():
    upper, lower = draw_sheet([draw_seven(60, 20), draw_one(200, 20), draw_seven(60, 140, 90), draw_one(300, 140, 90)])
    assert upper.corner[1] < 25 < 125 < lower.corner[1]
    assert upper.ink.shape == upper.strokes.shape
    assert upper.height == pytest.approx(105, abs=5)
    # The stroke at 200 belongs to the upper line, the one at 300 to the lower.
    assert upper.ink.shape[1] == pytest.approx(147, abs=5)
    assert lower.ink.shape[1] == pytest.approx(247, abs=5)
    assert (upper.ink[upper.strokes] > 0).all()


def test_a_blank_sheet_has_no_line():
    assert find_lines(np.zeros((50, 80), np.float32)) == []


def draw_five(bar):
    """Return the strokes of a 5 whose bar ends `bar` pixels above the rest and slants up to the right."""
    body = [(88, 140), (82, 180), (115, 175), (135, 200), (125, 235), (95, 250), (65, 240)]
    return [[(95, 140 - bar), (165, 105 - bar)], body]


def test_two_lines_of_which_one_may_be_the_bar_of_a_five_are_put_together():
    upper, lower = draw_sheet(draw_five(40), size=(200, 300))
    both = join_lines([upper, lower])
    left, top = both.corner
    assert (left, top) == (min(upper.corner[0], lower.corner[0]), upper.corner[1])
    assert both.ink.sum() == pytest.approx(upper.ink.sum() + lower.ink.sum())
    assert both.strokes.sum() == upper.strokes.sum() + lower.strokes.sum()
    y, x = lower.corner[1] - top, lower.corner[0] - left
    inside = (slice(y, y + lower.ink.shape[0]), slice(x, x + lower.ink.shape[1]))
    assert (both.ink[inside] >= lower.ink).all()
    assert both.height == both.ink.shape[0]


def test_lines_that_are_far_apart_or_not_above_each_other_stay_two():
    assert join_lines(draw_sheet(draw_five(90), size=(200, 300))) is None
    upper, lower = draw_sheet([draw_one(60, 20), draw_one(200, 130)])
    assert join_lines([upper, lower]) is None
    long = draw_sheet([*(draw_one(x, 20) for x in range(60, 460, 80)), *(draw_one(x, 130) for x in range(60, 460, 80))])
    assert len(long) == 2
    assert join_lines(long) is None
    assert join_lines([upper]) is None
    assert join_lines([upper, lower, lower]) is None


@pytest.mark.parametrize(("gap", "heights"), [(-10, [190]), (8, [208]), (40, [90, 110])])
def test_circles_one_right_above_the_other_are_one_line(gap, heights):
    sheet = Image.new("L", (300, 400), 255)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((100, 60, 200, 150), outline=0, width=14)
    pen.ellipse((90, 150 + gap, 210, 260 + gap), outline=0, width=14)
    assert [line.height for line in find_lines(find_ink(np.asarray(sheet)))] == pytest.approx(heights, abs=4)


def test_strokes_are_scaled_to_the_height_of_work():
    shades = shrink(np.ones((64, 100), bool), 64)
    assert shades.shape == (WORK_HEIGHT, 50)
    assert shades.min() == 1


def test_a_lone_one_is_one_segment_and_two_are_two():
    (line,) = draw_sheet([draw_one(100, 50)])
    assert find_segments(line.strokes, line.height).max() == 0
    (line,) = draw_sheet([draw_one(100, 50), draw_one(180, 50)])
    segments = find_segments(line.strokes, line.height)
    assert segments.shape == line.strokes.shape
    assert set(np.unique(segments[:, :20])) == {0}
    assert set(np.unique(segments[:, -20:])) == {1}


def test_the_sizes_a_line_is_looked_at_in_point_at_one_place(monkeypatch):
    def point_at_a_quarter(shades):
        h, w = shades.shape
        assert 0 <= shades.min() <= shades.max() <= 1
        return np.tile((w / 4 - 0.5 - np.arange(w, dtype=np.float32)) / WORK_HEIGHT, (h, 1))

    monkeypatch.setattr(pointing, "_point", point_at_a_quarter)
    shades = np.random.default_rng(0).random((WORK_HEIGHT, 80), np.float32)
    pointed = np.arange(80) + WORK_HEIGHT * pointing.compute_offsets(shades)
    assert pointed == pytest.approx(np.full((WORK_HEIGHT, 80), 19.5), abs=0.6)


def test_pieces_of_a_broken_digit_share_a_segment():
    """An open 4 in two strokes that do not meet would be two digits to whoever goes by connected ink."""
    (line,) = draw_sheet([[(110, 40), (100, 100), (160, 100)], [(176, 60), (172, 150)]])
    candidates = find_candidates(line)
    whole = next(one for one in candidates if one.stop - one.start == max(one.stop for one in candidates))
    left, top, right, bottom = whole.preparation.box
    assert bottom - top > 100
    assert right - left > 70


@pytest.mark.parametrize(("gap", "n_candidates"), [(0, 1), (5, 2)])
def test_a_stroke_with_a_narrow_gap_is_there_as_it_is_and_closed(gap, n_candidates):
    sheet = np.full((240, 240), 255, np.uint8)
    sheet[60:180, 110:126] = 0
    sheet[110 : 110 + gap] = 255
    (line,) = find_lines(find_ink(sheet))
    candidates = find_candidates(line)
    assert {(one.start, one.stop) for one in candidates} == {(0, 1)}
    assert len(candidates) == n_candidates
    ink = [int(one.preparation.image.sum()) for one in candidates]
    assert ink == sorted(ink)


@pytest.mark.parametrize(("condition", "least"), [("separate", 30), ("touching", 25), ("broken", 27)])
def test_nearly_every_digit_is_among_the_candidates(mnist, condition, least):
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(10):
        string = make_string(mnist.test, condition, 3, rng)
        candidates = [one for line in find_lines(find_ink(string.picture)) for one in find_candidates(line)]
        found += sum(max(measure_overlap(one, string, k) for one in candidates) >= 0.9 for k in range(3))
    assert found >= least


def measure_overlap(candidate, string, owner):
    """Return the share of ink that a candidate has in common with a digit of the string."""
    left, top, right, bottom = candidate.preparation.box
    owners = string.owners[top:bottom, left:right][candidate.preparation.ink > 0.3]
    common = (owners == owner).sum()
    return common / max(1, (owners >= 0).sum(), (string.owners == owner).sum())


def test_all_that_a_line_holds_may_be_one_digit_however_many_its_segments(monkeypatch):
    monkeypatch.setattr("core.reading.candidates._MOST_SEGMENTS", 1)
    (line,) = draw_sheet([draw_one(100, 50), draw_one(140, 50), draw_one(180, 50)])
    assert [(one.start, one.stop) for one in find_candidates(line)] == [(0, 1), (0, 3), (1, 2), (2, 3)]


def test_there_is_always_a_way_from_end_to_end(mnist):
    rng = np.random.default_rng(1)
    for condition in ("touching", "fused", "broken"):
        string = make_string(mnist.test, condition, 5, rng)
        for line in find_lines(find_ink(string.picture)):
            candidates = find_candidates(line)
            alone = {one.start for one in candidates if one.stop == one.start + 1}
            assert alone == set(range(max(one.stop for one in candidates)))


def test_surroundings_show_the_neighbours_where_they_stand():
    (line,) = draw_sheet([draw_one(100, 50), draw_one(140, 50)])
    first, whole, second = find_candidates(line)
    assert (first.start, first.stop, whole.stop, second.start) == (0, 1, 2, 1)
    assert not whole.surroundings.any()
    # Scaled as the first is, some 100 pixels to 20, the second stands 8 to the right.
    columns = np.flatnonzero(first.surroundings.any(axis=0))
    own = np.flatnonzero(first.preparation.image.any(axis=0))
    assert columns.mean() - own.mean() == pytest.approx(40 * 20 / 108, abs=1)
    assert np.flatnonzero(second.surroundings.any(axis=0)).mean() < 14
    assert not ((first.preparation.image > 128) & (first.surroundings > 128)).any()
