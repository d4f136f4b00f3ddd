import math

import numpy as np
import pytest
import torch
from scipy.ndimage import shift as shift_image
from torch import Tensor

from core.config import AugmentConfig
from core.data.augment import augment, is_active

EVERYTHING = AugmentConfig(
    rotate=15,
    shift=0.1,
    scale=0.1,
    shear=10,
    elastic=1,
    perspective=0.3,
    stroke_width=2,
    erase=0.5,
    brightness=0.3,
    contrast=0.3,
)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _blob(n: int, sigma: tuple[float, float] = (2.0, 2.0)) -> Tensor:
    """A Gaussian in the middle of n images; sigma in pixels down and across."""
    place = torch.arange(28) - 13.5
    image = torch.exp(-(place[:, None] ** 2) / (2 * sigma[0] ** 2) - place[None, :] ** 2 / (2 * sigma[1] ** 2))
    return image.expand(n, 1, 28, 28).clone()


def _moments(images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Centre (y, x) in pixels from the middle and second central moments (yy, xx, xy), each (n,)."""
    weights = images[:, 0].double()
    weights = weights / weights.sum(dim=(1, 2), keepdim=True)
    place = torch.arange(28, dtype=torch.float64) - 13.5
    y, x = (weights.sum(2) * place).sum(1), (weights.sum(1) * place).sum(1)
    dy, dx = place[None, :, None] - y[:, None, None], place[None, None, :] - x[:, None, None]
    second = [(weights * product).sum(dim=(1, 2)) for product in (dy * dy, dx * dx, dy * dx)]
    return y, x, second[0], second[1], second[2]


def _assert_uniform(values: Tensor, limit: float, tolerance: float) -> None:
    """Check that values fill ±limit evenly: bounds, and the largest gap between the distribution functions."""
    assert values.abs().max() <= limit + tolerance
    expected = torch.linspace(-limit, limit, len(values), dtype=values.dtype)
    assert (values.sort().values - expected).abs().max() < 0.1 * limit + tolerance


def test_nothing_on_returns_the_input_itself():
    images = _blob(3)
    state = _generator().get_state()
    generator = _generator()
    assert augment(images, AugmentConfig(), generator) is images
    assert torch.equal(generator.get_state(), state)


@pytest.mark.parametrize(
    "kind",
    [
        *("rotate", "shift", "scale", "shear", "elastic", "perspective"),
        *("stroke_width", "erase", "brightness", "contrast"),
    ],
)
def test_each_kind_alone_counts_as_active_and_changes_images(kind):
    config = AugmentConfig(**{kind: 0.5})
    assert is_active(config)
    images = torch.rand((20, 1, 28, 28), generator=_generator(1))
    assert not torch.equal(augment(images, config, _generator()), images)


def test_sizes_alone_are_not_active():
    assert not is_active(AugmentConfig(elastic_smoothness=9, erase_size=0.9))


def test_same_generator_state_same_result_and_input_kept():
    images = torch.rand((50, 1, 28, 28), generator=_generator(1))
    before = images.clone()
    first = augment(images, EVERYTHING, _generator(5))
    assert torch.equal(first, augment(images, EVERYTHING, _generator(5)))
    assert not torch.equal(first, augment(images, EVERYTHING, _generator(6)))
    assert torch.equal(images, before)
    assert first.shape == images.shape
    assert first.dtype == torch.float32


def test_images_of_a_batch_change_differently():
    changed = augment(_blob(2, (2, 5)), EVERYTHING, _generator())
    assert not torch.equal(changed[0], changed[1])


def test_range_is_kept_under_extreme_settings():
    extreme = AugmentConfig(
        rotate=180,
        shift=0.5,
        scale=0.9,
        shear=60,
        elastic=8,
        perspective=0.5,
        stroke_width=4,
        erase=1,
        erase_size=0.5,
        brightness=1,
        contrast=1,
    )
    changed = augment(torch.rand((500, 1, 28, 28), generator=_generator(1)), extreme, _generator())
    assert changed.isfinite().all()
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_shift_moves_the_centre_evenly_within_its_bound():
    y, x, *_ = _moments(augment(_blob(2000), AugmentConfig(shift=0.15), _generator()))
    _assert_uniform(y, 0.15 * 28, tolerance=0.02)
    _assert_uniform(x, 0.15 * 28, tolerance=0.02)
    assert abs(np.corrcoef(y, x)[0, 1]) < 0.1


def test_shift_agrees_with_scipy():
    image = _blob(1, (3, 2))
    changed = augment(image, AugmentConfig(shift=0.1), _generator(3))
    y, x, *_ = _moments(changed)
    expected = shift_image(image[0, 0].numpy(), (y.item(), x.item()), order=1)
    assert np.abs(changed[0, 0].numpy() - expected).max() < 0.01


def test_rotation_angles_of_a_bar_fill_the_range_evenly():
    images = augment(_blob(2000, (1.2, 5)), AugmentConfig(rotate=30), _generator())
    y, x, yy, xx, xy = _moments(images)
    angles = torch.rad2deg(0.5 * torch.atan2(2 * xy, xx - yy))
    _assert_uniform(angles, 30, tolerance=0.5)
    assert max(y.abs().max(), x.abs().max()) < 0.02
    assert torch.allclose(yy + xx, (yy + xx).mean(), rtol=0.05)


def test_scale_factors_fill_the_range_evenly():
    *_, yy, xx, _ = _moments(augment(_blob(2000), AugmentConfig(scale=0.3), _generator()))
    # Bilinear reading widens the blob's variance by up to 1/4 pixel² at a factor of 1.
    factors = ((yy + xx) / 8).sqrt() - 1
    _assert_uniform(factors, 0.3, tolerance=0.04)
    assert torch.allclose(yy, xx, rtol=0.02)


def test_shear_slants_rows_and_keeps_their_height():
    *_, yy, _, xy = _moments(augment(_blob(2000), AugmentConfig(shear=20), _generator()))
    _assert_uniform(torch.rad2deg(torch.atan(xy / yy)), 20, tolerance=1.0)
    assert torch.allclose(yy, torch.full_like(yy, 4.0), rtol=0.05)


def test_shift_is_not_turned_or_scaled_by_the_other_changes():
    config = AugmentConfig(rotate=180, scale=0.3, shear=20, shift=0.1)
    y, x, *_ = _moments(augment(_blob(1000, (1.5, 1.5)), config, _generator()))
    assert max(y.abs().max(), x.abs().max()) < 2.8 + 0.05
    assert min(y.max(), x.max(), -y.min(), -x.min()) > 2.6


def _displace_ramps(config: AugmentConfig, n: int) -> tuple[Tensor, Tensor]:
    """Read displacements (n, 28, 28) down and across, in pixels, off images whose brightness is the place itself."""
    ramp = (torch.arange(28) / 27).expand(n, 1, 28, 28)
    across = augment(ramp, config, _generator()) * 27 - torch.arange(28)
    down = augment(ramp.mT, config, _generator()) * 27 - torch.arange(28)[:, None]
    return down[:, 0], across[:, 0]


@pytest.mark.parametrize(("strength", "smoothness"), [(0.5, 2.0), (1.0, 4.0), (2.0, 8.0)])
def test_elastic_displacement_has_the_strength_and_the_smoothness_asked_for(strength, smoothness):
    config = AugmentConfig(elastic=strength, elastic_smoothness=smoothness)
    down, across = _displace_ramps(config, 400)
    inside = slice(9, 19)  # displacements at the border read beyond the ramp
    square = (down**2 + across**2)[:, inside, inside]
    assert square.mean().sqrt().item() == pytest.approx(strength, rel=0.1)
    # Smoothed white noise correlates as exp(-d²/4σ²) over a distance d.
    distance = 2
    one, other = across[:, inside, 9 : 19 - distance], across[:, inside, 9 + distance : 19]
    correlation = np.corrcoef(one.flatten(), other.flatten())[0, 1]
    assert correlation == pytest.approx(math.exp(-(distance**2) / (4 * smoothness**2)), abs=0.05)


def test_elastic_bends_each_image_about_equally():
    down, across = _displace_ramps(AugmentConfig(elastic=1.0, elastic_smoothness=2.0), 200)
    length = (down**2 + across**2)[:, 4:24, 4:24].mean(dim=(1, 2)).sqrt()
    assert length.min() > 0.7
    assert length.max() < 1.3


def test_what_is_off_draws_nothing_so_that_older_settings_keep_their_results():
    images, config = torch.rand((8, 1, 28, 28), generator=_generator(1)), AugmentConfig(rotate=10, elastic=1)
    generator, expected = _generator(), _generator()
    augment(images, config, generator)
    torch.rand(8, generator=expected)
    torch.randn((8, 2, 28, 28), generator=expected)
    assert torch.equal(generator.get_state(), expected.get_state())


def test_perspective_keeps_the_middle_and_straight_lines():
    lines = torch.zeros(300, 1, 28, 28)
    lines[:, :, :, 20] = 1.0
    changed = augment(lines, AugmentConfig(perspective=0.4), _generator())[:, 0]
    place = torch.arange(28.0)
    rows = slice(8, 20)  # away from where a line may leave the picture
    x = (changed * place).sum(2)[:, rows] / changed.sum(2)[:, rows].clamp(min=1e-3)
    bend = x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]
    assert bend.abs().max() < 0.3
    middle = augment(_blob(200, (0.8, 0.8)), AugmentConfig(perspective=0.4), _generator())
    y, x_middle, *_ = _moments(middle)
    assert max(y.abs().max(), x_middle.abs().max()) < 0.35


def test_perspective_makes_one_edge_larger_and_the_other_smaller_within_its_bound():
    sides = torch.zeros(2000, 1, 28, 28)
    sides[:, :, 13:15, 6] = sides[:, :, 13:15, 21] = 1.0  # 7.5 pixels left and right of the middle
    changed = augment(sides, AugmentConfig(perspective=0.3), _generator())[:, 0].sum(1)  # (n, 28)
    place = torch.arange(28.0) - 13.5
    left = -(changed * place)[:, :14].sum(1) / changed[:, :14].sum(1)
    right = (changed * place)[:, 14:].sum(1) / changed[:, 14:].sum(1)
    # A place x is seen at x / (1 - p·x): of p in ±0.3, the farthest are at 7.5 / (1 ± 0.3 · 7.5 / 14).
    assert left.min().item() == pytest.approx(7.5 / (1 + 0.3 * 7.5 / 14), abs=0.15)
    assert right.max().item() == pytest.approx(7.5 / (1 - 0.3 * 7.5 / 14), abs=0.15)
    assert np.corrcoef(left, right)[0, 1] < -0.9


def _bars(n: int, width: int) -> Tensor:
    """Upright bars of a width in pixels."""
    bars = torch.zeros(n, 1, 28, 28)
    bars[:, :, 4:24, 14 - width // 2 : 14 - width // 2 + width] = 1.0
    return bars


@pytest.mark.parametrize("limit", [1.0, 2.0, 4.0])
def test_stroke_width_changes_the_width_of_a_bar_evenly_within_its_bound(limit):
    changed = augment(_bars(2000, 6), AugmentConfig(stroke_width=limit), _generator())
    widths = changed[:, 0, 10:18].sum(2).mean(1)
    _assert_uniform((widths - 6).double(), limit, tolerance=0.02)


def test_stroke_width_never_loses_a_thin_stroke_or_dims_a_digit():
    thin = augment(_bars(500, 1), AugmentConfig(stroke_width=4), _generator())[:, 0]
    assert thin[:, 10:18].amax(2).min() > 0.95
    assert thin[:, 10:18].sum(2).min() > 0.95
    faint = augment(0.6 * _blob(500), AugmentConfig(stroke_width=4), _generator())
    assert torch.allclose(faint.amax(dim=(1, 2, 3)), 0.6 * _blob(1).max(), atol=0.02)
    blank = torch.zeros(50, 1, 28, 28)
    assert torch.equal(augment(blank, AugmentConfig(stroke_width=4), _generator()), blank)


def test_erase_blots_out_one_square_of_the_right_size_in_the_right_share():
    changed = augment(torch.ones(10_000, 1, 28, 28), AugmentConfig(erase=0.3, erase_size=0.25), _generator())
    blot = changed[:, 0] == 0
    blotted = blot.any(dim=(1, 2))
    assert blotted.float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.all((changed == 0) | (changed == 1))
    blot = blot[blotted]
    assert torch.all(blot.any(dim=2).sum(dim=1) == 7)
    assert torch.all(blot.any(dim=1).sum(dim=1) == 7)
    assert torch.all(blot.sum(dim=(1, 2)) == 49)
    assert blot.any(dim=0).all()


def test_erase_of_the_whole_side_leaves_nothing():
    assert augment(torch.ones(5, 1, 28, 28), AugmentConfig(erase=1, erase_size=1), _generator()).sum() == 0


def test_brightness_multiplies_within_its_bound():
    factors = augment(torch.full((2000, 1, 28, 28), 0.5), AugmentConfig(brightness=0.4), _generator())[:, 0] / 0.5
    assert torch.allclose(factors, factors[:, :1, :1].expand_as(factors))
    _assert_uniform(factors[:, 0, 0].double() - 1, 0.4, tolerance=1e-5)


def test_contrast_blends_with_the_mean_of_the_image():
    image = torch.full((2000, 1, 28, 28), 0.4)
    image[:, :, :14] = 0.6
    changed = augment(image, AugmentConfig(contrast=0.5), _generator())
    assert torch.allclose(changed.mean(dim=(1, 2, 3)), torch.tensor(0.5), atol=1e-5)
    factors = (changed[:, 0, 0, 0] - changed[:, 0, 27, 0]).double() / 0.2
    _assert_uniform(factors - 1, 0.5, tolerance=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_works_on_a_gpu():
    images = _blob(100, (2, 5)).cuda()
    first, second = (augment(images, EVERYTHING, torch.Generator("cuda").manual_seed(1)) for _ in range(2))
    assert first.is_cuda
    assert torch.equal(first, second)
