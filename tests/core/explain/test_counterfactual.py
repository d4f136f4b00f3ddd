"""What would change the answer: every change found is predicted again."""

import numpy as np
import pytest
import torch

from core.errors import ShapeError
from core.evaluation.predict import Classifier, Member, load_classifier, predict_probabilities
from core.explain.counterfactual import find_changes


@pytest.fixture(scope="module")
def classifier(trained_mnist):
    return load_classifier(trained_mnist)


def list_changes(classifier, images, kind):
    return [(image, find_changes(classifier, image, kind)) for image in images]


@pytest.mark.parametrize("kind", ["erase", "add"])
def test_every_change_found_changes_the_answer_when_predicted_again(classifier, mnist, kind):
    answers = predict_probabilities(classifier, mnist.test.images[:1000])
    doubtful = mnist.test.images[:1000][answers.max(1).argsort()[:6]]
    found = list_changes(classifier, doubtful, kind)
    assert sum(len(changes) for _, changes in found) > 6
    for image, changes in found:
        before = predict_probabilities(classifier, image[None])[0].argmax()
        for change in changes:
            by_hand = image.copy()
            by_hand[change.region] = 0 if kind == "erase" else 255
            np.testing.assert_array_equal(change.image, by_hand)
            after = predict_probabilities(classifier, by_hand[None])[0]
            np.testing.assert_allclose(after, change.probabilities, atol=1e-4)
            assert change.answer == after.argmax() != before
            moved = np.abs(by_hand.astype(int) - image).sum() / image.sum(dtype=int)
            assert 0 < change.ink == pytest.approx(moved)
            assert change.ink <= 0.5
        assert [change.ink for change in changes] == sorted(change.ink for change in changes)
        assert sum(change.region.astype(int) for change in changes).max(initial=0) <= 1


def test_a_network_that_looks_at_one_corner_is_changed_there_and_with_the_least_ink(trained_small):
    """A linear network that reads 1 as long as pixels (10, 10) and (10, 11) hold ink together, else 0."""
    member = load_classifier(trained_small).members[0]
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    with torch.no_grad():
        network[1].weight.zero_()
        network[1].bias.copy_(torch.tensor([0.0, -1.5, *[-99.0] * 8]))
        network[1].weight[1, [10 * 28 + 10, 10 * 28 + 11]] = 1.0
    config = member.config.with_settings({"normalize_mean": 0, "normalize_std": 1})
    classifier = Classifier(load_classifier(trained_small).run, (Member(config, network.eval()),))
    image = np.zeros((28, 28), np.uint8)
    image[8:20, 8:20] = 255
    [*found] = find_changes(classifier, image, "erase", limit=5)
    assert found[0].answer == 0
    assert found[0].region.sum() == 4
    assert found[0].region[10, 10] or found[0].region[10, 11]
    assert found[0].ink == pytest.approx(4 / 144)
    image[10, 10:12] = 0
    [added] = find_changes(classifier, image, "add", limit=1)
    assert added.answer == 1
    assert added.region[10, 10:12].all()
    assert added.ink == pytest.approx(2 / 142)


def test_a_piece_that_is_not_joined_is_tried_whole(trained_small):
    """A linear network that reads 1 as long as a long bar holds ink enough: no square takes away so much of it."""
    member = load_classifier(trained_small).members[0]
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    with torch.no_grad():
        network[1].weight.zero_()
        network[1].bias.copy_(torch.tensor([0.0, -1.5, *[-99.0] * 8]))
        network[1].weight[1].view(28, 28)[5, 4:24] = 1.0
    config = member.config.with_settings({"normalize_mean": 0, "normalize_std": 1})
    classifier = Classifier(load_classifier(trained_small).run, (Member(config, network.eval()),))
    image = np.zeros((28, 28), np.uint8)
    image[5, 4:24] = 255
    image[15:20, 4:24] = 255
    [change] = find_changes(classifier, image, "erase")
    np.testing.assert_array_equal(change.region, (np.arange(28) == 5)[:, None] & (image > 0))
    assert find_changes(classifier, image, "add") == []


def test_nothing_can_be_erased_from_blank_paper(classifier):
    blank = np.zeros((28, 28), np.uint8)
    assert find_changes(classifier, blank, "erase") == []
    assert find_changes(classifier, blank, "add") == []


def test_one_pixel_of_ink_is_a_picture_too(classifier):
    image = np.zeros((28, 28), np.uint8)
    image[27, 27] = 255
    assert find_changes(classifier, image, "erase") == []
    assert len(find_changes(classifier, image, "add")) <= 3


def test_changes_are_sought_in_one_digit(classifier):
    with pytest.raises(ShapeError, match=r"\(1, 28, 28\)"):
        find_changes(classifier, np.zeros((1, 28, 28), np.uint8), "erase")
