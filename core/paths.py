"""Where artifacts are kept."""

import os
from pathlib import Path

_PROJECT_ROOT = Path(__file__).resolve().parent.parent


def artifacts_dir() -> Path:
    """Return the folder of caches: DIGITS_HOME if it is set, else artifacts/ in the project."""
    home = os.environ.get("DIGITS_HOME", "")
    return Path(home).expanduser().resolve() if home else _PROJECT_ROOT / "artifacts"


def datasets_dir() -> Path:
    """Return the folder of downloaded datasets."""
    return artifacts_dir() / "datasets"


def runs_dir() -> Path:
    """Return the folder with one folder per run."""
    return artifacts_dir() / "runs"


def pretrained_dir() -> Path:
    """Return the folder of committed runs; they belong to the project, so DIGITS_HOME does not move them."""
    return _PROJECT_ROOT / "artifacts" / "pretrained"


def results_dir() -> Path:
    """Return the folder of committed results; they belong to the project, so DIGITS_HOME does not move them."""
    return _PROJECT_ROOT / "artifacts" / "results"


def drawings_dir() -> Path:
    """Return the folder of a person's own drawings."""
    return artifacts_dir() / "drawings"
