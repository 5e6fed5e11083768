"""Redeeming: points away and promised, then Shopify's call, then issued. A crash between is healed.

The invariant: no transaction is open while Shopify is asked, and points come back only when it is
certain that no code works.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import DiscountRefused
from loyalty.base.said import N_
from loyalty.redemption import doubts, errands, issuing, returning
from loyalty.redemption.errands import Errand, read_errand
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.tables import Redemption
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform.discounts.credit import CreditInDoubt
from shopify_app.platform.discounts.fulfilling import fulfil, withdraw
from shopify_app.platform.discounts.making import CodeTaken
from shopify_app.platform.errors import ShapeError, ShopifyError

log = structlog.get_logger()

Patience = Mapping[str, Any]
Within = Callable[[Session, Shop, Redemption, datetime], None]
AT_ONCE: Patience = {"attempts_max": 1, "answer_s": 5.0, "room_s": 1.0}
"""Somebody waits: what takes longer is left to the sweep."""
IN_THE_SWEEP: Patience = {"attempts_max": 1, "answer_s": 8.0, "room_s": 5.0}


def redeem(
    shop_id: int,
    member_id: UUID,
    wish: Wish,
    *,
    actor: Actor,
    within: Within | None = None,
    patience: Patience = AT_ONCE,
) -> Redemption:
    """Redeem a reward for the member; what comes back is issued, or used if it is store credit.

    Still `reserved`: Shopify did not answer in time, and the code follows within a minute. The
    same wish again is the same redemption. `within` looks at a new one in the transaction that
    takes the points; what it raises undoes them. Raises what `reserve` and `within` raise, and
    DiscountRefused when Shopify will not make it: then the points are back. Commits.
    """
    now = utc_now()
    with shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        redemption = reserve(session, shop, member_id, wish, actor=actor, now=now)
        is_first = redemption.reserved_at == now
        if is_first and within is not None:
            within(session, shop, redemption, now)
        is_waiting = redemption.state == "reserved"
        is_ours = is_first or (
            is_waiting and errands.claim(session, shop_id, redemption.id, now=now)
        )
        errand = read_errand(session, shop_id, redemption.id)
    if not is_ours:
        return _told_again(redemption)
    faults.point("redemption_reserved", redemption=redemption.id)
    return _make(shop_id, errand, patience, is_first=is_first)


def void(
    shop_id: int, redemption_id: UUID, *, reason: str, actor: Actor, patience: Patience = AT_ONCE
) -> Redemption:
    """Take an unused code back: it is disabled, then the points return. Again changes nothing.

    Still `returning`: Shopify did not answer in time, and the points follow within a minute. Raises
    NotReturnable, RedemptionNotFound. Commits.
    """
    with shop_transaction(shop_id) as session:
        now = utc_now()
        redemption = returning.begin(
            session, shop_id, redemption_id, reason=reason, actor=actor, now=now
        )
        errand = read_errand(session, shop_id, redemption_id)
    if redemption.state != "returning":
        return redemption
    faults.point("redemption_returning", redemption=redemption_id)
    return _take_back(shop_id, errand, patience)


def bring_on(shop_id: int, redemption_id: UUID, *, patience: Patience = IN_THE_SWEEP) -> Redemption:
    """Bring a redemption that waits for Shopify a step on. Safe to run twice; commits.

    A refusal of Shopify's ends in points back, a silence in a later try. Raises RedemptionNotFound.
    """
    with shop_transaction(shop_id) as session:
        errand = read_errand(session, shop_id, redemption_id)
    if errand.state == "reserved":
        try:
            return _make(shop_id, errand, patience, is_first=False)
        except DiscountRefused:
            pass  # the points are back, and the member's timeline says why
    elif errand.state == "returning":
        return _take_back(shop_id, errand, patience)
    return _read(shop_id, redemption_id)


def _make(shop_id: int, errand: Errand, patience: Patience, *, is_first: bool) -> Redemption:
    """The call, and the transaction after it."""
    redemption_id = errand.redemption_id
    try:
        gid = _fulfil(shop_id, errand, patience, is_first=is_first)
    except DiscountRefused as refusal:
        return _refuse(shop_id, redemption_id, refusal)
    except CreditInDoubt as doubt:
        return _leave_to_a_person(shop_id, redemption_id, doubt)
    except (ShopifyError, ShapeError) as error:
        if isinstance(error, ShopifyError) and not error.retryable:
            # Answered, and with no: look-ups that fail are always tried again.
            return _refuse(shop_id, redemption_id, _cannot_ask(shop_id, redemption_id, error))
        return _postpone(shop_id, redemption_id, error)
    faults.point("redemption_discount_made", redemption=redemption_id)
    with shop_transaction(shop_id) as session:
        now = utc_now()
        issued = issuing.issue(session, shop_id, redemption_id, discount_gid=gid, now=now)
        if not errand.terms.has_code:
            doubts.forget(session, shop_id, redemption_id, now=now)
    faults.point("redemption_issued", redemption=redemption_id)
    log.info("redemption_issued", shop=shop_id, redemption=str(redemption_id), state=issued.state)
    return issued


def _fulfil(shop_id: int, errand: Errand, patience: Patience, *, is_first: bool) -> str | None:
    """The gid of what was made; another code is tried once when somebody else has ours."""
    try:
        return fulfil(shop_id, errand, patience, is_first=is_first)
    except CodeTaken:
        log.warning("redemption_code_taken", shop=shop_id, redemption=str(errand.redemption_id))
    with shop_transaction(shop_id) as session:
        errands.give_new_code(session, shop_id, errand.redemption_id)
        errand = read_errand(session, shop_id, errand.redemption_id)
    try:
        return fulfil(shop_id, errand, patience, is_first=False)
    except CodeTaken as taken:
        raise ShopifyError("two codes in a row were taken", retryable=True) from taken


def _refuse(shop_id: int, redemption_id: UUID, refusal: DiscountRefused) -> Redemption:
    with shop_transaction(shop_id) as session:
        redemption = issuing.refuse(
            session, shop_id, redemption_id, reason=str(refusal), now=utc_now()
        )
    log.warning(
        "redemption_refused",
        shop=shop_id,
        redemption=str(redemption_id),
        code=refusal.shopify_code,
    )
    if _is_refused(redemption):
        raise refusal
    return redemption


def _leave_to_a_person(shop_id: int, redemption_id: UUID, doubt: CreditInDoubt) -> Redemption:
    log.error("store_credit_in_doubt", shop=shop_id, redemption=str(redemption_id))
    with shop_transaction(shop_id) as session:
        return doubts.leave_to_a_person(
            session, shop_id, redemption_id, error=str(doubt), now=utc_now()
        )


def _cannot_ask(shop_id: int, redemption_id: UUID, error: ShopifyError) -> DiscountRefused:
    log.error(
        "redemption_not_asked_for", shop=shop_id, redemption=str(redemption_id), error=str(error)
    )
    words = N_("Shopify does not let Encore make discounts in this shop: open Encore in Shopify")
    return DiscountRefused(words)


def _take_back(shop_id: int, errand: Errand, patience: Patience) -> Redemption:
    redemption_id = errand.redemption_id
    try:
        withdraw(shop_id, errand, patience)
    except (ShopifyError, ShapeError) as error:
        return _postpone(shop_id, redemption_id, error)
    faults.point("redemption_code_dead", redemption=redemption_id)
    with shop_transaction(shop_id) as session:
        returned = returning.finish(session, shop_id, redemption_id, now=utc_now())
    faults.point("redemption_returned", redemption=redemption_id)
    log.info("redemption_returned", shop=shop_id, redemption=str(redemption_id))
    return returned


def _postpone(shop_id: int, redemption_id: UUID, error: Exception) -> Redemption:
    log.warning(
        "redemption_postponed", shop=shop_id, redemption=str(redemption_id), error=str(error)
    )
    with shop_transaction(shop_id) as session:
        return issuing.postpone(session, shop_id, redemption_id, error=str(error), now=utc_now())


def _told_again(redemption: Redemption) -> Redemption:
    """The same wish again: what became of it; one that Shopify refused is refused again."""
    if _is_refused(redemption):
        raise DiscountRefused(redemption.reason or N_("Shopify did not make this discount"))
    return redemption


def _is_refused(redemption: Redemption) -> bool:
    """Whether Shopify never made it; what was made and taken back since is no refusal."""
    return redemption.state == "returned" and redemption.issued_at is None


def _read(shop_id: int, redemption_id: UUID) -> Redemption:
    with shop_transaction(shop_id) as session:
        return session.get_one(Redemption, (shop_id, redemption_id))
