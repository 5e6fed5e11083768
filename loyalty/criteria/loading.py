"""Loads the facts of members: one query per source, only of the sources that are asked for.

The invariant: a fact of a source that was not asked for has no meaning (0, None or False), so
callers ask for `sources_of` what they evaluate.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.base.clock import day_in
from loyalty.base.errors import MemberNotFound
from loyalty.criteria import dealings
from loyalty.criteria.dealings import Found, Loader, by_member
from loyalty.criteria.facts import FACTS, NUMBERS, Kind, MemberFacts, Source
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.tables import Order
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from loyalty.tiers.cycles import anniversary
from loyalty.tiers.held import list_held
from loyalty.tiers.ladder import load_ladder

_NOTHING: Mapping[Kind, Any] = {
    **dict.fromkeys(NUMBERS, 0),
    Kind.TRUTH: False,
    Kind.TEXT: "none",
    Kind.DAY: None,
    Kind.ID: None,
}
_UNKNOWN: dict[str, Any] = {
    fact.name: None if fact.may_be_unknown else _NOTHING[fact.kind] for fact in FACTS.values()
}


def member_facts(session: Session, shop_id: int, member_id: UUID, now: datetime) -> MemberFacts:
    """All facts of one active member; raises MemberNotFound."""
    found = members_facts(session, get_shop(session, shop_id), [member_id], now=now)
    if member_id not in found:
        raise MemberNotFound(str(member_id))
    return found[member_id]


def members_facts(
    session: Session,
    shop: Shop,
    member_ids: Collection[UUID],
    *,
    now: datetime,
    sources: Collection[Source] = tuple(Source),
) -> dict[UUID, MemberFacts]:
    """The facts of those of these members that are active, of `sources`; reads only."""
    if not member_ids:
        return {}
    today = day_in(shop.timezone, now)
    members = _load_members(session, shop, member_ids, today)
    found = [
        load(session, shop, members, today)
        for source, load in _LOADERS.items()
        if source in sources
    ]
    return {
        member_id: MemberFacts(
            today=today,
            **_UNKNOWN
            | theirs
            | {k: v for part in found for k, v in part.get(member_id, {}).items()},
        )
        for member_id, theirs in members.items()
    }


def _load_members(
    session: Session, shop: Shop, member_ids: Collection[UUID], today: date
) -> dict[UUID, dict[str, Any]]:
    columns = (
        Member.id, Member.joined_at, Member.customer_since, Member.enrolled_by,
        Member.email_verified_at, Member.birthday_on, Member.email_norm, Member.address,
    )  # fmt: skip
    rows = session.execute(
        select(*columns).where(
            Member.shop_id == shop.shop_id,
            among_many(Member.id, member_ids),
            Member.state == "active",
        )
    )
    return {row.id: _of_member(shop, row, today) for row in rows}


def _of_member(shop: Shop, row: Any, today: date) -> dict[str, Any]:
    joined_on = day_in(shop.timezone, row.joined_at)
    since = row.customer_since
    return {
        "joined_on": joined_on,
        "member_years": whole_years(joined_on, today),
        "customer_since_on": day_in(shop.timezone, since) if since else None,
        "enrolled_by": row.enrolled_by,
        "has_verified_email": row.email_verified_at is not None,
        "has_birthday": row.birthday_on is not None,
        "birthday_month": row.birthday_on.month if row.birthday_on else 0,
        "country": (row.address or {}).get("country_code"),
        "has_email": row.email_norm != "",
    }


def whole_years(joined_on: date, today: date) -> int:
    """How many years as a member are complete on `today`."""
    years = today.year - joined_on.year
    return max(0, years - (anniversary(joined_on, today.year) > today))


def _load_balances(session: Session, shop: Shop, members: Found, today: date) -> Found:
    statement = select(
        MemberBalance.member_id,
        MemberBalance.available.label("available_points"),
        MemberBalance.pending.label("pending_points"),
        MemberBalance.lifetime_earned,
        MemberBalance.lifetime_burned,
        MemberBalance.active_on.label("last_active_on"),
    ).where(MemberBalance.shop_id == shop.shop_id, among_many(MemberBalance.member_id, members))
    return by_member(session, statement)


def _load_orders(session: Session, shop: Shop, members: Found, today: date) -> Found:
    """Paid orders, neither tests nor cancelled, each on the shop's day."""
    placed_at = func.timezone(shop.timezone, Order.processed_at)
    is_in_month = extract("month", placed_at) == extract("month", Member.birthday_on)
    statement = (
        select(
            Order.member_id,
            func.count().label("order_count"),
            func.sum(Order.current_total_minor).label("total_spend"),
            func.min(Order.processed_at).label("first_at"),
            func.max(Order.processed_at).label("last_at"),
            func.coalesce(func.bool_or(is_in_month), False).label("has_birthday_month_order"),
        )
        .join(Member, (Member.shop_id == Order.shop_id) & (Member.id == Order.member_id))
        .where(
            Order.shop_id == shop.shop_id,
            among_many(Order.member_id, members),
            Order.is_paid,
            Order.is_test.is_(False),
            Order.cancelled_at.is_(None),
        )
        .group_by(Order.member_id)
    )
    return {row.member_id: _of_orders(shop, row) for row in session.execute(statement)}


def _of_orders(shop: Shop, row: Any) -> dict[str, Any]:
    spend, count = int(row.total_spend), row.order_count
    return {
        "order_count": count,
        "total_spend": spend,
        "average_order": (2 * spend + count) // (2 * count),
        "first_order_on": day_in(shop.timezone, row.first_at),
        "last_order_on": day_in(shop.timezone, row.last_at),
        "has_birthday_month_order": row.has_birthday_month_order,
    }


def _load_tiers(session: Session, shop: Shop, members: Found, today: date) -> Found:
    """While tiers are off nobody is in one."""
    if not get_programme(session, shop.shop_id).tiers_on:
        return {}
    ladder = load_ladder(session, shop.shop_id)
    return {
        held.member_id: {
            "tier": ladder.id_of(held.rank),
            "is_in_top_tier": bool(ladder.rungs) and held.rank == ladder.top_rank,
        }
        for held in list_held(session, shop, ladder, members, today)
    }


_LOADERS: Mapping[Source, Loader] = {
    Source.BALANCE: _load_balances,
    Source.ORDERS: _load_orders,
    Source.TIER: _load_tiers,
    **dealings.LOADERS,
}
