"""What a page says when MNIST is missing, with real downloads from a folder and none at all."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from core.data import datasets, download_status
from dashboard.layout import escape


def page():
    import streamlit as st

    from dashboard.loaders import choose_dataset
    from dashboard.notice import render_dataset_notice

    render_dataset_notice()
    st.text(choose_dataset())


def wait_for_end():
    end = time.monotonic() + 120
    while time.monotonic() < end:
        status = download_status.read_status()
        if status is not None and status.state != "downloading":
            return status
        time.sleep(0.1)
    pytest.fail("the download did not end")


def test_nothing_is_said_when_mnist_is_here(mnist_home):
    at = AppTest.from_function(page, default_timeout=30).run()
    assert at.text[0].value == "mnist"
    assert not at.warning


def test_without_a_network_the_reason_and_a_way_to_retry_are_shown(home):
    at = AppTest.from_function(page, default_timeout=30).run()
    assert at.text[0].value == "sklearn-digits"
    assert wait_for_end().state == "failed"
    at.run()
    assert "MNIST is not here" in at.warning[0].value
    assert escape("DIGITS_OFFLINE=1 forbids it") in at.warning[0].value
    assert "1,797 digits bundled with scikit-learn" in at.warning[0].value
    assert at.button(key="retry_download").label == "Retry the download"


def test_a_retry_with_a_mirror_brings_mnist(home, mnist_cache, monkeypatch):
    AppTest.from_function(page, default_timeout=30).run()
    wait_for_end()
    monkeypatch.setenv("DIGITS_MIRROR", str(mnist_cache / "mnist"))
    at = AppTest.from_function(page, default_timeout=30).run()
    at.button(key="retry_download").click().run()
    assert wait_for_end().state == "ready"
    assert datasets.is_cached("mnist")
    at.run()
    assert not at.warning
    assert at.text[0].value == "mnist"
