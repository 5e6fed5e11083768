"""Starts the stand-in: `python -m sandbox.apple --state DIR --apns-port P --phone-port Q`.

Invariant: the one line on stdout is JSON, printed when both ports serve.
"""

import argparse
import json
import logging
import signal
import threading
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from sandbox.apple.control import control
from sandbox.apple.pages import pages
from sandbox.apple.world import RETRY_WAITS_S, World

PASS_TYPE_ID, TEAM_ID = "pass.com.example.encore", "ENCORE1234"


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    options = _options()
    world = World(
        options.state,
        pass_type_id=options.pass_type_id,
        team_id=options.team_id,
        apns_port=options.apns_port,
        retry_waits_s=[float(wait) for wait in options.retry_waits.split(",")],
    )
    server = make_server("127.0.0.1", options.phone_port, create_app(world), threaded=True)
    threading.Thread(target=server.serve_forever, name="phones", daemon=True).start()
    ready = {
        "ready": True,
        "apns_url": world.apns_url,
        "phone_url": f"http://127.0.0.1:{server.server_port}",
        "pass_type_id": world.pass_type_id,
        "team_id": world.team_id,
        "files": world.files,
    }
    print(json.dumps(ready), flush=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    server.shutdown()
    world.server.stop()


def create_app(world: World) -> Flask:
    """Return the phones' web application."""
    app = Flask("sandbox.apple", root_path=str(Path(__file__).parent))
    app.extensions["apple"] = world
    app.register_blueprint(pages)
    app.register_blueprint(control)
    return app


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.apple", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="directory of the certificates")
    parser.add_argument("--apns-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--phone-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--pass-type-id", default=PASS_TYPE_ID)
    parser.add_argument("--team-id", default=TEAM_ID)
    parser.add_argument(
        "--retry-waits",
        default=",".join(str(wait) for wait in RETRY_WAITS_S),
        help="a phone's waits between attempts, in seconds; after the last it gives up",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
