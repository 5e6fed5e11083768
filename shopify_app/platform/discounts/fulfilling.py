"""An errand done in Shopify: its code made or its credit paid, or its code taken out of use.

The invariant: what may have been done by a call whose answer was lost is looked up before it is
done again. Never inside a transaction.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import DiscountRefused
from loyalty.redemption.errands import Errand, list_claimed
from shopify_app.platform.discounts import credit
from shopify_app.platform.discounts.disabling import delete_code, end_discount
from shopify_app.platform.discounts.finding import find
from shopify_app.platform.discounts.making import find_made, look, make
from shopify_app.platform.discounts.promises import Promise, redemption_tag
from shopify_app.platform.errors import ShopifyError

_CLOCKS_DIFFER = timedelta(minutes=2)
_LEFT = timedelta(seconds=12)
"""A credit is asked for only while this much of the lease is left: longer than an answer takes."""

Patience = Mapping[str, Any]


def fulfil(shop_id: int, errand: Errand, patience: Patience, *, is_first: bool) -> str | None:
    """Give what the reserved redemption promises; the gid of the discount or credit.

    None for an imported code, which exists already. `is_first`: Shopify was never asked before.
    Raises CodeTaken, DiscountRefused, ShopifyError.
    """
    if errand.terms.code_source == "stock":
        return None
    if not is_first:
        done = look(lambda: _find_done(shop_id, errand, patience))
        if done is not None:
            return done
    if not errand.customer_ids:
        raise DiscountRefused("The member is no customer of the shop in Shopify any more")
    if not errand.terms.has_code:
        return _pay(shop_id, errand, patience)
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


def _find_done(shop_id: int, errand: Errand, patience: Patience) -> str | None:
    if errand.terms.has_code:
        return find_made(shop_id, _promise(errand), **patience)
    return _find_paid(shop_id, errand, patience)


def _pay(shop_id: int, errand: Errand, patience: Patience) -> str:
    terms = errand.terms
    assert terms.amount_minor is not None
    # Beyond the lease somebody else may pay too, and nothing in Shopify would stop the second.
    if errand.leased_until is None or errand.leased_until - utc_now() < _LEFT:
        raise ShopifyError("too late within the lease to pay", retryable=True)
    customer_id = errand.customer_ids[0]
    return credit.pay(shop_id, customer_id, terms.amount_minor, terms.currency, **patience)


def _find_paid(shop_id: int, errand: Errand, patience: Patience) -> str | None:
    """A credit of this amount since the reservation, which is no other redemption's."""
    terms, since = errand.terms, errand.reserved_at - _CLOCKS_DIFFER
    paid = [
        one
        for customer_id in errand.customer_ids
        for one in credit.list_paid(shop_id, customer_id, **patience)
        if (one.amount_minor, one.currency) == (terms.amount_minor, terms.currency)
        and one.credited_at >= since
    ]
    with shop_transaction(shop_id) as session:
        claimed = list_claimed(session, shop_id, [one.gid for one in paid])
    free = [one for one in paid if one.gid not in claimed]
    # The oldest: no other credit of this member was on its way.
    return min(free, key=lambda one: one.credited_at).gid if free else None
