"""The Streamlit app: pages that show what core knows, and start what core does."""

import os

# As in core/__main__.py: a network that reads a drawing while a run trains must not spin for the cores it waits for.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
