"""The definitions of our metafields in a shop, made once: what they hold, and who may see them."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from shopify_app.platform import client
from shopify_app.platform.errors import UserErrors
from shopify_app.platform.projection.shown import NAMESPACE, TYPES
from shopify_app.platform.projection.tables import ShownDefinitions

_NAMES = {
    "balance": "Loyalty points",
    "tier": "Loyalty tier",
    "card": "Loyalty card link",
}
_FILTERS = ("balance", "tier")
"""By these a merchant can find and segment customers."""
_MADE_ALREADY = {"TAKEN"}


def make(shop_id: int) -> None:
    """Make the definitions, unless that was done since the shop installed us. Commits."""
    with shop_transaction(shop_id) as session:
        made = session.get(ShownDefinitions, shop_id)
        shop = get_shop(session, shop_id)
        if made is not None and made.made_at >= shop.installed_at:
            return
    for key in TYPES:
        _make_one(shop_id, key)
    now = utc_now()
    with shop_transaction(shop_id) as session:
        row = insert(ShownDefinitions).values(shop_id=shop_id, made_at=now)
        session.execute(
            row.on_conflict_do_update(index_elements=["shop_id"], set_={"made_at": now})
        )


def _make_one(shop_id: int, key: str) -> None:
    try:
        client.execute(shop_id, "metafield_definition_create", {"definition": _definition(key)})
    except UserErrors as refusal:
        if not refusal.codes <= _MADE_ALREADY:
            raise


def _definition(key: str) -> dict[str, Any]:
    """Staff see it and cannot change it; the customer sees it in their account."""
    return {
        "name": _NAMES[key],
        "namespace": NAMESPACE,
        "key": key,
        "ownerType": "CUSTOMER",
        "type": TYPES[key],
        "access": {"admin": "MERCHANT_READ", "customerAccount": "READ"},
        "capabilities": {"adminFilterable": {"enabled": key in _FILTERS}},
    }
