"""The port: served by threads, and able to be gone for a while as a real outage is."""

import threading
import time

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server


class Server:
    """Serves `app` on 127.0.0.1."""

    def __init__(self, app: Flask, port: int) -> None:
        self._app, self._port = app, port
        self._lock = threading.Lock()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen."""
        with self._lock:
            self._server = make_server("127.0.0.1", self._port, self._app, threaded=True)
            self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let nobody in any more."""
        with self._lock:
            if self._server is not None and self._thread is not None:
                self._server.shutdown()
                self._thread.join()
                self._server.server_close()
                self._server = None

    def go_down(self, seconds: float) -> None:
        """Refuse every connection for `seconds`, from a moment on: this answer still goes out."""
        threading.Thread(target=self._be_down, args=(seconds,), daemon=True).start()

    def _be_down(self, seconds: float) -> None:
        time.sleep(0.1)
        self.stop()
        time.sleep(seconds)
        self.start()
