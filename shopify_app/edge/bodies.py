"""A request's body is whole, or refused: half a form must never be taken for all of it.

The server takes the end of a connection for the end of a body. Where a length was announced it is
checked; a body without one (chunked) cannot be, so only webhooks, which are signed, may come so.
"""

from flask import Flask, abort, request


def init_app(app: Flask) -> None:
    """Watch the body of every request that reaches `app`; the door of webhooks lies before it."""
    app.before_request(_require_length)


def _require_length() -> None:
    if "Transfer-Encoding" in request.headers:
        abort(411)
    # It keeps Flask from counting the bytes: ClientDisconnected (400) when some are missing.
    request.environ.pop("wsgi.input_terminated", None)
