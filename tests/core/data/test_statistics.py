"""What digits have in common, against numpy's own figures and small arrays worked out by hand."""

import numpy as np
import pytest

from core.data import datasets
from core.data.statistics import compute_class_counts, compute_class_images, compute_ink, compute_mean_images
from core.errors import ShapeError


def test_two_digits_by_hand():
    images = np.zeros((3, 28, 28), dtype=np.uint8)
    images[0, 0, 0], images[1, 0, 0], images[2] = 255, 51, 255
    labels = np.array([4, 4, 9])
    assert compute_class_counts(labels).tolist() == [0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
    assert compute_ink(images) == pytest.approx([1 / 784, 0.2 / 784, 1.0])
    means, variances = compute_class_images(images, labels)
    assert means[4, 0, 0] == pytest.approx(0.6)
    assert variances[4, 0, 0] == pytest.approx(0.16)
    assert (means[9] == 1).all()
    assert variances[9].max() == 0
    assert means[:4].max() == variances[:4].max() == 0


def test_real_digits_against_numpy():
    part = datasets.load("sklearn-digits").train
    means, variances = compute_class_images(part.images, part.labels)
    for digit in range(10):
        pixels = part.images[part.labels == digit] / 255
        np.testing.assert_allclose(means[digit], pixels.mean(axis=0), atol=1e-7)
        np.testing.assert_allclose(variances[digit], pixels.var(axis=0), atol=1e-7)
    np.testing.assert_allclose(compute_ink(part.images), part.images.mean(axis=(1, 2)) / 255)


def test_no_digits():
    images, labels = np.zeros((0, 28, 28), dtype=np.uint8), np.zeros(0, dtype=np.int64)
    assert compute_ink(images).shape == (0,)
    assert compute_class_counts(labels).sum() == 0
    assert compute_class_images(images, labels)[0].shape == (10, 28, 28)


def test_mean_pictures_of_groups_by_hand():
    images = np.zeros((3, 28, 28), dtype=np.uint8)
    images[0, 0, 0], images[1, 0, 0], images[2] = 255, 52, 7
    means = compute_mean_images(images, np.array([4, 4, 99]), 100)
    assert means.shape == (100, 28, 28)
    assert means[4, 0, 0] == 154  # 153.5, rounded to even
    assert (means[99] == 7).all()
    assert not means[[0, 3, 5, 98]].any()
    with pytest.raises(ShapeError, match="3 images but 2 groups"):
        compute_mean_images(images, np.array([4, 4]), 100)


def test_lengths_must_agree():
    with pytest.raises(ShapeError, match="2 images but 3 labels"):
        compute_class_images(np.zeros((2, 28, 28), dtype=np.uint8), np.zeros(3, dtype=np.int64))
