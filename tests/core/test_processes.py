"""How a process steps behind others."""

import os
import subprocess
import sys
from pathlib import Path

TELL = """
import os
from core.processes import give_way
give_way()
print(os.nice(0))
"""


def ask(tmp_path) -> int:
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
    return int(told.stdout)


def test_a_process_that_gives_way_is_behind_this_one(tmp_path):
    assert ask(tmp_path) == min(19, os.nice(0) + 5)
