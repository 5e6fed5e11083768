"""Keyset cursors: where a page ends, as an opaque text that a forged one cannot harm."""

import base64
import binascii
import json
from datetime import date, datetime
from typing import Any
from uuid import UUID


def encode(*values: Any) -> str:
    """An opaque cursor for the sort values of a page's last row."""
    plain = [v.isoformat() if isinstance(v, date) else str(v) for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The values of a cursor, each of its kind; None for a missing or foreign one."""
    if not cursor:
        return None
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_parse(kind, text) for kind, text in zip(kinds, texts, strict=True))
    except (ValueError, TypeError, binascii.Error):
        return None


def _parse(kind: Any, text: str) -> Any:
    if kind in (datetime, date):
        return kind.fromisoformat(text)
    return UUID(text) if kind is UUID else kind(text)
