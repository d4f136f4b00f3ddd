"""What pages say of the dataset: nothing when MNIST is here, else why not, how far it is, and how to retry."""

from __future__ import annotations

import streamlit as st

from core.data import datasets, download_status
from core.data.catalog import get_dataset_spec


def render_dataset_notice() -> None:
    """Say which digits are shown if they are not MNIST, and fetch MNIST in a process of its own.

    The first page opened without MNIST starts the download; while it runs, progress is polled once a second, and when
    it has ended the page is drawn again.
    """
    if datasets.is_cached("mnist"):
        return
    if download_status.read_status() is None:
        download_status.start_download()
    st.fragment(_render_download, run_every=1.0)()


def _render_download() -> None:
    bundled = get_dataset_spec("sklearn-digits")
    total = bundled.train_size + bundled.test_size
    instead = f"Until then you are looking at the {total:,} digits bundled with scikit-learn, 8×8 pixels enlarged."
    if datasets.is_cached("mnist"):
        st.rerun()
    status = download_status.read_status()
    if status is None or status.state == "downloading":
        share = 0.0 if status is None or not status.bytes_total else status.bytes_done / status.bytes_total
        st.progress(min(share, 1.0), text=f"Downloading MNIST, {100 * min(share, 1.0):.0f} %. {instead}")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(f"MNIST is not here. {status.message} {instead.replace('Until then', 'For now')}", icon="⚠️")
        if st.button("Retry the download", key="retry_download"):
            download_status.start_download()
            st.rerun()
