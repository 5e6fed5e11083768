"""Coupons in Shopify: one discount for each, to which the codes of its members are added in bulk.

The invariant: a step may die anywhere and be taken again; a code is a member's to use only once
Shopify says that it has it. Never inside a transaction.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import DiscountRefused
from loyalty.coupons import giving
from loyalty.coupons.assigning import Handed, assign
from loyalty.coupons.codes import choose_codes
from loyalty.coupons.saving import add_coupon, get_coupon, lock_coupon, refuse_coupon
from loyalty.coupons.tables import Coupon
from loyalty.redemption.terms import Terms
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs, coupon_states
from shopify_app.platform.discounts.making import TAKEN, CodeTaken
from shopify_app.platform.discounts.pools import (
    CodesRefused,
    PoolTerms,
    add_codes,
    has_code,
    make_pool,
    poll_codes,
)
from shopify_app.platform.errors import ShopifyError

log = structlog.get_logger()

STEP_S = 25.0
"""How long one turn works, so that it ends within its run's lease."""
_WAIT_FIRST_S, _WAIT_MAX_S = 0.25, 4.0
_WAITS = timedelta(seconds=15)
"""How long an addition that outlasts a turn is left alone before it is asked about again."""


def open_coupon(shop_id: int, given: Mapping[str, Any], *, actor: Actor) -> Coupon:
    """Add a coupon and make its discount; without an answer of Shopify it is made a little later.

    Raises BadCoupon with the field at fault, and DiscountRefused with Shopify's reason: then the
    coupon is there, but handed out to nobody. Commits.
    """
    now = utc_now()
    with shop_transaction(shop_id) as session:
        coupon = add_coupon(session, get_shop(session, shop_id), given, actor=actor, now=now)
        if coupon.code_source == "imported":
            return coupon
        backfill_runs.ask_for_coupon(session, shop_id, coupon.id, now=now)
    try:
        make_codes(shop_id, coupon.id)
    except ShopifyError as error:
        log.info("coupon_waits_for_shopify", shop=shop_id, reason=str(error))
    with shop_transaction(shop_id) as session:
        coupon = get_coupon(session, shop_id, coupon.id)
    if coupon.error is not None:
        raise DiscountRefused(coupon.error)
    return coupon


def hand_out(
    shop_id: int,
    coupon_id: UUID,
    member_ids: Sequence[UUID],
    *,
    batch_id: UUID,
    sends_email: bool,
    actor: Actor,
) -> Handed:
    """Assign the coupon in a transaction of its own, and have its codes made after the commit.

    As `loyalty.coupons.assigning.assign`, and with its refusals.
    """
    now = utc_now()
    with shop_transaction(shop_id) as session:
        handed = assign(
            session,
            get_shop(session, shop_id),
            coupon_id,
            member_ids,
            batch_id=batch_id,
            sends_email=sends_email,
            actor=actor,
            now=now,
        )
        if any(code.state == "making" for code in handed.given.values()):
            backfill_runs.ask_for_coupon(session, shop_id, coupon_id, now=now)
    return handed


def ask_waiting(shop_id: int, *, now: datetime) -> int:
    """Have everything made that still waits for Shopify, and that nothing works on; how many."""
    with shop_transaction(shop_id) as session:
        waiting = giving.list_unmade(session, shop_id)
        for coupon_id in waiting:
            backfill_runs.ask_for_coupon(session, shop_id, coupon_id, now=now, again=False)
    return len(waiting)


