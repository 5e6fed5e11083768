"""Products and collections read from Shopify: all of them at install, single ones when told.

A product that has come may free orders that waited for it: they are settled at once.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import LoyaltyError
from loyalty.catalogue import mirror
from loyalty.catalogue.facts import CollectionFacts, ProductFacts
from loyalty.earning.waiting import settle_waiting
from loyalty.shops import directory
from loyalty.shops.tables import Shop
from shopify_app.platform.backfill.paging import pages, whole
from shopify_app.platform.errors import ShapeError
from shopify_app.platform.payloads.reading import identifier, moment, objects_at, text_or_none

log = structlog.get_logger()

Node = dict[str, Any]
_SETTLED_MAX = 200


def store_products(session: Session, shop: Shop, batch: Sequence[tuple[Node, list[Node]]]) -> int:
    """Store products of a bulk result with their collections; how many were left out."""
    read: list[ProductFacts] = []
    for node, collections in batch:
        try:
            read.append(_product(node, collections))
        except (ShapeError, LoyaltyError) as error:
            log.error("backfill_row_unreadable", shop=shop.shop_id, reason=str(error))
    mirror.record_products(session, shop.shop_id, read, read_at=utc_now())
    settle_waiting(session, shop, now=utc_now(), limit=_SETTLED_MAX)
    return len(batch) - len(read)


def read_collections(shop_id: int) -> None:
    """Read all collections; what is in them comes with the products."""
    nodes = list(pages(shop_id, "collections", "collections", {}))
    with shop_transaction(shop_id) as session:
        for node in nodes:
            mirror.record_collection(session, shop_id, _collection(node))


def read_product(shop_id: int, product_id: int) -> None:
    """Read one product with its collections."""
    asked_at = utc_now()
    variables = {"id": f"gid://shopify/Product/{product_id}"}
    node = whole(shop_id, "product_by_id", "product", "collections", variables)
    with shop_transaction(shop_id) as session:
        if node is None:  # Deleted since.
            mirror.delete_product(session, shop_id, product_id, now=asked_at)
        else:
            facts = _product(node, objects_at(node, "collections"))
            mirror.record_products(session, shop_id, [facts], read_at=asked_at)
        shop = directory.get_shop(session, shop_id)
        settle_waiting(session, shop, now=utc_now(), limit=_SETTLED_MAX)


def read_collection(shop_id: int, collection_id: int) -> None:
    """Read one collection with its products."""
    asked_at = utc_now()
    variables = {"id": f"gid://shopify/Collection/{collection_id}"}
    node = whole(shop_id, "collection_by_id", "collection", "products", variables)
    with shop_transaction(shop_id) as session:
        if node is None:
            mirror.delete_collection(session, shop_id, collection_id, now=asked_at)
            return
        mirror.record_collection(session, shop_id, _collection(node))
        product_ids = {identifier(one.get("id"), "product") for one in objects_at(node, "products")}
        mirror.set_products(session, shop_id, collection_id, product_ids, read_at=asked_at)


def _product(node: Node, collections: Sequence[Node]) -> ProductFacts:
    tags = node.get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ShapeError("product.tags is no list of texts")
    return ProductFacts(
        product_id=identifier(node.get("id"), "product.id"),
        title=text_or_none(node, "title") or "",
        tags=frozenset(tags),
        digest=None,
        updated_at=moment(node, "updatedAt"),
        collections=frozenset(identifier(one.get("id"), "collection") for one in collections),
    )


def _collection(node: Node) -> CollectionFacts:
    return CollectionFacts(
        collection_id=identifier(node.get("id"), "collection.id"),
        title=text_or_none(node, "title") or "",
        updated_at=moment(node, "updatedAt"),
    )
