"""Starts the stand-in: `python -m sandbox.google --port P --state DIR --app-url URL`.

Invariant: the service account's file is there before the port answers.
"""

import argparse
import logging
import signal
import threading
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from sandbox.google.api import api
from sandbox.google.callbacks import RETRY_WAITS_S
from sandbox.google.control import control
from sandbox.google.pages import pages
from sandbox.google.saving import saving
from sandbox.google.wire import watch
from sandbox.google.world import World

ISSUER_ID = "3388000000022195801"


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    options = _options()
    world = World(
        options.state,
        issuer_id=options.issuer_id,
        url=f"http://127.0.0.1:{options.port}",
        app_url=options.app_url,
        retry_waits_s=[float(wait) for wait in options.retry_waits.split(",")],
    )
    server = make_server("127.0.0.1", options.port, create_app(world), threaded=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, name="google", daemon=True).start()
    stop.wait()
    server.shutdown()


def create_app(world: World) -> Flask:
    """A world behind its addresses."""
    app = Flask("sandbox.google", root_path=str(Path(__file__).parent))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    watch(app, world.faults, world.journal)
    for blueprint in (api(world), saving(world), pages(world), control(world)):
        app.register_blueprint(blueprint)
    return app


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.google", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="where keys and cards are kept")
    parser.add_argument("--app-url", required=True, help="the app that these cards belong to")
    parser.add_argument("--issuer-id", default=ISSUER_ID)
    parser.add_argument(
        "--retry-waits",
        default=",".join(str(wait) for wait in RETRY_WAITS_S),
        help="waits between attempts of a callback, in seconds; after the last it is given up",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
