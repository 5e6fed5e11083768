"""What the customer's page shows of their own details, and of ways to earn besides shopping."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, get_month_names
from babel.numbers import format_decimal
from sqlalchemy.orm import Session

from loyalty.actions.birthdays import first_counting_on
from loyalty.actions.following import NETWORKS, list_follow_links, list_followed
from loyalty.actions.rules import Kind, find_rule
from loyalty.actions.verifying import SAME_ASKING, read_proof
from loyalty.base.clock import day_in
from loyalty.members.contact import mask_contact
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from wallet import setup
from wallet.card_links import follow_url
from wallet.content import locale_of

_TITLES = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "x": "X",
    "pinterest": "Pinterest",
    "threads": "Threads",
    "linkedin": "LinkedIn",
}


@dataclass(frozen=True, slots=True)
class OwnEmail:
    """The masked address; `asked_at` is the time at which a link to confirm it was last sent."""

    address: str
    is_verified: bool
    can_ask: bool
    asked_at: str | None
    reward: str | None


@dataclass(frozen=True, slots=True)
class OwnBirthday:
    """Month and day, if given; `next_on` is the next one that is rewarded with `reward`."""

    month: int | None
    day: int | None
    said: str | None
    reward: str | None
    next_on: str | None
    months: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class OwnFollow:
    """A page of the shop's to follow, opened already or not."""

    title: str
    url: str
    is_done: bool
    reward: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong with the form that was sent: the field, in words, and what was typed."""

    field: str
    message: str
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Everything of the two panels."""

    first_name: str
    last_name: str
    email: OwnEmail | None
    birthday: OwnBirthday
    follows: list[OwnFollow]


def read_own(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> OwnPage:
    """The panels of an active member."""
    shop = get_shop(session, shop_id)
    member = get_active_member(session, shop_id, member_id)
    return OwnPage(
        first_name=member.first_name or "",
        last_name=member.last_name or "",
        email=_email(session, shop, member, now),
        birthday=_birthday(session, shop, member, now),
        follows=_follows(session, shop, member, now),
    )


def clock_time(at: datetime, shop: Shop, form: Literal["short", "medium"] = "short") -> str:
    """`14:03`, or `14:03:20`, as the shop writes times."""
    return format_time(at, form, tzinfo=ZoneInfo(shop.timezone), locale=locale_of(shop.locale))


def _email(session: Session, shop: Shop, member: Member, now: datetime) -> OwnEmail | None:
    address = mask_contact(member.email, None)
    if address is None:
        return None
    proof = read_proof(session, shop.shop_id, member.id)
    is_fresh = proof.asked_at is not None and now - proof.asked_at < timedelta(days=1)
    return OwnEmail(
        address=address,
        is_verified=proof.verified_at is not None,
        can_ask=setup.current().sends_email
        and (proof.asked_at is None or now - proof.asked_at >= SAME_ASKING),
        asked_at=clock_time(proof.asked_at, shop) if is_fresh and proof.asked_at else None,
        reward=_reward(session, shop, "verified_email", now),
    )


def _birthday(session: Session, shop: Shop, member: Member, now: datetime) -> OwnBirthday:
    locale, today = locale_of(shop.locale), day_in(shop.timezone, now)
    given, reward = member.birthday_on, _reward(session, shop, "birthday", now)
    next_on = None
    if given and reward:
        counting = first_counting_on(given, member.birthday_changed_on, today=today)
        next_on = format_date(counting, "long", locale=locale)
    names = get_month_names("wide", context="stand-alone", locale=locale)
    return OwnBirthday(
        month=given.month if given else None,
        day=given.day if given else None,
        said=format_skeleton("MMMMd", given, locale=locale) if given else None,
        reward=reward,
        next_on=next_on,
        months=[(month, str(names[month])) for month in range(1, 13)],
    )


def _follows(session: Session, shop: Shop, member: Member, now: datetime) -> list[OwnFollow]:
    done = list_followed(session, shop.shop_id, member.id)
    reward = _reward(session, shop, "social_follow", now)
    pages = {link.network for link in list_follow_links(session, shop.shop_id)}
    return [
        OwnFollow(
            title=_TITLES[network],
            url=follow_url(shop.shop_id, member.id, network),
            is_done=network in done,
            reward=reward,
        )
        for network in NETWORKS
        if network in pages
    ]


def _reward(session: Session, shop: Shop, kind: Kind, now: datetime) -> str | None:
    """`50 points`, if a rule gives some for it today and nothing is paused."""
    programme = get_programme(session, shop.shop_id)
    rule = find_rule(session, shop, kind, at=now)
    if rule is None or programme.paused_at is not None:
        return None
    return f"{format_decimal(rule.points, locale=locale_of(shop.locale))} {programme.points_name}"
