"""Entry point of `python -m core`."""

import os

# Threads that wait for work by spinning make every step many times slower as soon as another process wants a core;
# PyTorch reads this when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from core.cli import main

main()
