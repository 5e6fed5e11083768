"""The world of the request at hand."""

from typing import Any

from flask import current_app, request

from sandbox.mail.world import World


def world() -> World:
    """The stand-in that serves this request."""
    found: World = current_app.extensions["mail"]
    return found


def asked() -> dict[str, Any]:
    """The JSON object of the request; empty without one."""
    content = request.get_json(silent=True, force=True)
    return content if isinstance(content, dict) else {}
