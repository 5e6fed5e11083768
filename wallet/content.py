"""What a member's card says, in the shop's language: equal texts when the card looks equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.numbers import format_decimal
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import MemberNotFound
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop
from wallet import setup
from wallet.links import CardLink, make_link_token
from wallet.tokens import get_token

Content = dict[str, Any]


def card_content(
    session: Session, shop_id: int, member_id: UUID, *, voided: bool, now: datetime
) -> Content:
    """The card as it should look now: strings, and `voided`.

    An erased member's card is void and names nobody. Raises MemberNotFound.
    """
    shop, programme, member, available = _facts(session, shop_id, member_id)
    locale = _locale(shop.locale)
    texts = {
        "organization": shop.name,
        "programme": programme.name,
        "points_name": programme.points_name,
    }
    if voided or member.state == "erased":
        return texts | _void_card()
    token = get_token(session, shop_id, member_id, now=now)
    return texts | {
        "balance": format_decimal(available, locale=locale),
        "name": " ".join(filter(None, (member.first_name, member.last_name))),
        "member_since": _month(member.joined_at, shop.timezone, locale),
        "token": token.token,
        "short_code": token.short_code,
        "link": card_url(shop_id, member_id),
        "voided": False,
    }


def card_url(shop_id: int, member_id: UUID) -> str:
    """The public address of a member's card; the same one each time."""
    settings = setup.current()
    token = make_link_token(CardLink(shop_id, member_id), settings.link_secret)
    return f"{settings.app_url}/card/{token}"


def _facts(session: Session, shop_id: int, member_id: UUID) -> tuple[Shop, Programme, Member, int]:
    row = session.execute(
        select(Shop, Programme, Member, MemberBalance.available)
        .join(Programme, Programme.shop_id == Shop.shop_id)
        .join(Member, Member.shop_id == Shop.shop_id)
        .outerjoin(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Shop.shop_id == shop_id, Member.id == member_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise MemberNotFound(str(member_id))
    shop, programme, member, available = row
    return shop, programme, member, available or 0


def _void_card() -> Content:
    empty = dict.fromkeys(("name", "member_since", "token", "short_code", "link"), "")
    return empty | {"balance": "–", "voided": True}


def _month(at: datetime, zone: str, locale: Locale) -> str:
    return format_skeleton("yMMM", at, tzinfo=zone, locale=locale)  # type: ignore[arg-type]


def _locale(name: str) -> Locale:
    """The shop's language as Shopify writes it (`pt-BR`), English if we cannot speak it."""
    try:
        return Locale.parse(name, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")
