"""Entry point of `python -m core`."""

from core.deferred_compiler import defer_compiler
from core.openmp import limit_spinning

limit_spinning()  # PyTorch reads it when it is imported
defer_compiler()

from core.cli import main  # noqa: E402

main()
