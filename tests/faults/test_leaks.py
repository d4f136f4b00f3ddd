"""Much use leaves the server as it was, and much starting and stopping leaves no process behind."""

import base64
import gc
import io
import os
import random
import threading
import time

import psutil
import pytest
from PIL import Image, ImageDraw
from tabs import Tab

from core.benchmarks.app import serve_app
from core.config import TrainConfig
from core.runs import jobs, store

PAGES = ("", "data", "train", "recipes", "runs", "evaluate", "errors", "draw", "drawings")
VISITS, STROKES, CYCLES, AT_ONCE = 200, 500, 100, 10
VISITS_A_TAB = 10
ROUNDS, TABS_A_ROUND = 14, 5
# Streamlit keeps the session of a closed tab for two minutes, in case it comes back; here for less.
FORGOTTEN_S = 1
SMALL = {"dataset": "sklearn-digits", "model": "mlp", "width": 0.25, "batch_size": 64, "epochs": 1000, "threads": 1}


def visit(address, count):
    """Go to so many pages; every tenth in a new tab, the last of which is closed."""
    tab = None
    for number in range(count):
        page = PAGES[number % len(PAGES)]
        if number % VISITS_A_TAB == 0:
            if tab:
                tab.close()
            tab = Tab(address, page)
        else:
            tab.open(page)
        assert tab.list_shown(), page
    tab.close()


def draw(address, count, seed):
    """Draw so many strokes, ten to a sheet and each elsewhere."""
    chance = random.Random(seed)
    with Tab(address, "draw", "run=drawing") as tab:
        strokes = []
        for number in range(count):
            if number % 10 == 0:
                strokes = []
            strokes.append([(chance.randint(40, 280), chance.randint(40, 280)) for _ in range(4)])
            tab.send_component("drawable_canvas", {"drawing": encode(strokes)})
        assert tab.list_shown()


def encode(strokes):
    """Return strokes as the canvas sends them."""
    picture = Image.new("RGB", (320, 320), "#ffffff")
    pen = ImageDraw.Draw(picture)
    objects = []
    for points in strokes:
        pen.line(points, fill="#23262b", width=22, joint="curve")
        path = [["M", *points[0]], *(["L", *point] for point in points[1:])]
        objects.append({"type": "path", "path": path, "stroke": "#23262b", "strokeWidth": 22})
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return {"raw": {"objects": objects}, "data": f"data:image/png;base64,{data}"}


def wait_for(condition, seconds=90.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.timeout(1500)  # a minute or two where nothing else runs
@pytest.mark.usefixtures("no_download")
def test_visits_and_strokes_leave_memory_and_open_files_as_they_were(home, finished_run):
    # Two places to allocate from, and what is free goes back to the system: else malloc's hoard would be measured.
    frugal = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    frugal["STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL"] = str(FORGOTTEN_S)
    mine = {one.pid for one in psutil.Process().children()}
    log = home / "server.log"
    with serve_app(log, DIGITS_HOME=str(home), DIGITS_OFFLINE="1", **frugal) as address:
        [server] = [one for one in psutil.Process().children() if one.pid not in mine]
        # Everything is imported, cached up to its bound and drawn a few times before anything is measured.
        visit(address, 7 * len(PAGES))
        draw(address, 120, seed=1)
        files, memory = count_files(server, address), server.memory_info().rss
        visit(address, VISITS)
        draw(address, STROKES, seed=2)
        files_after = count_files(server, address)
        grown = server.memory_info().rss / memory - 1
        print(f"server: {memory / 1e6:.0f} MB, {100 * grown:+.1f} %, and {files} open files, {files_after} after it")
        assert grown < 0.10, f"{memory / 1e6:.0f} MB before, {100 * grown:+.1f} %"
        # The fewest may have been counted with a round's sessions not collected yet, or without.
        assert files_after <= files + 3 * TABS_A_ROUND, f"{files} before, {files_after} after"
    assert "Traceback" not in log.read_text()


def count_files(process, address):
    """Return the fewest files and sockets that a process has open while tabs come and go.

    A closed tab's session holds three. Python frees it at its next full collection, due every fifty tabs or so.
    """
    counts = []
    for _ in range(ROUNDS):
        for _ in range(TABS_A_ROUND):
            Tab(address).close()
        time.sleep(FORGOTTEN_S)
        Tab(address).close()  # Streamlit drops what is too old when another session is closed
        counts.append(process.num_fds())
    return min(counts)


def list_trainers(home):
    """Return the processes of this home, which the server or a test has started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("DIGITS_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def list_states():
    return {entry.state for entry in store.list_runs()}


def test_starting_and_stopping_leaves_no_process_behind(home):
    config = TrainConfig().with_settings(SMALL)
    # One that really trains keeps the others waiting; it is stopped at the end.
    first = jobs.start_run(config, "mlp")
    wait_for(lambda: store.read_record(first).phase == "training")
    threads, files = threading.active_count(), psutil.Process().num_fds()
    for _ in range((CYCLES - 1) // AT_ONCE + 1):
        runs = [jobs.start_run(config, "mlp") for _ in range(AT_ONCE)]
        for run in runs:
            jobs.stop_run(run)
        wait_for(lambda runs=runs: {store.read_entry(run).state for run in runs} == {"stopped"})
    jobs.stop_run(first)
    wait_for(lambda: list_states() == {"stopped"})
    assert len(store.list_runs()) == CYCLES + 1
    wait_for(lambda: not list_trainers(home))
    gc.collect()
    wait_for(lambda: threading.active_count() <= threads)
    assert psutil.Process().num_fds() <= files
    zombies = [one for one in psutil.Process().children() if one.status() == psutil.STATUS_ZOMBIE]
    assert zombies == []
    assert jobs.count_waiting() == jobs.count_training() == 0
    assert list((home / "runs" / ".queue").glob("*.json")) == []
