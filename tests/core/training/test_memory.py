"""Freed memory stays with a process that asked for it; in a process of its own, as the wish holds for good."""

import subprocess
import sys

import pytest

FREE_A_TENSOR = """
import psutil, sys, torch
from core.training.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
tensor = torch.ones(7_000_000)
before = psutil.Process().memory_info().rss
del tensor
print(before - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the wish is of glibc")
@pytest.mark.parametrize("way", ["kept", "given back"])
def test_freed_memory_stays_with_a_process_that_asked_for_it(way):
    done = subprocess.run([sys.executable, "-c", FREE_A_TENSOR, way], capture_output=True, text=True, check=True)
    given_back = int(done.stdout)
    assert given_back < 1e6 if way == "kept" else given_back > 27e6
