"""Whatever ends a benchmark's run, nothing of it stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.jobs.processes import ROOT, is_alive, until

# What runs below the warden: it starts a server that detaches itself, names itself and its server,
# and then does what the test wants.
RUN = """
import os, subprocess, sys, time
from pathlib import Path
from bench.warden import run_guarded

def run():
    # Its number comes by a pipe, which it must not keep open.
    detach = "setsid sleep 600 > /dev/null & echo $!"
    done = subprocess.run(["sh", "-c", detach], stdout=subprocess.PIPE, text=True)
    Path({pids!r}).write_text(f"{{os.getpid()}} {{done.stdout}}")
    {then}

sys.exit(run_guarded(run))
"""


class Bench:
    """A guarded run: the process that was started, the one that runs, and its detached server."""

    def __init__(self, folder: Path, then: str) -> None:
        pids = folder / "pids"
        code = RUN.format(pids=str(pids), then=then)
        self.started = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
        until(lambda: pids.exists() and len(pids.read_text().split()) == 2, "the run")
        self.running, self.server = map(int, pids.read_text().split())


@pytest.mark.parametrize("victim", ["started", "running"])
def test_a_kill_takes_the_detached_server_along(tmp_path: Path, victim: str) -> None:
    bench = Bench(tmp_path, "time.sleep(600)")
    assert is_alive(bench.server)

    os.kill(bench.started.pid if victim == "started" else bench.running, signal.SIGKILL)

    until(lambda: not is_alive(bench.server), "the server's end")
    until(lambda: not is_alive(bench.running), "the run's end")
    assert bench.started.wait(20) != 0


def test_the_run_may_put_its_things_away_first(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    bench = Bench(tmp_path, f"try: time.sleep(600)\n    finally: Path({str(cleaned)!r}).touch()")

    bench.started.kill()

    until(cleaned.exists, "the clean-up")
    until(lambda: not is_alive(bench.server), "the server's end")


@pytest.mark.parametrize(("then", "code"), [("pass", 0), ("raise SystemError", 1)])
def test_a_run_that_ends_leaves_nothing_either(tmp_path: Path, then: str, code: int) -> None:
    bench = Bench(tmp_path, then)

    assert bench.started.wait(20) == code
    time.sleep(0.1)
    assert not is_alive(bench.server)
