"""Entry point of `python -m core`."""

from core.openmp import limit_spinning

limit_spinning()  # PyTorch reads it when it is imported

from core.cli import main  # noqa: E402

main()
