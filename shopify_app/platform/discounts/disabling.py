"""A code stops working: a discount of its own is ended; of a pool the one code is deleted.

The invariant: what returns without an error has made sure that the code works no more.
"""

import time
from typing import Any

from shopify_app.platform import client
from shopify_app.platform.discounts.finding import Found, find
from shopify_app.platform.errors import ShopifyError, UserErrors

_LOOKS, _BETWEEN_S = 5, 0.3
"""Deleting is asynchronous: so often we look before we leave it to a later try."""


def end_discount(shop_id: int, gid: str, code: str, **patience: Any) -> None:
    """End the discount that has this code alone; one that is gone is ended. Safe to repeat.

    Raises ShopifyError when it may still work.
    """
    try:
        client.execute(shop_id, "discount_code_deactivate", {"id": gid}, **patience)
    except UserErrors as refusal:
        found = find(shop_id, code, **patience)
        if found is not None and found.gid == gid and found.works:
            raise ShopifyError(f"the discount could not be ended: {refusal}") from refusal


def delete_code(shop_id: int, code: str, **patience: Any) -> None:
    """Delete one code and leave its discount's others; one that is gone is deleted.

    Raises ShopifyError while it may still work: try again later.
    """
    found = find(shop_id, code, **patience)
    if found is None or not found.works:
        return
    _ask(shop_id, found, patience)
    for _ in range(_LOOKS):
        found = find(shop_id, code, **patience)
        if found is None or not found.works:
            return
        time.sleep(_BETWEEN_S)
    raise ShopifyError("the code is not deleted yet", retryable=True)


def _ask(shop_id: int, found: Found, patience: dict[str, Any]) -> None:
    if found.code_gid is None:
        raise ShopifyError("the code is not among its discount's codes", retryable=True)
    variables = {"discountId": found.gid, "ids": [found.code_gid]}
    client.execute(shop_id, "redeem_codes_delete", variables, **patience)
