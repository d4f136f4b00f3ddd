"""The Streamlit app: pages that show what core knows, and start what core does."""

from core.deferred_compiler import defer_compiler
from core.openmp import limit_spinning

# As in core/__main__.py: a network that reads a drawing while a run trains must not spin for the cores it waits for.
limit_spinning()
defer_compiler()
