"""Starts the stand-in: `python -m sandbox.mail --port P --state DIR --app-url URL`."""

import argparse
import logging
import signal
import threading
from pathlib import Path

from flask import Flask

from sandbox.mail.amazon import amazon
from sandbox.mail.control import control
from sandbox.mail.inbox import inbox
from sandbox.mail.server import Server
from sandbox.mail.world import Options, World


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    world = World(_options())
    app = create_app(world)
    server = Server(app, world.options.port)
    app.extensions["server"] = server
    server.start()
    world.sns.start()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    world.sns.stop()
    server.stop()


def create_app(world: World) -> Flask:
    """The stand-in's web application."""
    app = Flask("sandbox.mail", static_folder=None)
    app.extensions["mail"] = world
    for blueprint in (control, inbox, amazon):
        app.register_blueprint(blueprint)
    return app


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="sandbox.mail", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="directory of emails and the key")
    parser.add_argument("--app-url", required=True, help="whose /mail/sns is subscribed")
    parser.add_argument("--region", default=Options.region)
    parser.add_argument("--sender", default=Options.sender, help="the verified address")
    parser.add_argument("--configuration-set", default=Options.configuration_set)
    parser.add_argument("--access-key-id", default=Options.access_key_id)
    parser.add_argument("--secret-access-key", default=Options.secret_access_key)
    parser.add_argument("--rate-max", type=int, default=Options.rate_max, help="emails a second")
    parser.add_argument("--no-delivery", action="store_false", dest="delivers")
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
