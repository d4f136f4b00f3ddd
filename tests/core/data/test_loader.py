import numpy as np
import torch

from core.data.loader import epoch_order, iterate_batches, to_images


def test_order_is_a_permutation_that_seed_and_epoch_decide():
    order = epoch_order(1000, seed=3, epoch=7)
    assert order.dtype == torch.int64
    assert torch.equal(order.sort().values, torch.arange(1000))
    assert torch.equal(order, epoch_order(1000, seed=3, epoch=7))
    others = [(3, 6), (3, 8), (2, 7), (4, 7), (7, 3), (3 + 2**32, 7)]
    assert not any(torch.equal(order, epoch_order(1000, seed, epoch)) for seed, epoch in others)


def test_order_ignores_and_leaves_global_random_states():
    expected = epoch_order(50, seed=0, epoch=0)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    assert torch.equal(epoch_order(50, seed=0, epoch=0), expected)
    assert torch.equal(torch.get_rng_state(), state)


def test_batches_cover_the_order_once_with_a_smaller_last_one():
    order = epoch_order(103, seed=0, epoch=0)
    batches = list(iterate_batches(order, 25))
    assert [len(batch) for batch in batches] == [25, 25, 25, 25, 3]
    assert torch.equal(torch.cat(batches), order)


def test_batches_go_on_where_they_stopped():
    order = epoch_order(103, seed=0, epoch=0)
    rest = list(iterate_batches(order, 25, start=3))
    assert torch.equal(torch.cat(rest), order[75:])
    assert list(iterate_batches(order, 25, start=5)) == []


def test_a_batch_larger_than_the_data_is_all_of_it():
    assert [len(batch) for batch in iterate_batches(torch.arange(7), 64)] == [7]


def test_images_are_scaled_exactly_and_pixels_are_kept():
    pixels = torch.from_numpy(np.arange(2 * 784, dtype=np.uint32).reshape(2, 28, 28).astype(np.uint8))
    before = pixels.clone()
    images = to_images(pixels)
    assert images.shape == (2, 1, 28, 28)
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert torch.equal((images[:, 0] * 255).round().to(torch.uint8), pixels)
    assert torch.equal(pixels, before)
