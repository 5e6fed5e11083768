"""Products and collections arrive by webhook, re-read and back-fill."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from config import Settings
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.catalogue.tables import Collection, ProductCollection
from loyalty.earning.model import Product
from loyalty.earning.rulebook import read_products
from shopify_app.platform import backfill_runs, inbox, installations
from shopify_app.platform.backfill import steps
from shopify_app.platform.payloads.catalogue import read_product
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun
from tests.platform.deliveries import deliver, inbox_rows
from tests.platform.shopify import Shopify


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed a moment ago, its history not to be read."""
    found = installations.ensure_installed(verify(shopify.id_token(), connected))
    with db.shop_transaction(found) as session:
        backfill_runs.cancel(session, found, reason="not here", now=utc_now())
    return found


def known(shop_id: int, product_id: int) -> Product | None:
    with db.shop_transaction(shop_id) as session:
        return read_products(session, shop_id, [product_id]).get(product_id)


def run_rereads(shop_id: int) -> None:
    with db.shop_transaction(shop_id) as session:
        backfill_runs.resume(session, shop_id, now=utc_now())
    while (wait_s := steps.take_step(shop_id)) is not None and wait_s < 1:
        pass


def subjects(shop_id: int) -> list[str]:
    with db.shop_transaction(shop_id) as session:
        statement = select(BackfillRun.subject).where(
            BackfillRun.shop_id == shop_id, BackfillRun.generation == backfill_runs.REREADS
        )
        return sorted(session.scalars(statement))


def tell(client: FlaskClient, shop_id: int, payload: dict[str, Any], topic: str) -> None:
    deliver(client, payload, topic)
    inbox.drain(shop_id)
    assert inbox_rows(shop_id)[-1].state == "done", inbox_rows(shop_id)[-1].error


def test_a_new_product_is_read_with_its_collections(
    shopify: Shopify, client: FlaskClient, shop_id: int
) -> None:
    made = shopify.tell("products", title="Lamp", tags=["Sale"])
    group = shopify.tell("collections", title="Light", product_ids=[made["id"]])

    tell(client, shop_id, made, "products/create")
    assert known(shop_id, made["id"]) is None
    run_rereads(shop_id)

    assert known(shop_id, made["id"]) == Product(
        made["id"], frozenset({group["id"]}), frozenset({"sale"})
    )


def test_a_product_that_was_only_sold_is_not_read_again(
    shopify: Shopify, client: FlaskClient, shop_id: int
) -> None:
    made = shopify.tell("products", title="Lamp")
    tell(client, shop_id, made, "products/create")
    run_rereads(shop_id)

    variant = made["variants"][0] | {"inventory_quantity": 49}
    tell(client, shop_id, made | {"variants": [variant]}, "products/update")

    assert subjects(shop_id) == []


def test_what_a_collection_asks_of_a_product_changes_its_digest(shopify: Shopify) -> None:
    made = shopify.tell("products", title="Lamp", tags=["Sale"], price="9.00")
    variant = made["variants"][0]
    same = {"body_html": "Bright", "variants": [variant | {"inventory_quantity": 1}]}
    others: list[dict[str, Any]] = [
        {"tags": ""},
        {"title": "Torch"},
        {"vendor": "Other"},
        {"product_type": "Light"},
        {"status": "draft"},
        {"variants": [variant | {"price": "8.00"}]},
        {"variants": [variant | {"inventory_quantity": 0}]},
    ]

    digest = read_product(made).digest

    assert read_product(made | same).digest == digest
    assert all(read_product(made | other).digest != digest for other in others)


def test_a_collection_that_changed_is_read_with_its_products(
    shopify: Shopify, client: FlaskClient, shop_id: int
) -> None:
    made = shopify.tell("products", title="Lamp")
    tell(client, shop_id, made, "products/create")
    run_rereads(shop_id)
    group = shopify.tell("collections", title="Light", product_ids=[])
    tell(client, shop_id, group, "collections/create")
    changed = shopify.tell(f"collections/{group['id']}/update", add=[made["id"]])

    tell(client, shop_id, changed, "collections/update")
    run_rereads(shop_id)

    product = known(shop_id, made["id"])
    assert product and product.collections == {group["id"]}


def test_what_is_gone_when_it_is_read_is_known_to_be_gone(
    client: FlaskClient, shop_id: int
) -> None:
    with db.shop_transaction(shop_id) as session:
        backfill_runs.ask_for_product(session, shop_id, 4711, now=utc_now())
        backfill_runs.ask_for_collection(session, shop_id, 4712, now=utc_now())

    run_rereads(shop_id)

    with db.shop_transaction(shop_id) as session:
        collection = session.get_one(Collection, (shop_id, 4712))
    assert known(shop_id, 4711) == Product(4711, frozenset(), frozenset())
    assert collection.deleted_at is not None


def test_deletions_are_kept_whatever_comes_late(
    shopify: Shopify, client: FlaskClient, shop_id: int
) -> None:
    made = shopify.tell("products", title="Lamp", tags=["Sale"])
    group = shopify.tell("collections", title="Light", product_ids=[made["id"]])
    tell(client, shop_id, {"id": made["id"]}, "products/delete")
    tell(client, shop_id, {"id": group["id"]}, "collections/delete")

    tell(client, shop_id, made, "products/create")
    deliver(client, group, "collections/create")
    inbox.drain(shop_id)

    assert inbox_rows(shop_id)[-1].state == "ignored"
    assert subjects(shop_id) == []


def test_a_payload_without_an_id_is_parked(client: FlaskClient, shop_id: int) -> None:
    for topic in ("products/update", "products/delete", "collections/update"):
        deliver(client, {"title": "Lamp", "updated_at": utc_now().isoformat()}, topic)
    inbox.drain(shop_id)

    assert {row.state for row in inbox_rows(shop_id)} == {"parked"}


def test_the_history_brings_all_products_with_their_collections(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))

    ends_at = utc_now() + timedelta(seconds=90)
    while steps.take_step(shop_id) is not None:
        assert utc_now() < ends_at

    counts = shopify.state()["counts"]
    with db.shop_transaction(shop_id) as session:
        collections = session.scalars(select(Collection).where(Collection.shop_id == shop_id)).all()
        pairs = session.scalars(select(ProductCollection.product_id)).all()
        products = read_products(session, shop_id, pairs)
    assert len(collections) == counts["Collection"]
    assert all(product.collections for product in products.values())
    assert sum("packs" in product.tags for product in products.values()) == 3
