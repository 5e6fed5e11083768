"""What an email tells beyond its event's body, read at the moment before it goes.

The invariant: no code stands in an outbox row, and none is sent that is good for nothing by then.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.coupons.terms import is_over
from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.proofs.challenges import code_of
from loyalty.proofs.challenges import is_over as is_code_over
from loyalty.proofs.tables import EmailChallenge
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms
from loyalty.referrals.tables import Referral
from loyalty.rewards.pricing import least_points
from loyalty.rewards.tables import Reward
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from loyalty.tiers.tables import MemberTier
from mailing import setup
from mailing.campaigns import read_words
from shopify_app.platform.tables import PrivacyRequest

Body = Mapping[str, Any]
Named = TypeVar("Named", Redemption, CouponCode, EmailChallenge, PrivacyRequest, Reward, Referral)
Read = Callable[[Session, Shop, Body, datetime], dict[str, Any] | None]


def read_content(
    session: Session, shop_id: int, kind: str, body: Body, *, now: datetime
) -> dict[str, Any] | None:
    """`body` with what the email of `kind` needs besides; None when there is nothing to tell."""
    read = _CONTENTS.get(kind)
    if read is None:
        return dict(body)
    found = read(session, get_shop(session, shop_id), body, now)
    return None if found is None else {**body, **found}


def _reward(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """A code that waits to be used, or store credit that was given."""
    found = _named(session, Redemption, shop, body.get("redemption_id"))
    if found is None:
        return None
    terms = Terms.from_json(found.terms)
    if found.state != ("issued" if terms.has_code else "used"):
        return None
    return {
        "reward": terms.name,
        "code": found.code if terms.has_code else None,
        "valid_until": _last_day(shop, found.expires_at) if terms.has_code else None,
    }


def _coupon(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    given = _named(session, CouponCode, shop, body.get("coupon_code_id"))
    if given is None or given.state != "ready":
        return None
    coupon = session.get_one(Coupon, (shop.shop_id, given.coupon_id), populate_existing=True)
    if coupon.error is not None or is_over(coupon, day_in(shop.timezone, now)):
        return None
    return {
        "coupon": coupon.name,
        "code": given.code,
        "worth": _worth(coupon, shop),
        "valid_until": coupon.ends_on.isoformat() if coupon.ends_on else None,
    }


def _worth(coupon: Coupon, shop: Shop) -> dict[str, Any]:
    """What it is worth, for each language to say in its own words."""
    return {
        "kind": coupon.kind,
        "amount_minor": coupon.amount_minor,
        "percentage": None if coupon.percentage is None else str(coupon.percentage),
        "minimum_minor": coupon.minimum_cart_minor,
        "currency": shop.currency,
    }


def _named(session: Session, model: type[Named], shop: Shop, row_id: object) -> Named | None:
    """The shop's row of this id as it stands now; None when the event's body was emptied."""
    if not row_id:
        return None
    return session.get(model, (shop.shop_id, UUID(str(row_id))), populate_existing=True)


def _proof(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """The code that was asked for, as it is for the address of now."""
    challenge = _named(session, EmailChallenge, shop, body.get("challenge_id"))
    if challenge is None or challenge.proved_at is not None or is_code_over(challenge, now):
        return None
    member = session.get_one(Member, (shop.shop_id, challenge.member_id))
    key = setup.current().key
    return {"code": code_of(key, shop.shop_id, challenge.id, member.email_norm)}


def _erasure(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """The day of a deletion that was not taken back."""
    request = _named(session, PrivacyRequest, shop, body.get("request_id"))
    if request is None or request.state != "open":
        return None
    return {"erases_on": day_in(shop.timezone, request.next_at).isoformat()}


def _tier(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """The tier that they still stand in: a later move has an email of its own."""
    if "tier_id" not in body:
        return None
    member_id = UUID(str(body["member_id"]))
    standing = session.get(MemberTier, (shop.shop_id, member_id), populate_existing=True)
    now_in = standing.tier_id if standing else None
    asked = UUID(body["tier_id"]) if body["tier_id"] else None
    return {} if now_in == asked and get_programme(session, shop.shop_id).tiers_on else None


def _reach(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """A reward that can still be had, by who still has the points."""
    reward = _named(session, Reward, shop, body.get("reward_id"))
    if reward is None or not reward.is_active:
        return None
    key = (shop.shop_id, UUID(str(body["member_id"])))
    balance = session.get(MemberBalance, key, populate_existing=True)
    cost = least_points(reward)
    if balance is None or balance.available < cost:
        return None
    return {"reward": reward.name, "cost": cost}


def _referral(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """What was paid for a friend, unless it was taken back by now."""
    referral = _named(session, Referral, shop, body.get("referral_id"))
    return {} if referral is not None and referral.state == "paid" else None


def _data(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    request = _named(session, PrivacyRequest, shop, body.get("request_id"))
    if request is None or request.done_at is None:
        return None
    return {"gathered_on": day_in(shop.timezone, request.done_at).isoformat()}


def _own_words(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """Words that were written for this one email; none are left of an event that was emptied."""
    return {} if body.get("subject") and body.get("text") else None


def _points(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """How many there are stands in the event, unless it was emptied."""
    return {} if "points" in body else None


def _granted(session: Session, shop: Shop, body: Body, now: datetime) -> dict[str, Any] | None:
    """Points that were given to many, unless they are taken back by now."""
    if not body.get("grant_id"):
        return _points(session, shop, body, now)
    key = (shop.shop_id, UUID(str(body["grant_id"])))
    grant = session.get(GroupGrant, key, populate_existing=True)
    if grant is None or grant.state in ("undoing", "undone"):
        return None
    theirs = (*key, UUID(str(body["member_id"])))
    row = session.get(GroupGrantMember, theirs, populate_existing=True)
    return {} if row is not None and row.state == "given" else None


def _last_day(shop: Shop, expires_at: datetime | None) -> str | None:
    """The last of the shop's days on which it can be used."""
    if expires_at is None:
        return None
    return day_in(shop.timezone, expires_at - timedelta(seconds=1)).isoformat()


_CONTENTS: dict[str, Read] = {
    "reward": _reward,
    "coupon": _coupon,
    "proof": _proof,
    "erasure": _erasure,
    "tier": _tier,
    "reward_in_reach": _reach,
    "referral": _referral,
    "data_request": _data,
    "one_off": _own_words,
    "granted": _granted,
    "adjustment": _points,
    "birthday": _points,
    "expiry_warning": _points,
    "campaign": read_words,
}
