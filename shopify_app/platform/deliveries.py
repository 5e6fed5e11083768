"""A webhook as its handler gets it: the parsed payload, and when what it tells happened."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shopify_app.platform.errors import ShapeError


@dataclass(frozen=True, slots=True)
class Delivery:
    """`occurred_at`: when Shopify triggered it, else when it came; `now`: when we handle it.

    `triggered_at` is on Shopify's clock, or None where it did not say.
    """

    payload: dict[str, Any]
    occurred_at: datetime
    now: datetime
    triggered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """An inbox row that this transaction holds."""

    id: UUID
    topic: str
    body: bytes
    triggered_at: datetime | None
    received_at: datetime
    attempts: int


def open_row(row: ClaimedRow, now: datetime) -> Delivery:
    """The delivery in an inbox row; ShapeError when its body is no JSON object."""
    return Delivery(_parse(row.body), row.triggered_at or row.received_at, now, row.triggered_at)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        # Decimal, because a float has already lost what it was.
        payload = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ShapeError("the body is not JSON") from error
    if not isinstance(payload, dict):
        raise ShapeError("the body is no JSON object")
    return payload