def make_codes(shop_id: int, coupon_id: UUID) -> None:
    """Make the coupon's discount unless it is there, and the codes that its members wait for.

    What is left when the turn is over is asked for anew. A discount that Shopify refuses, or has
    no more, ends the coupon, with the reason; codes that it refuses are given up, and the others
    stay good. Raises ShopifyError, to be tried again.
    """
    ends_at = time.monotonic() + STEP_S
    wait_s, outcome = _WAIT_FIRST_S, "more"
    try:
        while time.monotonic() < ends_at:
            outcome = _take_step(shop_id, coupon_id)
            if outcome == "done":
                return
            wait_s = min(wait_s * 1.5, _WAIT_MAX_S) if outcome == "wait" else _WAIT_FIRST_S
            if outcome == "wait":
                time.sleep(wait_s)
    except DiscountRefused as refusal:
        with shop_transaction(shop_id) as session:
            refuse_coupon(session, shop_id, coupon_id, str(refusal))
        log.warning("coupon_refused", shop=shop_id, coupon=str(coupon_id))
        return
    with shop_transaction(shop_id) as session:
        due_at = utc_now() + (_WAITS if outcome == "wait" else timedelta(0))
        backfill_runs.ask_for_coupon(session, shop_id, coupon_id, now=due_at)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done next for a coupon, as it was committed."""

    gid: str | None
    pool: PoolTerms
    codes: list[str]
    adding_gid: str | None


def _take_step(shop_id: int, coupon_id: UUID) -> str:
    """Do the next thing; more, wait (for Shopify) or done."""
    work = _read(shop_id, coupon_id)
    if work is None:
        return "done"
    if work.gid is None:
        _make_discount(shop_id, coupon_id, work.pool)
        return "more"
    if work.codes:
        try:
            adding_gid = add_codes(shop_id, work.gid, work.codes)
        except CodesRefused as refusal:
            return _take_refusal(shop_id, coupon_id, work.gid, work.codes, refusal)
        faults.point("coupon_codes_asked", shop=shop_id, coupon=coupon_id)
        with shop_transaction(shop_id) as session:
            coupon = lock_coupon(session, shop_id, coupon_id)
            giving.note_adding(session, coupon, work.codes, adding_gid)
        return "more"
    if work.adding_gid is not None:
        return _follow(shop_id, coupon_id, work.gid, work.adding_gid)
    return "done"


def _read(shop_id: int, coupon_id: UUID) -> _Work | None:
    with shop_transaction(shop_id) as session:
        coupon = get_coupon(session, shop_id, coupon_id)
        codes = giving.list_making(session, shop_id, coupon_id)
        adding_gid = giving.find_adding(session, shop_id, coupon_id)
        is_wanted = coupon.is_active or codes or adding_gid
        if coupon.code_source != "made" or coupon.error is not None or not is_wanted:
            return None
        pool = _pool_of(coupon, get_shop(session, shop_id))
        return _Work(coupon.discount_gid, pool, codes, adding_gid)


def _make_discount(shop_id: int, coupon_id: UUID, pool: PoolTerms) -> None:
    try:
        gid = make_pool(shop_id, pool)
    except CodeTaken:
        with shop_transaction(shop_id) as session:
            _choose_anchor(session, lock_coupon(session, shop_id, coupon_id))
        return
    faults.point("coupon_discount_made", shop=shop_id, coupon=coupon_id)
    with shop_transaction(shop_id) as session:
        lock_coupon(session, shop_id, coupon_id).discount_gid = gid


def _choose_anchor(session: Session, coupon: Coupon) -> None:
    (coupon.anchor_code,) = choose_codes(session, coupon.shop_id, coupon.prefix, 1)


def _take_refusal(
    shop_id: int, coupon_id: UUID, gid: str, codes: Sequence[str], refusal: CodesRefused
) -> str:
    """Shopify added none of these codes: because of some of them, or because of its discount."""
    reason = coupon_states.why_over(shop_id, gid)
    if reason is not None:
        coupon_states.end(shop_id, coupon_id, gid, reason, now=utc_now())
        return "done"
    taken = {code for code, error in refusal.by_code.items() if error in TAKEN}
    present = {code for code in taken if has_code(shop_id, gid, code)}
    unwanted = refusal.by_code.keys() - taken if refusal.by_code else codes
    with shop_transaction(shop_id) as session:
        giving.note_refused(
            session,
            lock_coupon(session, shop_id, coupon_id),
            present=present,
            foreign=taken - present,
            refused=dict.fromkeys(unwanted, str(refusal)),
            now=utc_now(),
        )
    log.warning("coupon_codes_refused", shop=shop_id, coupon=str(coupon_id), codes=len(unwanted))
    return "more"


def _follow(shop_id: int, coupon_id: UUID, gid: str, adding_gid: str) -> str:
    adding = poll_codes(shop_id, gid, adding_gid)
    if adding is None:
        with shop_transaction(shop_id) as session:
            giving.forget_adding(session, lock_coupon(session, shop_id, coupon_id), adding_gid)
        log.warning("coupon_addition_unknown", shop=shop_id, coupon=str(coupon_id))
        return "wait"
    if not adding.is_done:
        return "wait"
    with shop_transaction(shop_id) as session:
        coupon = lock_coupon(session, shop_id, coupon_id)
        giving.note_added(
            session,
            coupon,
            adding_gid,
            foreign=adding.foreign,
            failed=adding.failed,
            refused=adding.unwanted,
            now=utc_now(),
        )
    if adding.unwanted:
        log.warning(
            "coupon_codes_refused",
            shop=shop_id,
            coupon=str(coupon_id),
            codes=len(adding.unwanted),
        )
    if adding.failed:
        raise ShopifyError("Shopify has not made all codes of a coupon", retryable=True)
    return "more"


def _pool_of(coupon: Coupon, shop: Shop) -> PoolTerms:
    """What the coupon's discount is made of: its days begin and end at the shop's midnight."""
    assert coupon.anchor_code is not None
    zone = ZoneInfo(shop.timezone)
    begins = [coupon.created_at]
    if coupon.starts_on is not None:
        begins.append(datetime.combine(coupon.starts_on, datetime.min.time(), zone))
    ends_at = None
    if coupon.ends_on is not None:
        after = coupon.ends_on + timedelta(days=1)
        ends_at = datetime.combine(after, datetime.min.time(), zone)
    terms = Terms(
        kind=coupon.kind,
        name=coupon.name,
        currency=shop.currency,
        code_source="made",
        validity_days=1,
        amount_minor=coupon.amount_minor,
        percentage=coupon.percentage,
        minimum_cart_minor=coupon.minimum_cart_minor,
        combines_with=frozenset(name for name, may in coupon.combines_with.items() if may),
    )
    return PoolTerms(
        tag=f"encore-coupon-{coupon.id}",
        first_code=coupon.anchor_code,
        terms=terms,
        starts_at=max(begins),
        ends_at=ends_at,
    )
