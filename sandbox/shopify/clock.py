"""Time as the stand-in tells it. Every moment inside is an aware UTC datetime."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """The present moment, aware, whole seconds kept with their microseconds."""
    return datetime.now(UTC)


def graphql_time(moment: datetime) -> str:
    """`2026-11-22T03:55:32Z`, as the Admin API writes a DateTime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rest_time(moment: datetime, zone: str) -> str:
    """`2026-11-22T04:55:32+01:00`: webhooks carry the shop's own offset."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def parse_time(text: str) -> datetime:
    """An aware UTC datetime from ISO 8601; a plain date is its midnight. ValueError otherwise."""
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
