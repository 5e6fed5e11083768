"""What members have done and been given as SQL: the columns beside `dealings.py`.

The invariant: each column says of every member what the loader of its name says.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from functools import partial

from sqlalchemy import BigInteger, Date, case, cast, false, func, select

from loyalty.actions.tables import MemberAction
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.criteria import outside
from loyalty.criteria.dealings import EXPIRING_DAYS, GIVEN
from loyalty.criteria.facts import FACTS, Source
from loyalty.criteria.frames import Column, Columns, Frame, Joined
from loyalty.insights.tables import MemberInsight
from loyalty.ledger.tables import LedgerEntry, Lot
from loyalty.members.consent import MemberConsent
from loyalty.members.tables import MemberBalance


def _of_entries(frame: Frame, names: AbstractSet[str]) -> Joined:
    is_redemption = LedgerEntry.kind == "redeem"
    has_brought = (LedgerEntry.kind == "referral") & (LedgerEntry.source_kind != "referral_friend")
    kinds = [kind for kind in ("referral", "redeem") if kind in map(_KIND_OF.get, names)]
    last_at = func.max(LedgerEntry.occurred_at).filter(is_redemption)
    found = (
        select(
            LedgerEntry.member_id,
            func.count().filter(has_brought).label("referral_count"),
            func.count().filter(is_redemption).label("redemption_count"),
            frame.day(last_at).label("last_redemption_on"),
        )
        .where(
            LedgerEntry.shop_id == frame.shop.shop_id,
            LedgerEntry.kind.in_(kinds),
            LedgerEntry.reverses_id.is_(None),
        )
        .group_by(LedgerEntry.member_id)
        .subquery("entries")
    )
    return Joined(found, dict(found.c))


_KIND_OF = {
    "referral_count": "referral",
    "redemption_count": "redeem",
    "last_redemption_on": "redeem",
}


def _of_actions(frame: Frame, names: AbstractSet[str]) -> Joined:
    found = (
        select(
            MemberAction.member_id,
            func.bool_or(MemberAction.kind == "pass_installed").label("has_had_pass"),
            func.count().filter(MemberAction.kind == "check_in").label("check_in_count"),
        )
        .where(MemberAction.shop_id == frame.shop.shop_id)
        .group_by(MemberAction.member_id)
        .subquery("actions")
    )
    return Joined(found, dict(found.c))


def _of_lots(frame: Frame, names: AbstractSet[str]) -> Joined:
    """Released points by their last day: their own, or the end of inactivity if that is sooner."""
    today, last_day = frame.today, _last_day(frame)
    sums = (
        cast(
            func.sum(Lot.points_left).filter(last_day <= today + timedelta(days=days)), BigInteger
        ).label(f"expiring_{days}_days")
        for days in EXPIRING_DAYS
    )
    statement = select(Lot.member_id, *sums)
    if _knows_inactivity(frame):
        same = (MemberBalance.shop_id == Lot.shop_id) & (MemberBalance.member_id == Lot.member_id)
        statement = statement.join(MemberBalance, same)
    found = (
        statement.where(
            Lot.shop_id == frame.shop.shop_id,
            Lot.points_left > 0,
            Lot.released_at.is_not(None),
            last_day.between(today, today + timedelta(days=max(EXPIRING_DAYS))),
        )
        .group_by(Lot.member_id)
        .subquery("lots")
    )
    return Joined(found, dict(found.c))


def _last_day(frame: Frame) -> Column:
    """Null for what never expires; `least` and `greatest` leave out what is null."""
    programme = frame.programme
    if not _knows_inactivity(frame):
        return Lot.last_valid_on.expression
    assert programme.expiry_days
    released_on = frame.day(Lot.released_at)
    began_on = func.greatest(
        MemberBalance.active_on, programme.expiry_since, released_on, type_=Date
    )
    return func.least(Lot.last_valid_on, began_on + programme.expiry_days, type_=Date)


def _knows_inactivity(frame: Frame) -> bool:
    return frame.programme.expiry_mode == "inactivity"


def _of_coupons(frame: Frame, names: AbstractSet[str]) -> Joined:
    is_good = Coupon.ends_on.is_(None) | (Coupon.ends_on >= frame.today)
    is_ready = (CouponCode.state == "ready") & is_good
    found = (
        select(
            CouponCode.member_id,
            func.count().label("coupon_count"),
            func.count().filter(is_ready).label("ready_coupon_count"),
        )
        .join(Coupon, (Coupon.shop_id == CouponCode.shop_id) & (Coupon.id == CouponCode.coupon_id))
        .where(
            CouponCode.shop_id == frame.shop.shop_id,
            CouponCode.member_id.is_not(None),
            CouponCode.state.in_(GIVEN),
        )
        .group_by(CouponCode.member_id)
        .subquery("coupons")
    )
    return Joined(found, dict(found.c))


def _of_consents(frame: Frame, names: AbstractSet[str]) -> Joined:
    """A word a channel at most, a no that a tick has not lifted before it; without one, none."""
    is_no = MemberConsent.refused_at.is_not(None)
    word = case((is_no, "unsubscribed"), else_=MemberConsent.state)
    of_shop = MemberConsent.shop_id == frame.shop.shop_id
    if len(names) == 1:
        # Their key says it: nothing to be summed up for a million members.
        (name,) = names
        is_asked_for = MemberConsent.channel == _CHANNEL_OF[name]
        found = select(MemberConsent.member_id, word.label(name)).where(of_shop, is_asked_for)
    else:
        words = (
            func.max(word).filter(MemberConsent.channel == channel).label(name)
            for name, channel in _CHANNEL_OF.items()
        )
        found = (
            select(MemberConsent.member_id, *words).where(of_shop).group_by(MemberConsent.member_id)
        )
    joined = found.subquery("consents")
    return Joined(joined, {name: func.coalesce(joined.c[name], "none") for name in names})


_CHANNEL_OF = {"email_consent": "email", "sms_consent": "sms"}


def _of_insight(frame: Frame, names: AbstractSet[str]) -> Joined:
    found = (
        select(
            MemberInsight.member_id,
            MemberInsight.band,
            MemberInsight.ltv_minor.label("predicted_spend"),
            cast(MemberInsight.health, BigInteger).label("health"),
        )
        .where(MemberInsight.shop_id == frame.shop.shop_id)
        .subquery("insight")
    )
    return Joined(
        found,
        {
            "churn_risk": func.coalesce(found.c.band, "not_yet"),
            "predicted_spend": found.c.predicted_spend,
            "health": found.c.health,
        },
    )


def _of_outside(source: Source, frame: Frame, names: AbstractSet[str]) -> Joined:
    reader = outside.find(source)
    if reader is None:
        return Joined(
            None, {name: false() for name, fact in FACTS.items() if fact.source == source}
        )
    found = reader(frame.session, frame.shop.shop_id, None).subquery(source.value)
    return Joined(found, dict(found.c))


COLUMNS: Mapping[Source, Columns] = {
    Source.ENTRIES: _of_entries,
    Source.ACTIONS: _of_actions,
    Source.LOTS: _of_lots,
    Source.COUPONS: _of_coupons,
    Source.CONSENT: _of_consents,
    Source.INSIGHT: _of_insight,
    **{source: partial(_of_outside, source) for source in outside.SOURCES},
}
"""The columns of each of these sources."""
