"""What the network upright does to a digit before it learns anything."""

import pytest
import torch
from torch import nn

from core.data.affine import compute_affine_grid
from core.models.catalog import get_model_spec
from core.models.initialize import initialize
from core.models.upright import LEAST_SIZE, USUAL_SPREAD, EdgeFilters, SetUpright, build_filters

# What sampling between pixels may add to the variance of ink: two squares of half a pixel.
BLUR = 2 / 28**2


def draw_slanted(slant, shift=0):
    """Draw a stroke 3 pixels wide, white on black, that leans by `slant` pixels a row."""
    image = torch.zeros(1, 1, 28, 28)
    for row in range(5, 23):
        middle = 13.5 + shift + slant * (row - 13.5)
        image[0, 0, row] = (2 - (torch.arange(28) - middle).abs()).clamp(0, 1)
    return image


def measure(image):
    """Return the centre of mass (x, y) and the slant of the ink."""
    ink = image[0, 0] - image.min()
    place = torch.arange(28.0)
    x, y = (ink.sum(0) @ place / ink.sum()).item(), (ink.sum(1) @ place / ink.sum()).item()
    dy = place - y
    slant = ((ink @ (place - x)) @ dy / (ink.sum(1) @ dy**2)).item()
    return x, y, slant


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3])
def test_a_slanted_stroke_comes_out_upright_and_in_the_middle(slant):
    image = draw_slanted(slant, shift=2)
    assert measure(image)[2] == pytest.approx(slant, abs=0.01)
    x, y, left = measure(SetUpright()(image))
    assert (x, y) == pytest.approx((13.5, 13.5), abs=0.05)
    assert left == pytest.approx(0, abs=0.02)


def spread(image):
    """Return the variance of the ink along x and y, in shares of half the side, squared."""
    ink = image[0, 0] - image.min()
    place = (2 * torch.arange(28) + 1) / 28 - 1
    return tuple(
        (line @ place**2 / line.sum() - (line @ place / line.sum()) ** 2).item() for line in (ink.sum(0), ink.sum(1))
    )


def test_ink_comes_out_at_its_usual_size():
    blob = torch.zeros(1, 1, 28, 28)
    blob[0, 0, 8:20, 9:19] = 1.0  # smaller than usual in height, larger in width, neither by more than is allowed
    assert spread(blob) == pytest.approx((0.042, 0.061), abs=0.001)
    narrow, tall = spread(SetUpright(resizes=True)(blob))
    assert narrow == pytest.approx(USUAL_SPREAD[0], abs=BLUR)
    assert tall == pytest.approx(0.061 / LEAST_SIZE**2, abs=BLUR), "as much as is allowed"


def test_a_one_stays_thin():
    stroke = draw_slanted(0.0)
    before, after = spread(stroke), spread(SetUpright(resizes=True)(stroke))
    assert before[0] < after[0] < before[0] / LEAST_SIZE**2 + BLUR < USUAL_SPREAD[0]


def test_scaling_of_pixels_and_neighbours_in_the_batch_change_nothing():
    images = torch.cat([draw_slanted(0.3), draw_slanted(-0.2, shift=1)])
    alone = SetUpright()(images)
    torch.testing.assert_close(SetUpright()((images - 0.13) / 0.31), (alone - 0.13) / 0.31, atol=1e-4, rtol=0)
    torch.testing.assert_close(SetUpright()(images[1:]), alone[1:])


def test_a_blank_picture_stays_as_it_is():
    blank = torch.full((1, 1, 28, 28), -0.42)
    torch.testing.assert_close(SetUpright()(blank), blank)
    torch.testing.assert_close(SetUpright(resizes=True)(blank), blank)


def test_half_precision_around_it_does_not_blur_the_moments():
    image = draw_slanted(0.37)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(SetUpright()(image), SetUpright()(image.clone()))
        inside = SetUpright()(image)
    assert torch.equal(inside, SetUpright()(image))


def test_the_filters_are_known_and_stay_whatever_the_initialization():
    filters = build_filters()
    assert filters.shape == (32, 1, 5, 5)
    torch.testing.assert_close(filters.sum(dim=(1, 2, 3)), torch.zeros(32), atol=1e-5, rtol=0)
    torch.testing.assert_close(filters.flatten(1).norm(dim=1), torch.ones(32))
    torch.testing.assert_close(filters[:8], -filters[8:16])  # half a turn on is the other way round
    network = get_model_spec("upright").build()
    initialize(network, "orthogonal")
    first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    assert torch.equal(first.weight, filters)
    assert not first.weight.requires_grad


def test_the_product_of_matrices_is_the_convolution():
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    edges = EdgeFilters()(images)
    torch.testing.assert_close(edges, nn.functional.conv2d(images, build_filters(), stride=2), atol=1e-5, rtol=0)
    assert edges.is_contiguous(memory_format=torch.channels_last)


def test_the_grid_is_torchs_own():
    maps = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))
    expected = nn.functional.affine_grid(maps, [5, 1, 6, 9], align_corners=False)
    torch.testing.assert_close(compute_affine_grid(maps, 6, 9), expected)
