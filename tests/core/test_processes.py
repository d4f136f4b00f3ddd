"""How a process steps behind others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TELL = """
import os
from pathlib import Path
from core.processes import give_way
give_way()
group = Path("/proc/self/autogroup")
print(os.nice(0), group.read_text().split()[-1] if group.exists() else "none")
"""


def ask(tmp_path) -> list[str]:
    """What a process in a session of its own says of itself after it has given way."""
    root = str(Path(__file__).resolve().parents[2])
    told = subprocess.run(
        [sys.executable, "-c", TELL],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    return told.stdout.split()


def test_a_process_that_gives_way_is_behind_this_one(tmp_path):
    assert int(ask(tmp_path)[0]) == min(19, os.nice(0) + 5)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system does not group processes by session")
def test_its_session_is_behind_others_too(tmp_path):
    assert ask(tmp_path)[1] == "5"
