"""`python -m sandbox.till --port P --shopify-url U --app-url A --bundle DIST`."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from flask import Flask
from werkzeug.serving import make_server

from .control import control
from .extension import RefusedExtension, load_extension
from .pages import till_pages
from .settings import Settings, parse_arguments
from .world import World


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; an extension that Shopify would refuse is not served."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    settings = parse_arguments()
    try:
        application = create_application(settings)
    except RefusedExtension as error:
        sys.exit(f"refused: {error}")
    server = make_server("127.0.0.1", settings.port, application, threaded=True)
    threading.Thread(target=server.serve_forever, name="till", daemon=True).start()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    server.shutdown()


def create_application(settings: Settings) -> Flask:
    """The till on its addresses."""
    world = World(settings, load_extension(settings.bundle))
    application = Flask("sandbox.till")
    application.json.sort_keys = False  # type: ignore[attr-defined]
    application.register_blueprint(till_pages(world))
    application.register_blueprint(control(world))
    return application


if __name__ == "__main__":
    main()
