"""A campaign's terms as typed, checked field by field: a draft may lack some, none is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty.adjustments import POINTS_MAX
from loyalty.base.errors import BadCampaign
from loyalty.base.said import said
from loyalty.campaigns.channels import NAMES
from loyalty.shops.tables import Shop

TOPICS = ("offers", "points", "birthday", "rewards")
"""What a campaign may be about: a member may refuse one and keep the others."""
HOLDOUT_MAX, ORDER_DAYS_MAX, ORDER_DAYS = 50, 90, 14
NAME_MAX, SUBJECT_MAX, TEXT_MAX, BUTTON_MAX, PATH_MAX, PUSH_MAX = 80, 150, 5_000, 40, 300, 150
SEGMENTS_MAX = 20

# On the shop's own site, whatever browsers make of it: no host, no backslash, no blanks.
_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?#]*")
_LINES = "\n\t"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign says, to whom, how and when; `starts_at` None: when it is started."""

    name: str
    channels: list[str]
    segment_ids: list[str]
    topic: str
    subject: str
    text: str
    button: str
    link_path: str
    push_text: str
    holdout_percent: int
    coupon_id: UUID | None
    bonus_points: int | None
    promotion_id: UUID | None
    order_days: int
    starts_at: datetime | None


FIELDS = tuple(Terms.__dataclass_fields__)


def read_terms(shop: Shop, given: Mapping[str, Any], *, now: datetime) -> Terms:
    """The terms in `given`, whose values are as typed; raises BadCampaign with the field.

    Only `name` is needed. `starts_at` is a minute on the shop's clock, as 2026-12-01T09:00.
    """
    for unknown in sorted(given.keys() - set(FIELDS)):
        raise BadCampaign(unknown, said("is nothing that a campaign has"))
    name = _line(given, "name", NAME_MAX)
    if not name:
        raise BadCampaign("name", said("Give it a name"))
    return Terms(
        name=name,
        channels=_channels(given),
        segment_ids=_segments(given),
        topic=_topic(given),
        subject=_line(given, "subject", SUBJECT_MAX),
        text=_text(given),
        button=_line(given, "button", BUTTON_MAX),
        link_path=_path(given),
        push_text=_line(given, "push_text", PUSH_MAX),
        holdout_percent=_number(given, "holdout_percent", 0, HOLDOUT_MAX) or 0,
        coupon_id=_id(given, "coupon_id"),
        bonus_points=_number(given, "bonus_points", 1, POINTS_MAX),
        promotion_id=_id(given, "promotion_id"),
        order_days=_number(given, "order_days", 1, ORDER_DAYS_MAX) or ORDER_DAYS,
        starts_at=_moment(given, shop.timezone, now),
    )


def _line(given: Mapping[str, Any], field: str, longest: int) -> str:
    line = " ".join(str(given.get(field) or "").split())
    if len(line) > longest or not line.isprintable():
        raise BadCampaign(field, said("Use at most %(most)s characters", most=longest))
    return line


def _text(given: Mapping[str, Any]) -> str:
    text = str(given.get("text") or "").replace("\r\n", "\n").strip()
    plain = text.translate(dict.fromkeys(map(ord, _LINES)))
    if len(text) > TEXT_MAX or not plain.isprintable():
        raise BadCampaign("text", said("Use at most %(most)s characters", most=f"{TEXT_MAX:,}"))
    return text


def _many(given: Mapping[str, Any], field: str) -> list[str]:
    value = given.get(field) or ()
    values = [value] if isinstance(value, str) else list(value)
    return list(dict.fromkeys(str(one).strip() for one in values if str(one).strip()))


def _channels(given: Mapping[str, Any]) -> list[str]:
    wanted = _many(given, "channels")
    if any(name not in NAMES for name in wanted):
        raise BadCampaign("channels", said("Choose of %(names)s", names=", ".join(NAMES)))
    return [name for name in NAMES if name in wanted]


def _segments(given: Mapping[str, Any]) -> list[str]:
    wanted = _many(given, "segment_ids")
    if len(wanted) > SEGMENTS_MAX:
        raise BadCampaign(
            "segment_ids", said("Choose at most %(most)s segments", most=SEGMENTS_MAX)
        )
    return [str(_read_id("segment_ids", one)) for one in wanted]


def _topic(given: Mapping[str, Any]) -> str:
    topic = str(given.get("topic") or TOPICS[0])
    if topic not in TOPICS:
        raise BadCampaign("topic", said("is none of %(names)s", names=", ".join(TOPICS)))
    return topic


def _path(given: Mapping[str, Any]) -> str:
    path = str(given.get("link_path") or "").strip()
    if not path:
        return ""
    if len(path) > PATH_MAX or not _PATH.fullmatch(path):
        words = said("Use a way on your own site, such as %(path)s", path="/collections/sale")
        raise BadCampaign("link_path", words)
    return path


def _number(given: Mapping[str, Any], field: str, least: int, most: int) -> int | None:
    text = str(given.get(field) if given.get(field) is not None else "").strip()
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    if not is_number or not least <= int(text) <= most:
        words = said(
            "Use a whole number from %(least)s to %(most)s", least=f"{least:,}", most=f"{most:,}"
        )
        raise BadCampaign(field, words)
    return int(text)


def _id(given: Mapping[str, Any], field: str) -> UUID | None:
    text = str(given.get(field) or "").strip()
    return _read_id(field, text) if text else None


def _read_id(field: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadCampaign(field, said("Choose one of the list")) from error


def _moment(given: Mapping[str, Any], zone: str, now: datetime) -> datetime | None:
    """A minute that a change of clocks leaves out is an hour later; of two it is the first."""
    text = str(given.get("starts_at") or "").strip()
    if not text:
        return None
    try:
        typed = datetime.fromisoformat(text)
        if typed.tzinfo is not None:
            raise ValueError
        found = typed.replace(tzinfo=ZoneInfo(zone)).astimezone(now.tzinfo)
    except (ValueError, OverflowError) as error:
        raise BadCampaign("starts_at", said("is no time such as 2026-12-01T09:00")) from error
    if found <= now:
        raise BadCampaign("starts_at", said("That time is over"))
    return found
