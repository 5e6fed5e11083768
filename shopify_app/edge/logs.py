"""Structured logs: one JSON object a line, no personal data and no token in any of them.

An exception is logged as types and places, never as words: words quote values.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

Event = MutableMapping[str, Any]
_FRAMES = 12
# Libraries that write addresses, headers or statements at INFO.
_QUIET = ("rq", "urllib3", "werkzeug", "alembic", "sqlalchemy", "redis")


def configure(level: str = "INFO") -> None:
    """Send structlog's and the standard library's logs to stderr as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_exception,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(default=str)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _name_exception(_logger: object, _method: str, event: Event) -> Event:
    """Replace `exc_info` by the error's types and the places it went through."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> dict[str, Any]:
    """`error` without its words: type, SQLSTATE if any, places, and the same of its cause."""
    described: dict[str, Any] = {
        "type": type(error).__qualname__,
        "at": _places(error.__traceback__),
    }
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    if sqlstate:
        described["sqlstate"] = sqlstate
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["cause"] = describe(cause)
    return described


def _places(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)[-_FRAMES:]
    ]
