"""What the digits of a split have in common: how many there are, what they look like, how much ink they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_CLASSES = 10


def compute_class_counts(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many digits of each class there are, (10,) int64.

    Args:
        labels: (n,) int64 in 0..9.
    """
    return np.bincount(labels, minlength=N_CLASSES).astype(np.int64)


def compute_ink(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean of each digit's pixels as a fraction of full ink, (n,) float64 in [0, 1].

    Args:
        images: (n, 28, 28) uint8.
    """
    sums = images.sum(axis=(1, 2), dtype=np.uint32)
    ink: NDArray[np.float64] = sums / (255.0 * images.shape[1] * images.shape[2])
    return ink


def compute_class_images(
    images: NDArray[np.uint8], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean image of each class and the variance of each of its pixels.

    Args:
        images: (n, 28, 28) uint8.
        labels: (n,) int64 in 0..9.

    Returns:
        Means and population variances of pixels in [0, 1], each (10, 28, 28) float64; zeros for a class without digits.

    Raises:
        ShapeError: if the lengths differ.
    """
    if len(images) != len(labels):
        raise ShapeError(f"There are {len(images)} images but {len(labels)} labels; give one label for each image.")
    means = np.zeros((N_CLASSES, *images.shape[1:]))
    variances = np.zeros_like(means)
    for digit in np.unique(labels):
        pixels = images[labels == digit] / np.float32(255)
        means[digit] = pixels.mean(axis=0, dtype=np.float64)
        squares = np.square(pixels).mean(axis=0, dtype=np.float64)
        # Rounding can take a pixel that never varies a hair below zero.
        variances[digit] = np.maximum(squares - means[digit] ** 2, 0.0)
    return means, variances


def compute_mean_images(images: NDArray[np.uint8], groups: NDArray[np.int64], n_groups: int) -> NDArray[np.uint8]:
    """Return the mean picture of each group of digits, (n_groups, 28, 28) uint8; black for a group without digits.

    Args:
        images: (n, 28, 28) uint8.
        groups: (n,) int64 in 0..n_groups - 1.
        n_groups: how many there are.

    Raises:
        ShapeError: if the lengths differ.
    """
    if len(images) != len(groups):
        raise ShapeError(f"There are {len(images)} images but {len(groups)} groups; give one group for each image.")
    means = np.zeros((n_groups, *images.shape[1:]), dtype=np.uint8)
    for group in np.unique(groups).tolist():
        means[group] = images[groups == group].mean(axis=0, dtype=np.float32).round()
    return means
