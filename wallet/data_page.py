"""What the customer's page says of their data: the panel on the card, and all of it in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from babel.dates import format_date, format_datetime
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.members.contact import mask_contact
from loyalty.members.states import get_active_member
from loyalty.privacy.documents import Held, plain
from loyalty.proofs.challenges import GOOD_FOR, is_over
from loyalty.proofs.tables import EmailChallenge
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform.own_erasures import find_erasure
from wallet import setup
from wallet.content import locale_of

ROWS_SHOWN = 25
_TEXT_SHOWN = 300
_WHO = ("Personal details", "Shopify customers")
"""The parts that say who somebody is."""


@dataclass(frozen=True, slots=True)
class DataPanel:
    """`address` is masked, None when no code can be sent. `erases_on`: the day of the deletion.

    `open_code`: the challenge whose code was sent and not typed yet, if its time is not over.
    """

    address: str | None
    erases_on: str | None
    open_code: UUID | None


@dataclass(frozen=True, slots=True)
class Section:
    """The newest rows of a part, in words; `count` is how many there are."""

    title: str
    count: int
    rows: list[list[tuple[str, str]]]


def read_panel(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> DataPanel:
    """The panel of an active member."""
    shop, member = get_shop(session, shop_id), get_active_member(session, shop_id, member_id)
    request = find_erasure(session, shop_id, member_id)
    erases_on = None
    if request is not None:
        day = day_in(shop.timezone, request.next_at)
        erases_on = format_date(day, "long", locale=locale_of(shop.locale))
    can_send = setup.current().hold is not None and setup.reaches(session, member)
    return DataPanel(
        address=mask_contact(member.email, None) if can_send else None,
        erases_on=erases_on,
        open_code=_find_open(session, shop_id, member_id, now),
    )


def sections_of(held: Held, shop: Shop) -> list[Section]:
    """Each part that has rows, with its newest ones first; who they are comes before all else."""
    titles = sorted(held, key=lambda title: title not in _WHO)
    return [
        Section(
            title,
            len(held[title]),
            [_words(row, shop) for row in reversed(held[title][-ROWS_SHOWN:])],
        )
        for title in titles
        if held[title]
    ]


def _find_open(session: Session, shop_id: int, member_id: UUID, now: datetime) -> UUID | None:
    last = session.scalar(
        select(EmailChallenge)
        .where(
            EmailChallenge.shop_id == shop_id,
            EmailChallenge.member_id == member_id,
            EmailChallenge.asked_at > now - GOOD_FOR,
        )
        .order_by(EmailChallenge.asked_at.desc())
        .limit(1)
    )
    if last is None or last.proved_at is not None or is_over(last, now):
        return None
    return last.id


def _words(row: Mapping[str, Any], shop: Shop) -> list[tuple[str, str]]:
    """Column by column, without those that are empty or only tie rows together."""
    return [
        (name.replace("_", " ").capitalize(), _say(value, shop))
        for name, value in row.items()
        if value not in (None, "", [], {}) and not isinstance(value, UUID)
    ]


def _say(value: Any, shop: Shop) -> str:
    locale = locale_of(shop.locale)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        zone: Any = shop.timezone
        return format_datetime(value, "medium", tzinfo=zone, locale=locale)
    if isinstance(value, date):
        return format_date(value, "long", locale=locale)
    text = value if isinstance(value, str) else json.dumps(value, default=plain, ensure_ascii=False)
    return text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}…"
