"""Takes the claim of a member's friend once they are a customer: Shopify says if they have bought.

The invariant: Shopify is asked outside every transaction, and again after every crash.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Customer
from loyalty.referrals import reviewing
from loyalty.referrals.claiming import Asked, find_asked, take_claim
from loyalty.referrals.likeness import traits_of
from loyalty.referrals.namesakes import find_namesakes
from loyalty.referrals.settings import read_settings
from loyalty.referrals.tables import Referral
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, customers


def take(shop_id: int, request_id: UUID) -> None:
    """Take the claim that came with a form which was carried out; twice is as once.

    Raises ShopifyError and MemberHasMoved, to be tried again.
    """
    with shop_transaction(shop_id) as session:
        asked = find_asked(session, shop_id, request_id)
        if asked is None:
            return
        customer_ids = _customers_of(session, shop_id, asked)
    earlier_orders = sum(
        customers.count_orders_before(shop_id, each, asked.claimed_at) for each in customer_ids
    )
    with shop_transaction(shop_id) as session:
        now, shop = utc_now(), get_shop(session, shop_id)
        referral = take_claim(session, shop, asked, earlier_orders=earlier_orders, now=now)
        _have_coupon_made(session, referral, now)


def approve(shop_id: int, referral_id: UUID, *, actor: Actor) -> Referral:
    """Let a flagged claim go on, and have the friend's coupon made after the commit.

    Raises ReferralNotFound, NotFlagged.
    """
    with shop_transaction(shop_id) as session:
        shop, now = get_shop(session, shop_id), utc_now()
        referral = reviewing.approve(session, shop, referral_id, actor=actor, now=now)
        _have_coupon_made(session, referral, now)
        return referral


def _have_coupon_made(session: Session, referral: Referral, now: datetime) -> None:
    coupon_id = read_settings(session, referral.shop_id).coupon_id
    if referral.state == "waiting" and coupon_id is not None:
        backfill_runs.ask_for_coupon(session, referral.shop_id, coupon_id, now=now)


def _customers_of(session: Session, shop_id: int, asked: Asked) -> list[int]:
    """The friend's customers in Shopify, and whoever else there has an address of theirs."""
    friend = traits_of(session, shop_id, asked.friend_id)
    statement = select(Customer.customer_id).where(
        Customer.shop_id == shop_id,
        Customer.customer_id.in_(find_namesakes(session, shop_id, friend).customer_ids),
        Customer.deleted_at.is_(None),
    )
    return sorted(session.scalars(statement))
