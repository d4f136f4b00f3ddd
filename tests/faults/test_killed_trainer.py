"""A trainer that is killed, at fifty moments, loses nothing that its last checkpoint held."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AT_EVENTS, AT_TIMES = 34, 16
LAB = Path(__file__).with_name("kill_lab.py")


@pytest.fixture(scope="module")
def kills(tmp_path_factory):
    """What was found after each kill, and after the resume that followed."""
    home = tmp_path_factory.mktemp("killed")
    result = subprocess.run(
        [sys.executable, str(LAB), str(AT_EVENTS), str(AT_TIMES)],
        env={
            **os.environ,
            "DIGITS_HOME": str(home),
            "DIGITS_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(LAB.parents[2]),
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert len(found) == AT_EVENTS + AT_TIMES == 50
    return found


def test_the_moments_lie_before_while_and_after_it_trains(kills):
    assert {"training", "evaluating"} <= {kill["phase"] for kill in kills}
    assert len({kill["how"] for kill in kills}) == len(kills)


def test_no_torn_file_is_ever_read(kills):
    assert {kill["how"]: kill["torn"] for kill in kills if kill["torn"]} == {}


def test_the_run_shows_as_lost_with_what_is_known(kills):
    assert {kill["state"] for kill in kills} == {"lost"}
    for kill in kills:
        if kill["phase"]:
            assert "ended from outside (killed, or the memory was full); last sign of life" in kill["reason"]
            assert kill["reason"].endswith(f"while {kill['phase']} at step {kill['step']:,}.") or not kill["step"]
        else:
            assert kill["reason"] == "Its training process did not begin; its log may say why."


def test_a_resume_reaches_the_weights_and_the_curve_of_an_uninterrupted_run(kills):
    for kill in kills:
        assert (kill["resumed"], kill["end"], kill["same"]) == (0, "completed", True), kill
        assert (kill["epochs"], kill["ordered"]) == ([1.0, 2.0, 3.0], True), kill


def test_nothing_half_written_is_left_behind(kills):
    assert {kill["how"]: kill["left"] for kill in kills if kill["left"]} == {}
