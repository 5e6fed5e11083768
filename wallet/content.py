"""What a member's card says, in the shop's language: equal texts when the card looks equal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.numbers import format_decimal
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.members.tables import Member, MemberBalance
from loyalty.preferences import list_preferences
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import Rung
from loyalty.tiers.views import list_tiers_of
from wallet.card_links import card_page_url
from wallet.marketing import message_texts
from wallet.places import list_places
from wallet.rewards_on_card import list_reward_texts
from wallet.tokens import list_tokens

Content = dict[str, Any]

_OWN = (
    *("tier", "tier_id", "reward", "reward_news"),
    *("message", "message_id", "message_until", "message_brings_points"),
)
"""What a card of somebody who is there may say, and a void one never does."""


def card_content(
    session: Session, shop_id: int, member_id: UUID, *, voided: bool, now: datetime
) -> Content:
    """The card as it should look now: strings, `locations` (≤ 10 places), and `voided`.

    An erased member's card is void and names nobody. Raises MemberNotFound.
    """
    content = list_contents(session, shop_id, [member_id], now=now).get(member_id)
    if content is None:
        raise MemberNotFound(str(member_id))
    return as_void(content) if voided else content


def list_contents(
    session: Session, shop_id: int, member_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, Content]:
    """The live card of each of these members that is there; an erased member's is void."""
    rows = _facts(session, shop_id, member_ids)
    living = [row.Member.id for row in rows if row.Member.state != "erased"]
    tokens = list_tokens(session, shop_id, living, now=now)
    preferences = list_preferences(session, shop_id, living)
    places = list_places(session, shop_id)
    tiers = list_tiers_of(session, shop_id, living)
    rewards = _reward_texts(session, rows, now)
    messages = message_texts(session, shop_id, living, now=now)
    contents = {}
    for row in rows:
        member: Member = row.Member
        content = _shop_texts(row.Shop, row.Programme) | _texts(
            row.Shop, member, row.available or 0
        )
        if member.state == "erased":
            contents[member.id] = as_void(content)
            continue
        token = tokens[member.id]
        contents[member.id] = content | {
            "token": token.token,
            "short_code": token.short_code,
            "locations": places if preferences[member.id].location else [],
            **_tier_texts(tiers.get(member.id)),
            **rewards.get(member.id, {}),
            **messages.get(member.id, {}),
        }
    return contents


def as_void(content: Content) -> Content:
    """The card without everything that is the member's."""
    empty = dict.fromkeys(("name", "member_since", "token", "short_code", "link"), "")
    shown = {name: said for name, said in content.items() if name not in _OWN}
    return shown | empty | {"balance": "–", "locations": [], "voided": True}


def locale_of(name: str) -> Locale:
    """The shop's language as Shopify writes it (`pt-BR`), English if we cannot speak it."""
    try:
        return Locale.parse(name, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")


def _facts(
    session: Session, shop_id: int, member_ids: Sequence[UUID]
) -> Sequence[Row[Shop, Programme, Member, int]]:
    return session.execute(
        select(Shop, Programme, Member, MemberBalance.available)
        .join(Programme, Programme.shop_id == Shop.shop_id)
        .join(Member, Member.shop_id == Shop.shop_id)
        .outerjoin(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Shop.shop_id == shop_id, Member.id.in_(member_ids))
        .execution_options(populate_existing=True)
    ).all()


def _shop_texts(shop: Shop, programme: Programme) -> Content:
    return {
        "organization": shop.name,
        "programme": programme.name,
        "points_name": programme.points_name,
    }


def _texts(shop: Shop, member: Member, available: int) -> Content:
    locale = locale_of(shop.locale)
    return {
        "balance": format_decimal(available, locale=locale),
        "name": " ".join(filter(None, (member.first_name, member.last_name))),
        "member_since": _month(member.joined_at, shop.timezone, locale),
        "link": card_page_url(shop.shop_id, member.id),
        "voided": False,
    }


def _tier_texts(rung: Rung | None) -> Content:
    """Cards of a shop without tiers say nothing of them, and stay as they are."""
    return {"tier": rung.name, "tier_id": str(rung.id)} if rung else {}


def _reward_texts(
    session: Session, rows: Sequence[Row[Shop, Programme, Member, int]], now: datetime
) -> dict[UUID, Content]:
    available = {row.Member.id: row.available or 0 for row in rows if row.Member.state != "erased"}
    if not available:
        return {}
    return list_reward_texts(session, rows[0].Shop, available, now=now)


def _month(at: datetime, zone: str, locale: Locale) -> str:
    return format_skeleton("yMMM", at, tzinfo=zone, locale=locale)  # type: ignore[arg-type]
