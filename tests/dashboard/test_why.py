"""The panel that explains an answer: its three views, over real networks; and the pictures it draws."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core.data import datasets
from core.evaluation import ensemble
from core.evaluation.predict import load_classifier, predict_probabilities
from core.explain.counterfactual import Change, find_changes
from core.explain.neighbours import build_index, find_nearest
from core.explain.saliency import explain
from core.runs import store
from dashboard.evidence import describe_evidence, make_change_picture, make_evidence_picture
from dashboard.why import VIEWS


def page(run, image, true):
    from dashboard.why import render_why_of_run

    render_why_of_run(run, image, key="why", true=true)


def open_panel(run, image, true=None, view=VIEWS[0]):
    at = AppTest.from_function(page, default_timeout=30, args=(run, image, true))
    at.session_state["why-panel"] = True
    at.session_state["why-view"] = view
    at.run()
    assert not at.exception
    return at


def read_text(at):
    return "\n".join(one.value for kind in (at.markdown, at.caption) for one in kind)


@pytest.fixture
def digits(home):
    return datasets.load("sklearn-digits")


@pytest.fixture
def doubtful(digits, finished_run):
    """The test digit of which the run is least sure."""
    answers = predict_probabilities(load_classifier(finished_run), digits.test.images)
    n = int(answers.max(1).argmin())
    return digits.test.images[n], answers[n]


def list_pictures(at):
    """What the pictures are said to show."""
    found = [re.findall(r'<img [^>]*alt="([^"]*)"', element.proto.body) for element in at.get("html")]
    return [alt for alts in found for alt in alts]


def test_a_closed_panel_loads_nothing(digits, finished_run):
    at = AppTest.from_function(page, default_timeout=30, args=(finished_run, digits.test.images[0], None)).run()
    assert not at.exception
    assert not list_pictures(at)
    assert not at.selectbox


def test_evidence_is_for_the_answer_and_against_the_runner_up(finished_run, doubtful):
    image, probabilities = doubtful
    at = open_panel(finished_run, image)
    runner_up, answer = probabilities.argsort()[-2:].tolist()
    assert [box.value for box in at.selectbox] == [answer, runner_up]
    expected = explain(load_classifier(finished_run), image, answer, "integrated-gradients", runner_up)
    [picture] = list_pictures(at)
    assert picture == describe_evidence(expected, answer, runner_up)
    assert picture.startswith(f"Evidence for {answer} rather than {runner_up}")
    assert f"It reads **{answer}**" in read_text(at)
    assert "grad-cam" not in at.segmented_control(key="why-method").options


def test_evidence_is_weighed_against_the_truth_where_the_answer_is_wrong(finished_run, doubtful):
    image, probabilities = doubtful
    answer = int(probabilities.argmax())
    true = (answer + 5) % 10
    at = open_panel(finished_run, image, true)
    assert [box.value for box in at.selectbox] == [answer, true]
    at.selectbox[0].set_value(true).run()
    assert not at.exception
    assert [box.value for box in at.selectbox] == [true, answer]
    at.selectbox[1].set_value("any other").run()
    assert list_pictures(at)[0].startswith(f"Evidence for {true} is strongest")


def test_every_method_has_its_words(finished_run, doubtful):
    at = open_panel(finished_run, doubtful[0])
    for method, words in (("occlusion", "patch of 4×4"), ("gradient", "a little more ink")):
        at.segmented_control(key="why-method").set_value(method).run()
        assert not at.exception
        assert words in read_text(at)


def test_what_changes_the_answer_is_what_core_finds(finished_run, doubtful):
    image, _ = doubtful
    at = open_panel(finished_run, image, view=VIEWS[1])
    classifier = load_classifier(finished_run)
    changes = find_changes(classifier, image, "erase") + find_changes(classifier, image, "add")
    assert changes
    assert len(list_pictures(at)) == len(changes)
    for change in changes:
        assert f"reads **{change.answer}** ({100 * change.probabilities.max():.1f}" in read_text(at)


def test_what_changes_the_answer_is_sought_once_for_a_picture(finished_run, doubtful):
    at = open_panel(finished_run, doubtful[0], view=VIEWS[1])
    known = at.session_state["why_asked_last"].changes["erase"]
    shown = list_pictures(at)
    at.run()
    assert at.session_state["why_asked_last"].changes["erase"] is known
    assert list_pictures(at) == shown
    at.session_state["why_asked_last"].changes.clear()
    at.run()
    assert list_pictures(at) == shown


def test_an_answer_that_stands_firm_is_said_to(finished_run):
    blank = np.zeros((28, 28), np.uint8)
    at = open_panel(finished_run, blank, view=VIEWS[1])
    assert read_text(at).count("it stays") == 2
    for view in (VIEWS[0], VIEWS[2]):
        open_panel(finished_run, blank, view=view)


def test_the_nearest_training_digits_stand_in_a_sheet(digits, finished_run, doubtful):
    image, probabilities = doubtful
    at = open_panel(finished_run, image, view=VIEWS[2])
    classifier = load_classifier(finished_run)
    nearest = find_nearest(classifier, build_index(classifier, digits.train), image)
    [sheet] = at.get("bidi_component")
    assert all(f'"index":{n},' in sheet.proto.json.replace(" ", "") for n in nearest.indices.tolist())
    same = int((nearest.labels == probabilities.argmax()).sum())
    assert f"**{same} of 12** nearest training digits are labelled {probabilities.argmax()}" in read_text(at)


def test_other_digits_than_those_trained_on_are_not_compared(finished_run, doubtful):
    store.update_record(finished_run, dataset_checksum="0" * 64)
    at = open_panel(finished_run, doubtful[0], view=VIEWS[2])
    assert "nothing to compare with" in read_text(at)
    assert not at.get("bidi_component")


def test_an_ensemble_says_whose_evidence_it_shows(home, finished_run, doubtful):
    twin = copy_run(finished_run, home, id="20260101-000007-mlp-twin")
    both = ensemble.create_ensemble([finished_run, twin])
    assert "The mean over 2 networks" in read_text(open_panel(both, doubtful[0]))
    assert "the ensemble's first network" in read_text(open_panel(both, doubtful[0], view=VIEWS[2]))


def test_a_run_without_a_network_says_so(finished_run, doubtful):
    (finished_run.path / "model.safetensors").unlink()
    assert "has no model yet" in read_text(open_panel(finished_run, doubtful[0]))


def read_picture(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_evidence_is_told_by_colour_and_by_sign():
    evidence = np.zeros((28, 28), np.float32)
    evidence[3, 4], evidence[20, 6], evidence[9, 9] = 2.0, -2.0, 0.1
    picture = read_picture(make_evidence_picture(np.zeros((28, 28), np.uint8), evidence, 12))
    plus, minus, faint = (picture[12 * y : 12 * y + 12, 12 * x : 12 * x + 12] for y, x in ((3, 4), (20, 6), (9, 9)))
    assert plus[0, 0, 2] > plus[0, 0, 0]
    assert minus[0, 0, 0] > minus[0, 0, 2]
    assert not plus[5, 4].any()
    assert not minus[5, 4].any()
    assert not plus[4, 5].any()
    assert minus[4, 5].any()
    assert faint.all()
    assert not picture[:36].any()


def test_no_evidence_leaves_the_digit_alone():
    image = np.full((28, 28), 200, np.uint8)
    picture = read_picture(make_evidence_picture(image, np.zeros((28, 28), np.float32)))
    assert (picture == picture[0, 0, 0]).all()
    words = describe_evidence(np.zeros((28, 28), np.float32), 9, 4)
    assert words == "Evidence for 9 rather than 4: none; evidence against it: none."


@pytest.mark.parametrize(
    ("place", "words"), [((6, 20), "at the upper right"), ((14, 14), "in the centre"), ((20, 7), "at the lower left")]
)
def test_the_place_of_the_evidence_in_words(place, words):
    evidence = np.zeros((28, 28), np.float32)
    evidence[place] = 1
    assert describe_evidence(evidence, 9, None) == f"Evidence for 9 is strongest {words}; evidence against it: none."


def test_evidence_for_and_against_at_one_place_is_told_as_such():
    evidence = np.zeros((28, 28), np.float32)
    evidence[4, 20], evidence[6, 24] = 1, -1
    words = describe_evidence(evidence, 7, 2)
    what = "Evidence for 7 rather than 2, and evidence against it"
    assert words == f"{what}, are both strongest at the upper right, side by side."


@pytest.mark.parametrize("kind", ["erase", "add"])
def test_the_region_of_a_change_is_framed_and_the_rest_left_as_it_is(kind):
    image = np.full((28, 28), 255, np.uint8)
    region = np.zeros((28, 28), np.bool_)
    region[10:13, 10:13] = True
    change = Change(kind, region, image, 0.1, np.eye(10, dtype=np.float32)[3])
    picture = read_picture(make_change_picture(image, change, 8))
    assert tuple(picture[79, 84]) == tuple(picture[84, 104]) == (255, 214, 10)
    assert (picture[84:100, 84:100] != 255).any()
    outside = np.ones((224, 224), np.bool_)
    outside[78:106, 78:106] = False
    assert (picture[outside] == 255).all()
