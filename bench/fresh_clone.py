"""From a fresh clone to a demo that serves, and to its clean end by Ctrl-C.

Virtual environment, packages, servers, migrations, a shop with its history: all is made anew.
"""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bench.figures import Figure
from sandbox.servers.launching import wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 900


def run() -> list[Figure]:
    """The first start and, in the same clone, a second one."""
    with tempfile.TemporaryDirectory(prefix="encore-clone-", dir="/var/tmp") as folder:
        clone = Path(folder) / "encore"
        started = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        cloned = time.perf_counter() - started
        first, _ = _start_and_stop(clone)
        second, stopping = _start_and_stop(clone)
    return [
        Figure("fresh clone → serving", f"{cloned + first:.0f} s", "packages downloaded anew"),
        Figure("second start → serving", f"{second:.0f} s", "packages installed already"),
        Figure("Ctrl-C → everything ended", f"{stopping:.1f} s", ""),
    ]


def _start_and_stop(clone: Path) -> tuple[float, float]:
    """Seconds until READY_FILE is there, and from Ctrl-C to the end."""
    ready = clone.parent / "ready.json"
    ready.unlink(missing_ok=True)
    started = time.perf_counter()
    environment = dict(os.environ) | {"READY_FILE": str(ready), "PIP_NO_CACHE_DIR": "1"}
    with (clone.parent / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            ["make", "demo"],
            cwd=clone,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that Ctrl-C is for the demo, and not for us
        )
    try:
        wait_until(
            lambda: ready.exists() or demo.poll() is not None, timeout_s=TIMEOUT_S, what="make demo"
        )
        assert ready.exists(), (clone.parent / "demo.log").read_text()[-2000:]
        serving = time.perf_counter() - started
    finally:
        stopped = time.perf_counter()
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
        demo.wait(60)
    return serving, time.perf_counter() - stopped
