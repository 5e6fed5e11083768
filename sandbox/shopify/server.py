"""Serves the application with threads and HTTP/1.1 keep-alive, in one process of its own."""

from __future__ import annotations

from functools import partial
from multiprocessing.util import Finalize

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from .application import create_application, create_world
from .persistence import save
from .settings import Settings

THREADS = 24
KEEP_ALIVE_S = 75
# The stores are written at the end: on a busy machine that takes a while.
STOP_WITHIN_S = 30


def serve(settings: Settings) -> None:
    """Serve until told to stop. The world is made inside the one worker and lives as long as it."""
    Server(
        "the stand-in",
        "127.0.0.1",
        settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_S * 1000),
        websockets=False,
        workers_kill_timeout=STOP_WITHIN_S,
        log_level=LogLevels.error,
    ).serve(target_loader=partial(_load, settings))


def _load(settings: Settings, _target: str) -> Flask:
    world = create_world(settings)
    # Once the last request is answered.
    Finalize(None, save, args=(world,), exitpriority=10)
    return create_application(world)
