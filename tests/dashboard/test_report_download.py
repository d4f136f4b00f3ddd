"""The button that hands out a report: there for every run with one, a sentence for every other."""

import re

import pytest
from run_folders import copy_run
from streamlit.testing.v1 import AppTest

from core.evaluation.ensemble import create_ensemble
from core.report_page.build import build_report_page
from dashboard.report_download import build_report_bytes


def page(name):
    from core.runs import store
    from dashboard.report_download import render_report_download

    render_report_download(store.read_entry(store.find_run(name)))


def draw(run):
    at = AppTest.from_function(page, args=(run.id,), default_timeout=30).run()
    assert not at.exception
    return at


def test_a_run_with_a_report_has_the_button(finished_run):
    at = draw(finished_run)
    [button] = at.get("download_button")
    assert button.proto.label == "Report (HTML)"
    assert not at.caption


def test_an_ensemble_has_it_too(home, trained_small):
    members = [copy_run(trained_small, home, id=f"20260101-00000{i}-mlp-aaaa") for i in (1, 2)]
    assert draw(create_ensemble(members)).get("download_button")


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("report.json", "There is no report to download: .* is not evaluated yet"),
        ("test.npz", "There is no report to download: .* is not evaluated yet"),
        ("config.json", "There is no report to download: .*config.json is missing"),
        ("run.json", "run.json is missing"),
    ],
)
def test_what_is_missing_is_said(finished_run, lost, words):
    (finished_run.path / lost).unlink()
    at = draw(finished_run)
    assert not at.get("download_button")
    assert re.search(words, at.caption[0].value)


def test_what_is_handed_out_is_the_report(finished_run):
    assert build_report_bytes(finished_run).decode() == build_report_page(finished_run)
