"""After a restart of the machine, or of its clock, another program may have the trainer's pid."""

import signal
import subprocess
import sys
import time

import psutil
import pytest
from run_folders import copy_run

from core import processes
from core.errors import RunError
from core.files import write_json
from core.runs import jobs, store
from core.runs.summary import explain_loss, summarize_run

pytestmark = pytest.mark.skipif(not processes.read_boot(), reason="this system names no boot")

# It writes down every signal that can be caught, and ends by none of them.
WITNESS = """
import signal, sys, time
def note(number, _): print(signal.Signals(number).name, flush=True)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, note)
print("ready", flush=True)
time.sleep(300)
"""


@pytest.fixture
def stranger():
    """Another program, as its process."""
    process = subprocess.Popen([sys.executable, "-c", WITNESS], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def of_last_boot(pid: int) -> str:
    """Return the mark that a process of this very pid and start would have had before the restart."""
    boot, ticks = processes.mark_process(pid).split(":")
    return f"{'0' * len(boot)}:{ticks}"


@pytest.fixture
def orphan(home, trained_small, stranger):
    """A run that was training when the machine was restarted, and whose trainer's pid another program has now."""
    return copy_run(
        trained_small, home, status="running", phase="training", pid=stranger.pid, process=of_last_boot(stranger.pid)
    )


def test_a_program_with_the_pid_and_the_start_of_the_trainer_is_not_the_trainer(orphan, stranger):
    record = store.read_record(orphan)
    assert not store.is_alive(record)
    assert store.compute_state(record) == "lost"
    assert explain_loss(record).startswith("The machine was restarted while it was under way; last sign of life")
    assert summarize_run(store.read_entry(orphan))["error"] == explain_loss(record)
    mine = store.update_record(orphan, process=processes.mark_process(stranger.pid))
    assert store.is_alive(mine), "the same pid and start since the same boot is the trainer"


def test_it_is_never_signalled(orphan, stranger):
    with pytest.raises(RunError, match="is lost; only a queued or running run can be stopped"):
        jobs.stop_run(orphan)
    jobs.resume_run(orphan)
    end = time.monotonic() + 60
    while store.compute_state(store.read_record(orphan)) in ("queued", "running"):
        assert time.monotonic() < end, "it is complete already, and need only be evaluated"
        time.sleep(0.1)
    store.update_record(orphan, status="running", pid=stranger.pid, process=of_last_boot(stranger.pid))
    store.delete_run(orphan)
    assert stranger.poll() is None
    stranger.send_signal(signal.SIGUSR1)
    assert stranger.stdout.readline() == "SIGUSR1\n", "no other signal came before the test's own"


def test_its_turn_in_the_queue_is_given_to_the_next(home, stranger):
    tickets = home / "runs" / ".queue"
    tickets.mkdir(parents=True)
    write_json(tickets / "1-old.json", {"pid": stranger.pid, "process": of_last_boot(stranger.pid)})
    write_json(tickets / "2-of-an-earlier-version.json", [stranger.pid, 1.0])
    assert jobs.count_waiting() == 0


@pytest.mark.parametrize("shift_s", [-7200, 3, 86_400])
def test_a_clock_that_is_set_does_not_lose_a_run(orphan, stranger, monkeypatch, shift_s):
    store.update_record(orphan, process=processes.mark_process(stranger.pid))
    before = psutil.boot_time()
    # What the kernel says of its start moves with the clock.
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: before + shift_s)
    assert store.compute_state(store.read_record(orphan)) == "running"
    with pytest.raises(RunError, match="stop it before deleting it"):
        store.delete_run(orphan)


def test_where_the_system_names_no_boot_the_clock_has_to_do(orphan, stranger, monkeypatch):
    marked_by_boot = of_last_boot(stranger.pid)
    monkeypatch.setattr(processes, "read_boot", lambda: "")
    mark = processes.mark_process(stranger.pid)
    assert mark.startswith("epoch:")
    assert processes.is_marked(stranger.pid, mark)
    assert not processes.is_marked(stranger.pid, f"epoch:{float(mark.removeprefix('epoch:')) - 60}")
    assert not processes.is_of_earlier_boot(marked_by_boot), "nobody knows"
