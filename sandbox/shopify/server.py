"""Serves the application with threads and HTTP/1.1 keep-alive, in one process of its own."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from .application import create_application, create_world
from .persistence import save
from .settings import Settings

THREADS = 24
KEEP_ALIVE_S = 75


class Server(BaseApplication):
    """gunicorn with one worker: the world is made inside it and lives as long as it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """The server's settings; nothing is read from files or the environment."""
        options: dict[str, Any] = {
            "bind": f"127.0.0.1:{self._settings.port}",
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "keepalive": KEEP_ALIVE_S,
            "timeout": 300,
            # The stores are written at the end: on a busy machine that takes a while.
            "graceful_timeout": 10,
            "loglevel": "warning",
            "proc_name": "shopify-stand-in",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; its world is kept when the worker ends."""
        world = create_world(self._settings)
        self.cfg.set("worker_exit", lambda arbiter, worker: save(world))
        return create_application(world)
