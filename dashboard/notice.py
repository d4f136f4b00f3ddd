"""What pages say of the dataset: nothing when MNIST is here, else why not, how far it is, and how to retry."""

from __future__ import annotations

import streamlit as st

from core.data import datasets, download_status
from core.data.catalog import get_dataset_spec
from dashboard.layout import escape


def render_dataset_notice(*, polls: bool = False) -> None:
    """Say which digits are shown if they are not MNIST, and fetch MNIST in a process of its own.

    The first page opened without MNIST starts the download.

    Args:
        polls: follow the download once a second and draw the page again when it has ended. Only for a page on which
            nothing else polls: a tick that falls into another's run is ignored.
    """
    if datasets.is_cached("mnist"):
        return
    if download_status.read_status() is None:
        download_status.start_download()
    status = download_status.read_status()
    is_under_way = status is None or status.state == "downloading"
    if polls and is_under_way:
        st.fragment(_render_download, run_every=1.0)(was_under_way=True)
    else:
        # No fragment of the same name: a tick on its way when the page before was left would be taken for this page's.
        _render_download(was_under_way=is_under_way)


def _render_download(*, was_under_way: bool) -> None:
    bundled = get_dataset_spec("sklearn-digits")
    total = bundled.train_size + bundled.test_size
    instead = f"Until then you are looking at the {total:,} digits bundled with scikit-learn, 8×8 pixels enlarged."
    if datasets.is_cached("mnist"):
        st.rerun()
    status = download_status.read_status()
    is_under_way = status is None or status.state == "downloading"
    if was_under_way and not is_under_way:
        st.rerun()  # the whole page, so that polling ends
    if status is None or is_under_way:
        share = 0.0 if status is None or not status.bytes_total else status.bytes_done / status.bytes_total
        st.progress(min(share, 1.0), text=f"Downloading MNIST, {100 * min(share, 1.0):.0f} %. {instead}")
        return
    words, action = st.columns([5, 1], vertical_alignment="center")
    words.warning(f"MNIST is not here. {instead.replace('Until then', 'For now')} {escape(status.message)}")
    if action.button("Retry the download", key="retry_download", width="stretch"):
        download_status.start_download()
        st.rerun()
