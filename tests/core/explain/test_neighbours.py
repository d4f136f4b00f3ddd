"""The nearest training digits in a network's feature space."""

import numpy as np
import pytest
import torch

from core.config import TrainConfig
from core.data.datasets import Split, load, split_indices
from core.errors import ShapeError
from core.evaluation.predict import Classifier, Member, load_classifier
from core.explain.neighbours import build_index, find_nearest
from core.models.catalog import MODELS
from core.runs.store import Run


@pytest.fixture(scope="module")
def small():
    return load("sklearn-digits")


@pytest.fixture(scope="module")
def classifier(trained_small):
    return load_classifier(trained_small)


@pytest.fixture(scope="module")
def index(classifier, small):
    return build_index(classifier, small.train)


def test_only_the_digits_it_was_trained_on_are_indexed(classifier, index, small):
    config = classifier.members[0].config
    expected, _ = split_indices(small.train.labels, config.validation_size, config.data.train_size)
    np.testing.assert_array_equal(index.indices, expected)
    np.testing.assert_array_equal(index.labels, small.train.labels[expected])
    assert index.features.shape == (len(expected), 128)
    np.testing.assert_allclose(np.linalg.norm(index.features.astype(float), axis=1), 1, atol=2e-3)


def test_the_nearest_neighbour_of_a_training_digit_is_itself(classifier, index, small):
    for n in index.indices[::100]:
        found = find_nearest(classifier, index, small.train.images[n])
        assert found.indices[0] == n
        assert found.distances[0] == pytest.approx(0, abs=1e-3)
        assert found.labels[0] == small.train.labels[n]


def test_distances_are_those_of_the_last_hidden_layer(classifier, index, small):
    member, image = classifier.members[0], small.test.images[3]
    found = find_nearest(classifier, index, image, k=5)
    pixels = torch.from_numpy(np.stack([image, *small.train.images[found.indices]])).unsqueeze(1) / 255
    with torch.inference_mode():
        hidden = member.network[:-1]((pixels - member.config.data.normalize_mean) / member.config.data.normalize_std)
    expected = 1 - torch.nn.functional.cosine_similarity(hidden[:1], hidden[1:]).numpy()
    np.testing.assert_allclose(found.distances, expected, atol=2e-3)
    assert (np.diff(found.distances) >= 0).all()
    np.testing.assert_array_equal(found.labels, small.train.labels[found.indices])


def test_most_neighbours_of_test_digits_bear_their_label(classifier, index, small):
    pairs = zip(small.test.images[:40], small.test.labels[:40], strict=True)
    same = [(find_nearest(classifier, index, image).labels == label).mean() for image, label in pairs]
    assert np.mean(same) > 0.85


def test_an_ensemble_answers_with_its_first_member(classifier, index, small):
    other = Member(classifier.members[0].config, MODELS[0].build().eval())
    both = Classifier(classifier.run, (*classifier.members, other))
    np.testing.assert_array_equal(build_index(both, small.train).features, index.features)


@pytest.mark.parametrize("name", [spec.name for spec in MODELS])
def test_every_model_has_features(name, small, tmp_path):
    torch.manual_seed(0)
    spec = next(spec for spec in MODELS if spec.name == name)
    config = TrainConfig().with_settings({"model": name, "dataset": "sklearn-digits", "validation_size": 0})
    classifier = Classifier(Run(tmp_path), (Member(config, spec.build().eval()),))
    few = Split(small.train.images[:60], small.train.labels[:60])
    index = build_index(classifier, few)
    assert index.features.shape[0] == 60
    assert index.features.shape[1] >= 10
    assert np.isfinite(index.features).all()
    found = find_nearest(classifier, index, few.images[31], k=100)
    assert sorted(found.indices) == list(range(60))
    # Untrained features can all but coincide, and half precision does not tell such digits apart.
    assert found.distances[found.indices == 31] == pytest.approx(found.distances.min(), abs=2e-3)
    assert np.isfinite(find_nearest(classifier, index, np.zeros((28, 28), np.uint8)).distances).all()


def test_indexing_leaves_no_hook_on_the_network(classifier, index):
    assert not any(layer._forward_pre_hooks for layer in classifier.members[0].network.modules())


def test_neighbours_are_sought_for_one_digit(classifier, index):
    with pytest.raises(ShapeError, match=r"\(3, 28, 28\)"):
        find_nearest(classifier, index, np.zeros((3, 28, 28), np.uint8))
