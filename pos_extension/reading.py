"""A request's body, field by field: each of its type and length, or a refusal that names it."""

import json
import re
from typing import Any, TypeGuard
from uuid import UUID

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from pos_extension import refusals

BODY_MAX = 16 * 1024
TEXT_MAX = 255
POINTS_MAX = 1_000_000_000
ID_MAX = 2**63 - 1
_KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Body = dict[str, Any]


def read_body(request: Request) -> Body:
    """The JSON object that was sent; 413 above 16 KB, 422 when it is none."""
    request.max_content_length = BODY_MAX
    if (request.content_length or 0) > BODY_MAX:
        raise RequestEntityTooLarge
    try:
        body = json.loads(request.get_data())
    # A bracket after another, sixteen thousand deep, is JSON too.
    except (ValueError, RecursionError) as error:
        raise refusals.unreadable() from error
    if not isinstance(body, dict):
        raise refusals.unreadable()
    return body


def client_key(body: Body) -> UUID:
    """The key that makes a resend count once."""
    return uuid(body, "client_key")


def uuid(body: Body, field: str) -> UUID:
    """The UUID of a field."""
    value = body.get(field)
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise refusals.invalid(**{field: "A UUID is wanted"})
    return UUID(value)


def text(body: Body, field: str) -> str:
    """The text of a field, not blank."""
    value = optional_text(body, field)
    if value is None:
        raise refusals.invalid(**{field: "This is missing"})
    return value


def optional_text(body: Body, field: str) -> str | None:
    """The text of a field, without blanks around it; None when there is none."""
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise refusals.invalid(**{field: "A text is wanted"})
    if len(value) > TEXT_MAX:
        raise refusals.invalid(**{field: f"Use at most {TEXT_MAX} characters"})
    # JSON may carry NUL and half surrogate pairs; PostgreSQL's text may not.
    if "\0" in value or not _is_unicode(value):
        raise refusals.invalid(**{field: "This has characters that cannot be kept"})
    return value.strip() or None


def points(body: Body, field: str, *, most: int) -> int:
    """Whole points, 1 to `most`."""
    value = body.get(field)
    if not _is_whole(value) or not 1 <= value <= most:
        raise refusals.invalid(**{field: "Enter a whole number of points, 1 or more"})
    return value


def optional_points(body: Body, field: str) -> int | None:
    """Whole points, or None where there are none."""
    return None if body.get(field) is None else points(body, field, most=POINTS_MAX)


def identifier(body: Body, field: str) -> int:
    """One of Shopify's ids, as a number."""
    value = optional_identifier(body, field)
    if value is None:
        raise refusals.invalid(**{field: "This is missing"})
    return value


def optional_identifier(body: Body, field: str) -> int | None:
    """As `identifier`, or None where there is none."""
    value = body.get(field)
    if value is None:
        return None
    if not _is_whole(value) or not 0 < value <= ID_MAX:
        raise refusals.invalid(**{field: "An id is wanted"})
    return value


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
