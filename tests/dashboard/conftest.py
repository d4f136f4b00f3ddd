"""What the tests of pages share."""

import pytest

from core.data import download_status


@pytest.fixture
def no_download(home, request):
    """A page would fetch MNIST where it is missing; here that has been tried, in vain."""
    if "mnist_home" not in request.fixturenames:
        download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
