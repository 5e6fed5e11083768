"""An errand done in Shopify: its code made or its credit paid, or its code taken out of use.

The invariant: what may have been done by a call whose answer was lost is looked up before it is
done again; a credit, which nothing protects, only when the first call can be under way no more.
Never inside a transaction.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import DiscountRefused
from loyalty.base.said import N_
from loyalty.redemption import credit_windows, doubts
from loyalty.redemption.credit_windows import CLOCKS_DIFFER, SETTLED
from loyalty.redemption.doubts import Doubt
from loyalty.redemption.errands import Errand, list_claimed
from shopify_app.platform.discounts import credit
from shopify_app.platform.discounts.credit import CreditInDoubt
from shopify_app.platform.discounts.disabling import delete_code, end_discount
from shopify_app.platform.discounts.finding import find
from shopify_app.platform.discounts.making import find_made, look, make
from shopify_app.platform.discounts.promises import Promise, redemption_tag
from shopify_app.platform.errors import LostAnswer, ShopifyError

_LEFT = timedelta(seconds=20)
"""A credit is asked for only while this much of the lease is left: longer than an answer takes."""

Patience = Mapping[str, Any]


def fulfil(shop_id: int, errand: Errand, patience: Patience, *, is_first: bool) -> str | None:
    """Give what the reserved redemption promises; the gid of the discount or credit.

    None for an imported code, which exists already. `is_first`: Shopify was never asked before.
    Raises CodeTaken, CreditInDoubt, DiscountRefused, ShopifyError.
    """
    if errand.terms.code_source == "stock":
        return None
    if not errand.terms.has_code:
        return _credit(shop_id, errand, patience, is_first=is_first)
    if not is_first:
        done = look(lambda: find_made(shop_id, _promise(errand), **patience))
        if done is not None:
            return done
    _refuse_nobody(errand)
    return make(shop_id, _promise(errand), **patience)


def withdraw(shop_id: int, errand: Errand, patience: Patience) -> None:
    """Take the returning redemption's code out of use; without an error it works no more.

    Raises ShopifyError.
    """
    assert errand.code is not None
    if errand.terms.code_source == "stock":
        delete_code(shop_id, errand.code, **patience)
        return
    gid = errand.discount_gid
    if gid is None:
        found = find(shop_id, errand.code, **patience)
        if found is None or redemption_tag(errand.redemption_id) not in found.tags:
            return
        gid = found.gid
    end_discount(shop_id, gid, errand.code, **patience)


def _promise(errand: Errand) -> Promise:
    assert errand.code is not None
    return Promise(
        tag=redemption_tag(errand.redemption_id),
        code=errand.code,
        terms=errand.terms,
        customer_ids=errand.customer_ids,
        starts_at=errand.reserved_at,
        ends_at=errand.expires_at,
    )


def _refuse_nobody(errand: Errand) -> None:
    if not errand.customer_ids:
        raise DiscountRefused(N_("The member is no customer of the shop in Shopify any more"))


def _credit(shop_id: int, errand: Errand, patience: Patience, *, is_first: bool) -> str:
    """Pay it, unless it was paid or may yet be: then what Shopify shows of it is waited for."""
    if not is_first:
        with shop_transaction(shop_id) as session:
            doubt = doubts.find(session, shop_id, errand.redemption_id)
        # Without a doubt nothing was asked for: what stands on the account is somebody else's.
        done = look(lambda: _find_paid(shop_id, errand, doubt, patience)) if doubt else None
        if done is not None:
            return done
    _refuse_nobody(errand)
    return _pay(shop_id, errand, patience)


def _pay(shop_id: int, errand: Errand, patience: Patience) -> str:
    terms, customer_id = errand.terms, errand.customer_ids[0]
    assert terms.amount_minor is not None
    if errand.leased_until is None or errand.leased_until - utc_now() < _LEFT:
        raise ShopifyError("too late within the lease to pay", retryable=True)
    _note_doubt(shop_id, errand)
    faults.point("redemption_credit_noted", redemption=errand.redemption_id)
    try:
        return credit.pay(shop_id, customer_id, terms.amount_minor, terms.currency, **patience)
    except LostAnswer:
        raise
    except (DiscountRefused, ShopifyError):
        # Answered, or never sent: it was not paid.
        with shop_transaction(shop_id) as session:
            doubts.forget(session, shop_id, errand.redemption_id, now=utc_now())
        raise


def _note_doubt(shop_id: int, errand: Errand) -> None:
    """From now on nobody asks for it, until it is settled whether this call paid it."""
    with shop_transaction(shop_id) as session:
        now = utc_now()
        may_ask = doubts.begin(
            session,
            shop_id,
            errand.redemption_id,
            errand.customer_ids[0],
            settled_before=now - SETTLED,
            now=now,
        )
    if not may_ask:
        raise ShopifyError("somebody else asks for it", retryable=True)


def _find_paid(shop_id: int, errand: Errand, doubt: Doubt, patience: Patience) -> str | None:
    """A credit of this amount from when it may have been asked for, which is no other redemption's.

    None: it was not paid. Raises ShopifyError while it may be on its way, and CreditInDoubt when
    what Shopify shows cannot say.
    """
    is_settled = utc_now() - doubt.asked_at >= SETTLED
    terms, since = errand.terms, errand.reserved_at - CLOCKS_DIFFER
    customer_ids = {*errand.customer_ids, doubt.customer_id}
    seen = [
        credit.read_paid(shop_id, customer_id, terms.currency, since, **patience)
        for customer_id in sorted(customer_ids)
    ]
    ended_at = credit_windows.ends_at(doubt.asked_at)
    credits = [one for each in seen for one in each.credits if one.credited_at <= ended_at]
    paid = [one for one in credits if one.amount_minor == terms.amount_minor]
    with shop_transaction(shop_id) as session:
        claimed = list_claimed(session, shop_id, [one.gid for one in paid])
    free = [one for one in paid if one.gid not in claimed]
    if free:
        # The oldest: no other credit of this member was on its way.
        return min(free, key=lambda one: one.credited_at).gid
    if not is_settled:
        raise ShopifyError("it was asked for, and is not on the account yet", retryable=True)
    if doubt.is_told or not all(each.is_whole for each in seen):
        raise CreditInDoubt("whether the store credit was paid cannot be seen in Shopify")
    return None
