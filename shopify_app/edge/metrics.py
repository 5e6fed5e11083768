"""`/metrics` for Prometheus, behind a Bearer token. It adds up all processes of the web app.

Counters of processes that share PROMETHEUS_MULTIPROC_DIR are summed; what waits in the
database is asked for at each scrape.
"""

import hmac
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from flask import Blueprint, Response, abort, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Metric,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.registry import Collector

_FOLDER = "encore-metrics-"
Gauges = Callable[[], Sequence[Metric]]


class _Gauges(Collector):
    def __init__(self, read: Gauges) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        return self._read()


def make_blueprint(token: str | None, read_gauges: Gauges, folder: Path | None = None) -> Blueprint:
    """The blueprint of /metrics; without a `token` there is no such page.

    `folder`: where the processes keep their counts, None when this one counts for itself.
    """
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if not token:
            abort(404)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            abort(401)
        if folder:
            _forget_the_dead(folder)
        return Response(_expose(read_gauges), content_type=CONTENT_TYPE_LATEST)

    return blueprint


def make_folder() -> Path:
    """A folder for the counts of this process and its children; those left by dead ones go."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        pid = left.name.removeprefix(_FOLDER).partition("-")[0]
        is_ours = left.lstat().st_uid == os.geteuid()
        if is_ours and pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))


def _forget_the_dead(folder: Path) -> None:
    """Drop the live gauges of processes that ended; what they counted stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rsplit("_", 1)[1])
        if not _is_alive(pid):
            multiprocess.mark_process_dead(pid, str(folder))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _expose(read_gauges: Gauges) -> bytes:
    gauges = CollectorRegistry()
    gauges.register(_Gauges(read_gauges))
    return generate_latest(_counters()) + generate_latest(gauges)


def _counters() -> CollectorRegistry:
    if not _is_multiprocess():
        return REGISTRY
    summed = CollectorRegistry()
    multiprocess.MultiProcessCollector(summed)
    return summed


def _is_multiprocess() -> bool:
    # The library decides by the environment when it is imported; ask it, not the environment.
    return values.ValueClass is not values.MutexValue
