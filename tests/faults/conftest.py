"""What the tests of faults share."""

import pytest

from core.data import download_status


@pytest.fixture
def no_download(home):
    """A page would fetch MNIST where it is missing; here that has been tried, in vain."""
    download_status.write_status(download_status.build_status("failed", "There is no network.", 0))
