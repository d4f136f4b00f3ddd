import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch

from core.data import datasets
from core.data.catalog import DATASETS
from core.data.datasets import DigitData, split_indices
from core.errors import ConfigError, UsageError


@pytest.fixture(params=[spec.name for spec in DATASETS])
def data(request) -> DigitData:
    return request.getfixturevalue("mnist") if request.param == "mnist" else datasets.load(request.param)


def test_agrees_with_the_catalogue(data):
    spec = next(spec for spec in DATASETS if spec.name == data.name)
    assert (len(data.train.images), len(data.test.images)) == (spec.train_size, spec.test_size)
    assert data.title == spec.title
    assert spec.source in data.source
    assert data.class_names == tuple("0123456789")
    assert len(data.checksum) == 64


def test_arrays_have_the_promised_form(data):
    for split in (data.train, data.test):
        assert split.images.shape == (len(split.labels), 28, 28)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert sorted(set(split.labels.tolist())) == list(range(10))
        # White ink on black: corners are paper in nearly every digit.
        assert split.images[:, :2, :2].mean() < 1
        assert split.images.max() == 255


def test_torch_takes_the_arrays_without_a_warning_or_a_copy(data):
    tensor = torch.from_numpy(data.test.images)
    assert tensor.data_ptr() == data.test.images.ctypes.data


def test_ink_is_centred_as_in_mnist(data):
    images = data.test.images.astype(float)
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = images.sum(axis=axis) @ np.arange(28) / mass
        assert np.abs(centre - 14).max() < 0.505


def test_mnist_is_the_published_one(mnist):
    assert np.bincount(mnist.train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # The mean and spread that everyone normalises MNIST by.
    assert mnist.train.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert mnist.train.images.std() / 255 == pytest.approx(0.3081, abs=5e-5)
    assert mnist.checksum == "1e35582d42a90940c55b956deb61875c020b567ed20e3c5b174f52bf7809ed9b"


def test_sklearn_digits_are_all_there_once_and_stratified():
    data = datasets.load("sklearn-digits")
    both = np.concatenate([data.train.images, data.test.images]).reshape(1797, -1)
    assert len(np.unique(both, axis=0)) == 1797
    shares = np.bincount(data.test.labels) / np.bincount(data.train.labels)
    assert np.abs(shares - 360 / 1437).max() < 0.01
    assert set(both.max(axis=1)) == {255}


def test_sklearn_digits_keep_their_shape():
    from sklearn.datasets import load_digits

    small = load_digits().images
    large = datasets._enlarge(small)
    # Undo it: cut the 20×20 digit out at every possible place, average to 8×8 and look for the original.
    for image, original in zip(large[:20], small[:20], strict=True):
        closest = 0.0
        for top in range(9):
            for left in range(9):
                digit = np.zeros((20, 20))
                part = image[top : top + 20, left : left + 20]
                digit[: part.shape[0], : part.shape[1]] = part
                average = np.kron(digit, np.ones((2, 2))).reshape(8, 5, 8, 5).mean(axis=(1, 3))
                closest = max(closest, np.corrcoef(average.ravel(), original.ravel())[0, 1])
        assert closest > 0.98


def test_one_copy_per_process():
    assert datasets.load("sklearn-digits") is datasets.load("sklearn-digits")
    first = datasets.load("sklearn-digits")
    datasets.clear_cache()
    assert datasets.load("sklearn-digits") is not first
    assert datasets.load("sklearn-digits").checksum == first.checksum


def test_unknown_name_lists_the_valid_ones():
    for function in (datasets.load, datasets.is_cached):
        with pytest.raises(UsageError, match="mnist, sklearn-digits"):
            function("fashion")


def test_is_cached_needs_files_for_mnist_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_HOME", str(tmp_path))
    assert not datasets.is_cached("mnist")
    assert datasets.is_cached("sklearn-digits")
    assert not list(tmp_path.iterdir())


def test_importing_datasets_imports_no_heavy_package():
    code = (
        "import sys, core.data.datasets; print(sorted({'torch', 'torchvision', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


LABELS = np.random.default_rng(1).choice(10, size=6000, p=np.array([5, 7, 6, 6, 6, 5, 6, 6, 6, 7]) / 60)


@pytest.mark.parametrize("validation_size", [0, 1, 500, 5990])
def test_split_is_exact_disjoint_and_ascending(validation_size):
    train, validation = split_indices(LABELS, validation_size)
    assert (len(train), len(validation)) == (6000 - validation_size, validation_size)
    assert train.dtype == validation.dtype == np.int64
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(6000))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(validation) > 0)


@pytest.mark.parametrize("size", [10, 100, 997, 4000])
def test_parts_have_the_classes_in_the_proportions_of_the_whole(size):
    shares = np.bincount(LABELS) / len(LABELS)
    for part in (split_indices(LABELS, 1000, train_size=size)[0], split_indices(LABELS, size)[1]):
        assert np.abs(np.bincount(LABELS[part], minlength=10) - shares * size).max() <= 1


def test_smaller_parts_are_subsets_of_larger_ones():
    sizes = [10, 50, 500, 2000, None]
    trains = [set(split_indices(LABELS, 1000, size)[0]) for size in sizes]
    assert all(small < large for small, large in itertools.pairwise(trains))
    assert set(split_indices(LABELS, 100)[1]) < set(split_indices(LABELS, 1000)[1])


def test_split_is_always_the_same_and_no_mere_slice():
    first, second = split_indices(LABELS, 600), split_indices(LABELS.copy(), 600)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[1].min() < 100
    assert first[1].max() > 5900
    assert abs(first[1].mean() - 3000) < 250


def test_split_of_mnist_stays_what_it_was(mnist):
    train, validation = split_indices(mnist.train.labels, 5000)
    assert (len(train), len(validation)) == (55_000, 5_000)
    assert validation[:5].tolist() == [6, 7, 23, 27, 51]


@pytest.mark.parametrize(("validation_size", "train_size"), [(-1, None), (6000, None), (6001, 1), (5000, 1001), (0, 0)])
def test_impossible_sizes_are_refused(validation_size, train_size):
    with pytest.raises(ConfigError, match="cannot be taken from 6000"):
        split_indices(LABELS, validation_size, train_size)
