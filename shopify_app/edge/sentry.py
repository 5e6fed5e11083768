"""Reports crashes to Sentry: types and places only, nothing of the request and nobody's data."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration


def init(dsn: str) -> None:
    """Start reporting to `dsn`."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=redact,
        integrations=[LoggingIntegration(level=None, event_level=None)],
    )


def report(error: BaseException) -> None:
    """Report an error that was handled; does nothing without `init`."""
    sentry_sdk.capture_exception(error)


def redact(event: Any, _hint: object) -> Any:
    """`event` without the request, the person and the words of the errors, which quote values."""
    for key in ("request", "user", "extra", "breadcrumbs", "server_name", "logentry", "message"):
        event.pop(key, None)
    for error in event.get("exception", {}).get("values", ()):
        error["value"] = ""
    return event
