"""Serves the web app with granian: two processes, which are replaced when they die.

Neither outlives its parent, and none writes an access log: granian's would hold query strings,
and those hold session tokens; ours does not.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from shopify_app.edge import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PROCESSES, THREADS = 2, 8
STOP_WITHIN_S = 20
# Longer than a proxy keeps its idle connections, or it sends a request into one just closed.
IDLE_S = 75
# A session token in the address makes it long. Longer heads than this are refused (414, 431).
HEAD_BYTES_MAX = 32 * 1024
# Connections that wait to be accepted, and those open in a process at once.
BACKLOG, CONNECTIONS_MAX = 1024, 1024


def command(target: str, host: str, port: int, log_level: str) -> list[str]:
    """The command line of a process that serves what `target` (module:factory) makes."""
    return [sys.executable, "-m", __name__, target, host, str(port), log_level]


def main() -> None:
    """Serve until told to stop; what is being answered then gets its answer."""
    target, host, port, log_level = sys.argv[1:]
    logs.configure(log_level)
    Server(
        target,
        host,
        int(port),
        interface=Interfaces.WSGI,
        workers=PROCESSES,
        blocking_threads=THREADS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE_S * 1000, max_buffer_size=HEAD_BYTES_MAX
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS_MAX,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN_S,
        # Its messages go where ours go.
        log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
    ).serve(target_loader=_load)


def _load(target: str) -> "WSGIApplication":
    """The application, in the process that is to serve it."""
    # The parent's handlers came with the fork: a stop that comes while we load would be lost.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    module, factory = target.split(":")
    application: WSGIApplication = getattr(import_module(module), factory)()
    return application


def _end_with_parent() -> None:
    """End when the parent was killed: its successor must not share the port with us."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_WITHIN_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
