"""Runs that have not changed are not read again; whatever changes is seen at once."""

import pytest

from core.errors import RunError
from core.runs import store


@pytest.fixture
def read_files(monkeypatch):
    """The names of the files that are read from now on."""
    names, read = [], store.read_json

    def note(path):
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(store, "read_json", note)
    return names


def test_what_has_not_changed_is_not_read_again(finished_run, read_files):
    [first] = store.list_runs()
    assert read_files == ["run.json"]
    [second] = store.list_runs()
    assert read_files == ["run.json"]
    assert second == first


def test_a_changed_record_note_or_name_is_seen(finished_run):
    before = store.read_record(finished_run)
    store.update_record(finished_run, step=before.step + 1)
    assert store.read_record(finished_run).step == before.step + 1
    store.write_notes(finished_run, name="renamed", tags=["a"])
    assert store.read_record(finished_run).name == "renamed"
    assert store.read_record(finished_run).tags == ["a"]
    (finished_run.path / "notes.json").unlink()
    assert store.read_record(finished_run).name == before.name


def test_a_run_that_is_damaged_and_mended_is_seen_to_be(finished_run):
    whole = (finished_run.path / "run.json").read_bytes()
    assert store.read_entry(finished_run).record is not None
    (finished_run.path / "run.json").write_bytes(whole[:100])
    assert "cannot be read" in store.read_entry(finished_run).problem
    (finished_run.path / "run.json").write_bytes(whole)
    assert store.read_entry(finished_run).record is not None


def test_a_link_that_leads_out_is_found_though_no_file_of_the_run_changed(finished_run, tmp_path):
    store.read_record(finished_run)
    (finished_run.path / "elsewhere").symlink_to(tmp_path.parent)
    with pytest.raises(RunError, match="leads out"):
        store.read_record(finished_run)


def test_a_process_that_has_ended_is_noticed_though_no_file_changed(finished_run, monkeypatch):
    store.update_record(finished_run, status="running")
    monkeypatch.setattr(store.processes, "is_marked", lambda *_: True)
    assert store.read_entry(finished_run).state == "running"
    monkeypatch.setattr(store.processes, "is_marked", lambda *_: False)
    assert store.read_entry(finished_run).state == "lost"
