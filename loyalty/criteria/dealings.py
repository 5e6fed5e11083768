"""Loads what members have done and been given: entries, actions, lots, coupons, words, scores.

The invariant: each loader asks once for all members that it is given.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.actions.tables import MemberAction
from loyalty.base.bulk import among_many
from loyalty.base.clock import day_in
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.criteria import outside
from loyalty.criteria.facts import Source
from loyalty.expiry import terms
from loyalty.insights.tables import MemberInsight
from loyalty.ledger.tables import LedgerEntry, Lot
from loyalty.members.consent import MemberConsent
from loyalty.members.tables import MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop

Found = Mapping[UUID, Mapping[str, Any]]
Loader = Callable[[Session, Shop, Found, date], Found]
"""The facts of one source by member; whoever has none of them is left out."""

EXPIRING_DAYS = (7, 30)
GIVEN = ("making", "ready", "used")
"""States of a coupon's code that somebody was given; `gone` ones are in Shopify no more."""


def by_member(session: Session, statement: Any) -> Found:
    """The rows of `statement` by their member_id, column by column."""
    found = {}
    for row in session.execute(statement).mappings():
        facts = dict(row)
        found[facts.pop("member_id")] = facts
    return found


def _load_entries(session: Session, shop: Shop, members: Found, today: date) -> Found:
    """Each friend brought and each redemption, whatever became of it later."""
    # Who was brought is paid by an entry of the same kind, and has brought nobody.
    has_brought = (LedgerEntry.kind == "referral") & (LedgerEntry.source_kind != "referral_friend")
    is_redemption = LedgerEntry.kind == "redeem"
    statement = (
        select(
            LedgerEntry.member_id,
            func.count().filter(has_brought).label("referral_count"),
            func.count().filter(is_redemption).label("redemption_count"),
            func.max(LedgerEntry.occurred_at).filter(is_redemption).label("last_redemption_on"),
        )
        .where(
            LedgerEntry.shop_id == shop.shop_id,
            among_many(LedgerEntry.member_id, members),
            LedgerEntry.kind.in_(("referral", "redeem")),
            LedgerEntry.reverses_id.is_(None),
        )
        .group_by(LedgerEntry.member_id)
    )
    return {
        member_id: {**facts, "last_redemption_on": _day(shop, facts["last_redemption_on"])}
        for member_id, facts in by_member(session, statement).items()
    }


def _day(shop: Shop, at: datetime | None) -> date | None:
    return day_in(shop.timezone, at) if at else None


def _load_actions(session: Session, shop: Shop, members: Found, today: date) -> Found:
    statement = (
        select(
            MemberAction.member_id,
            func.bool_or(MemberAction.kind == "pass_installed").label("has_had_pass"),
            func.count().filter(MemberAction.kind == "check_in").label("check_in_count"),
        )
        .where(MemberAction.shop_id == shop.shop_id, among_many(MemberAction.member_id, members))
        .group_by(MemberAction.member_id)
    )
    return by_member(session, statement)


def _load_lots(session: Session, shop: Shop, members: Found, today: date) -> Found:
    """Released points whose last day is near; those whose day is over are gone, posted or not."""
    programme = get_programme(session, shop.shop_id)
    rows = session.execute(
        select(
            Lot.member_id,
            Lot.points_left,
            Lot.last_valid_on,
            Lot.released_at,
            MemberBalance.active_on,
        )
        .join(
            MemberBalance,
            (MemberBalance.shop_id == Lot.shop_id) & (MemberBalance.member_id == Lot.member_id),
        )
        .where(
            Lot.shop_id == shop.shop_id,
            among_many(Lot.member_id, members),
            Lot.points_left > 0,
            Lot.released_at.is_not(None),
        )
    )
    nothing = {f"expiring_{days}_days": 0 for days in EXPIRING_DAYS}
    found: dict[UUID, dict[str, int]] = defaultdict(nothing.copy)
    for row in rows:
        released_on = day_in(shop.timezone, row.released_at)
        idle = terms.idle_until(programme, row.active_on, released_on)
        last_day = min((day for day in (row.last_valid_on, idle) if day), default=None)
        for days in EXPIRING_DAYS:
            if last_day is not None and today <= last_day <= today + timedelta(days=days):
                found[row.member_id][f"expiring_{days}_days"] += row.points_left
    return found


def _load_coupons(session: Session, shop: Shop, members: Found, today: date) -> Found:
    is_good = Coupon.ends_on.is_(None) | (Coupon.ends_on >= today)
    statement = (
        select(
            CouponCode.member_id,
            func.count().label("coupon_count"),
            func.count()
            .filter((CouponCode.state == "ready") & is_good)
            .label("ready_coupon_count"),
        )
        .join(Coupon, (Coupon.shop_id == CouponCode.shop_id) & (Coupon.id == CouponCode.coupon_id))
        .where(
            CouponCode.shop_id == shop.shop_id,
            among_many(CouponCode.member_id, members),
            CouponCode.state.in_(GIVEN),
        )
        .group_by(CouponCode.member_id)
    )
    return by_member(session, statement)


def _load_consents(session: Session, shop: Shop, members: Found, today: date) -> Found:
    """The last word a channel, but a no that a mere tick has not lifted."""
    rows = session.scalars(
        select(MemberConsent)
        .where(MemberConsent.shop_id == shop.shop_id, among_many(MemberConsent.member_id, members))
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, dict[str, str]] = defaultdict(dict)
    for said in rows:
        found[said.member_id][f"{said.channel}_consent"] = said.strictest
    return found


def _load_insight(session: Session, shop: Shop, members: Found, today: date) -> Found:
    """As of the last run; whoever joined since then has not yet a risk of any kind."""
    statement = select(
        MemberInsight.member_id,
        MemberInsight.band.label("churn_risk"),
        MemberInsight.ltv_minor.label("predicted_spend"),
        MemberInsight.health,
    ).where(MemberInsight.shop_id == shop.shop_id, among_many(MemberInsight.member_id, members))
    return {member_id: {"churn_risk": "not_yet"} for member_id in members} | dict(
        by_member(session, statement)
    )


def _load_outside(
    source: Source, session: Session, shop: Shop, members: Found, today: date
) -> Found:
    reader = outside.find(source)
    return {} if reader is None else by_member(session, reader(session, shop.shop_id, [*members]))


LOADERS: Mapping[Source, Loader] = {
    Source.ENTRIES: _load_entries,
    Source.ACTIONS: _load_actions,
    Source.LOTS: _load_lots,
    Source.COUPONS: _load_coupons,
    Source.CONSENT: _load_consents,
    Source.INSIGHT: _load_insight,
    **{source: partial(_load_outside, source) for source in outside.SOURCES},
}
"""Who loads each of these sources."""
