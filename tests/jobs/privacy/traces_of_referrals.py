"""The trace of a shopper who came by Erin's link, and bought."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.earning.saving import add_rule
from loyalty.members.enrolment import record_customer
from loyalty.members.join_requests import Joiner, ask_to_join, end_request
from loyalty.members.tables import Member
from loyalty.referrals.claiming import find_asked, keep_claim, take_claim
from loyalty.referrals.settings import save_settings
from loyalty.referrals.settling import settle_of_friend
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from tests.factories.facts import a_customer
from tests.jobs.privacy.shopper import Shopper

ERIN = ("Erin", "Ericson", "erin@example.net")
"""Who brings the shopper; nobody else in a database says these words."""
_DANA = Actor("staff", "42")


def come_by_a_link(session: Session, who: Shopper) -> None:
    """Erin brings them, before any order; by what they are counted is kept."""
    shop, at = get_shop(session, who.shop_id), utc_now() - timedelta(days=5)
    _offer(session, shop)
    first_name, last_name, email = ERIN
    named = {"first_name": first_name, "last_name": last_name, "email": email}
    erin = record_customer(
        session, shop, a_customer(who.customer_id + 9000, **named), now=at, is_backfill=False
    )
    assert erin.member_id is not None
    joiner = Joiner(who.email, who.first_name, who.last_name, False, b"her address", b"her place")
    request = ask_to_join(session, shop, joiner, terms_url=None, now=at)
    assert request is not None
    keep_claim(session, request, erin.member_id, now=at)
    end_request(request, member_id=who.member_id, now=at)
    session.flush()
    asked = find_asked(session, who.shop_id, request.id)
    assert asked is not None
    take_claim(session, shop, asked, earlier_orders=0, now=at)


def be_paid_for(session: Session, who: Shopper) -> None:
    """The order that they placed decides."""
    shop = get_shop(session, who.shop_id)
    settle_of_friend(session, shop, who.member_id, now=utc_now())


def referral_of(session: Session, who: Shopper) -> Referral:
    """By which they came."""
    return session.scalars(
        select(Referral).where(Referral.shop_id == who.shop_id, Referral.friend_id == who.member_id)
    ).one()


def erin_of(session: Session, who: Shopper) -> Member:
    """Who brought them."""
    return session.get_one(Member, (who.shop_id, referral_of(session, who).advocate_id))


def _offer(session: Session, shop: Shop) -> None:
    """The shop pays both sides."""
    at = utc_now() - timedelta(days=6)
    save_settings(session, shop.shop_id, is_on=True, coupon_id=None, actor=_DANA, now=at)
    rule = {
        "name": "Bring a friend",
        "kind": "referral",
        "gives": "fixed",
        "fixed_points": 200,
        "limits": {"friend_points": 50},
    }
    add_rule(session, shop.shop_id, rule, actor=_DANA, now=at)
