"""A small app behind our edge, with a page that works, one that refuses and one that crashes."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest
import structlog
from flask import Flask, abort
from flask.testing import FlaskClient

from loyalty.base.errors import InsufficientPoints
from shopify_app.edge import errors, logs, requests

SECRET = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2ln"


@pytest.fixture
def client() -> FlaskClient:
    """The app's client; errors are answered as in production."""
    app = Flask("edge")
    requests.init_app(app)
    errors.init_app(app)
    app.add_url_rule("/cards/<token>", view_func=lambda token: "a card", endpoint="card")
    app.add_url_rule("/refused", view_func=_refuse)
    app.add_url_rule("/crashed", view_func=_crash)
    app.add_url_rule("/gone", view_func=lambda: abort(410), endpoint="gone")
    return app.test_client()


@pytest.fixture
def log_lines() -> Iterator["LogLines"]:
    """What was logged as JSON since the test began."""
    stream = io.StringIO()
    with redirect_stderr(stream):
        logs.configure()
        yield LogLines(stream)
    structlog.reset_defaults()


class LogLines:
    """The lines of a log, as text and as objects."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        """Everything that was logged."""
        return self._stream.getvalue()

    def find(self, event: str) -> dict[str, Any]:
        """The only line of `event`."""
        (line,) = [
            line for line in map(json.loads, self.text.splitlines()) if line["event"] == event
        ]
        return line


def _refuse() -> str:
    raise InsufficientPoints("alice@example.com has 3")


def _crash() -> str:
    try:
        raise KeyError("alice@example.com")
    except KeyError as error:
        raise ValueError(SECRET) from error
