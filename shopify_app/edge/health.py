"""`/healthz`: the process lives. `/readyz`: it can do its work, or the names of what keeps it."""

from collections.abc import Callable, Mapping

import structlog
from flask import Blueprint, Response, jsonify

log = structlog.get_logger()

Check = Callable[[], object]
"""Raises, or returns something false, when what it checks is not there."""


def make_blueprint(checks: Mapping[str, Check]) -> Blueprint:
    """The blueprint of both pages; readiness is every one of `checks` passing."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        failed = [name for name, check in checks.items() if not _passes(name, check)]
        if failed:
            return jsonify(status="not ready", failed=failed), 503
        return jsonify(status="ready", failed=[]), 200

    return blueprint


def _passes(name: str, check: Check) -> bool:
    try:
        return bool(check())
    except Exception as error:
        log.warning("not_ready", check=name, error=type(error).__name__)
        return False
