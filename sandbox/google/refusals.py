"""Refusals in the shape of Google's APIs: a code, a status, a reason, and the fields at fault."""

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify

_STATUSES = {
    400: ("INVALID_ARGUMENT", "badRequest"),
    401: ("UNAUTHENTICATED", "authError"),
    403: ("PERMISSION_DENIED", "permissionDenied"),
    404: ("NOT_FOUND", "notFound"),
    409: ("ALREADY_EXISTS", "alreadyExists"),
    429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded"),
    500: ("INTERNAL", "backendError"),
    503: ("UNAVAILABLE", "backendError"),
}


class Refusal(Exception):
    """A request that Google would not carry out."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        reason: str | None = None,
        fields: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.fields = code, message, fields
        status, usual = _STATUSES.get(code, ("UNKNOWN", "backendError"))
        self.status, self.reason = status, reason or usual

    def answer(self) -> Response:
        """The answer as it goes over the wire."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "errors": [{"message": self.message, "domain": "global", "reason": self.reason}],
            "status": self.status,
        }
        if self.fields:
            named = [{"field": field, "description": text} for field, text in self.fields]
            kind = "type.googleapis.com/google.rpc.BadRequest"
            error["details"] = [{"@type": kind, "fieldViolations": named}]
        response = jsonify(error=error)
        response.status_code = self.code
        if self.code == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
        return response
