"""What several tests stand on: a home of their own, the real MNIST, and real run folders in every state."""

import os
import socket
from pathlib import Path

import psutil
import pytest
from browsing import browser, open_page  # noqa: F401  (fixtures for every test, as the next)
from mirrors import archives, mirror, no_network, second_mirror, start_mirror  # noqa: F401
from run_folders import copy_run

from core import paths
from core.config import TrainConfig
from core.data import datasets
from core.data.datasets import DigitData
from core.processes import mark_process
from core.recipes import get_recipe
from core.runs import store
from core.runs.store import Run
from core.train import train_run


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    """Fail any test whose process opens a connection to anything but this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory):
    """A home for what is made once per session."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def mnist_cache(shared_home) -> Path:
    """The datasets folder with the real MNIST, from the project's own cache or from DIGITS_MIRROR."""
    own = paths.datasets_dir()
    if not os.environ.get("DIGITS_MIRROR") and not datasets.is_cached("mnist"):
        pytest.fail("The tests use the real MNIST: run `python -m core data` once, or set DIGITS_MIRROR.")
    with pytest.MonkeyPatch.context() as patch:
        if datasets.is_cached("mnist"):
            return own
        patch.setenv("DIGITS_HOME", str(shared_home))
        datasets.clear_cache()
        datasets.load("mnist")
        return paths.datasets_dir()


@pytest.fixture(scope="session")
def mnist(mnist_cache) -> DigitData:
    """The real MNIST."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(mnist_cache.parent))
        return datasets.load("mnist")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty DIGITS_HOME: no dataset, no runs, not even those that come with the project, and no mirror."""
    folder = tmp_path / "home"
    folder.mkdir()
    # A process that the test starts lists them all the same.
    monkeypatch.setattr(paths, "pretrained_dir", lambda: tmp_path / "pretrained")
    monkeypatch.setenv("DIGITS_HOME", str(folder))
    monkeypatch.delenv("DIGITS_MIRROR", raising=False)
    monkeypatch.setenv("DIGITS_OFFLINE", "1")
    monkeypatch.delenv("DIGITS_PARALLEL", raising=False)
    return folder


@pytest.fixture
def mnist_home(home, mnist_cache) -> Path:
    """A DIGITS_HOME with MNIST and no runs."""
    (home / "datasets").symlink_to(mnist_cache)
    return home


def _train(home: Path, config: TrainConfig, recipe: str) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(home))
        run = store.create_run(config, recipe)
        train_run(run)
    return run


@pytest.fixture(scope="session")
def trained_small(shared_home) -> Run:
    """A completed run on the bundled digits, trained for real; copy it, do not change it."""
    config = TrainConfig().with_settings(
        {"dataset": "sklearn-digits", "model": "mlp", "optimizer": "adam", "learning_rate": 0.002, "epochs": 4}
    )
    return _train(shared_home, config, "mlp")


@pytest.fixture(scope="session")
def trained_mnist(shared_home, mnist_cache) -> Run:
    """A completed run on MNIST, trained for real for one epoch; copy it, do not change it."""
    # In float32, and without a first layer that moves the ink: what is explained then lies where it is seen.
    settings = {"model": "sprint", "epochs": 1, "batch_size": 256, "learning_rate": 0.01, "precision": "float32"}
    config = get_recipe("sprint").config.with_settings({**settings, "label_smoothing": 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(mnist_cache.parent))
        datasets.load("mnist")  # from now on in this process's memory, wherever DIGITS_HOME points
    return _train(shared_home, config, "sprint")


@pytest.fixture
def finished_run(home, trained_small) -> Run:
    """A completed run on the bundled digits in this test's home."""
    return copy_run(trained_small, home)


@pytest.fixture
def runs_in_every_state(home, trained_small) -> dict[str, Run]:
    """One run per state a page must show, by state."""
    me = psutil.Process()
    alive = {"pid": me.pid, "process": mark_process(), "heartbeat": store.now()}
    runs = {
        "completed": copy_run(trained_small, home, id="20260101-000001-mlp-done"),
        "stopped": copy_run(trained_small, home, id="20260101-000002-mlp-stop", status="stopped", step=20),
        "failed": copy_run(
            trained_small,
            home,
            id="20260101-000003-mlp-fail",
            status="failed",
            error="The loss is not finite at step 3.",
        ),
        "running": copy_run(
            trained_small, home, id="20260101-000004-mlp-runs", status="running", phase="training", step=20, **alive
        ),
        "queued": copy_run(
            trained_small, home, id="20260101-000005-mlp-wait", status="queued", phase="waiting", **alive
        ),
        "lost": copy_run(
            trained_small, home, id="20260101-000006-mlp-lost", status="running", pid=2**22 + 1, process="epoch:1.0"
        ),
    }
    for state, run in runs.items():
        if state not in ("completed",):
            for name in ("report.json", "test.npz"):
                (run.path / name).unlink()
            store.update_record(run, test_correct=None, test_total=None)
    for name in ("model.safetensors", "last.safetensors", "last.json", "metrics.jsonl"):
        (runs["queued"].path / name).unlink()
    return runs
