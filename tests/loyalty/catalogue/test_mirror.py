"""The mirror of products: the newest word stands, whatever comes late or twice."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.catalogue import mirror
from loyalty.catalogue.facts import CollectionFacts, ProductFacts
from loyalty.catalogue.tables import Collection
from loyalty.earning.model import Product
from loyalty.earning.rulebook import read_products
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

LATER = NOON + timedelta(hours=1)


def facts(product_id: int = 9001, at: datetime = NOON, **changes: Any) -> ProductFacts:
    told: dict[str, Any] = {
        "title": "Candle",
        "tags": frozenset({"Sale"}),
        "digest": b"one",
        "updated_at": at,
    }
    return ProductFacts(product_id, **(told | changes))


def record(session: Session, shop: Shop, *told: ProductFacts, at: datetime = NOON) -> set[int]:
    return mirror.record_products(session, shop.shop_id, told, read_at=at)


def known(session: Session, shop: Shop, product_id: int = 9001) -> Product | None:
    return read_products(session, shop.shop_id, [product_id]).get(product_id)


def test_a_product_is_unknown_until_its_collections_were_read(
    session: Session, aurora: Shop
) -> None:
    assert record(session, aurora, facts()) == {9001}
    assert known(session, aurora) is None

    mirror.set_collections(session, aurora.shop_id, {9001: {31}}, read_at=NOON)

    assert known(session, aurora) == Product(9001, frozenset({31}), frozenset({"sale"}))


def test_a_product_is_read_again_only_when_it_may_have_moved(
    session: Session, aurora: Shop
) -> None:
    record(session, aurora, facts())
    mirror.set_collections(session, aurora.shop_id, {9001: {31}}, read_at=NOON)

    assert record(session, aurora, facts(at=LATER)) == set()
    assert record(session, aurora, facts(at=LATER, digest=b"two")) == {9001}


def test_older_news_of_a_product_change_nothing(session: Session, aurora: Shop) -> None:
    record(session, aurora, facts(at=LATER, collections=frozenset({31}), digest=None))

    asked = record(session, aurora, facts(at=NOON, tags=frozenset({"Old"})))

    product = known(session, aurora)
    assert (asked, product and product.tags) == (set(), frozenset({"sale"}))


def test_of_two_readings_of_a_product_the_later_stands(session: Session, aurora: Shop) -> None:
    record(session, aurora, facts())
    mirror.set_collections(session, aurora.shop_id, {9001: {31}}, read_at=LATER)

    mirror.set_collections(session, aurora.shop_id, {9001: {32}}, read_at=NOON)

    product = known(session, aurora)
    assert product and product.collections == {31}


def test_a_reading_of_a_collection_moves_no_product_that_was_read_since(
    session: Session, aurora: Shop
) -> None:
    for product_id, collections in ((9001, {31}), (9002, {31}), (9003, set[int]())):
        record(session, aurora, facts(product_id))
        mirror.set_collections(session, aurora.shop_id, {product_id: collections}, read_at=NOON)
    mirror.record_collection(session, aurora.shop_id, CollectionFacts(31, "Light", NOON))
    mirror.set_collections(
        session, aurora.shop_id, {9001: {31}}, read_at=LATER + timedelta(minutes=1)
    )

    mirror.set_products(session, aurora.shop_id, 31, {9003}, read_at=LATER)

    # 9001 was read after the collection was asked, 9002 and 9003 before.
    found = read_products(session, aurora.shop_id, [9001, 9002, 9003])
    assert {one: sorted(product.collections) for one, product in found.items()} == {
        9001: [31],
        9002: [],
        9003: [31],
    }


def test_a_deleted_product_keeps_what_it_was_and_stays_deleted(
    session: Session, aurora: Shop
) -> None:
    record(session, aurora, facts(collections=frozenset({31})))
    mirror.delete_product(session, aurora.shop_id, 9001, now=LATER)

    record(session, aurora, facts(at=LATER, tags=frozenset({"New"})))

    assert known(session, aurora) == Product(9001, frozenset({31}), frozenset({"sale"}))


def test_a_product_deleted_before_we_heard_of_it_is_known_to_be_nothing(
    session: Session, aurora: Shop
) -> None:
    mirror.delete_product(session, aurora.shop_id, 9001, now=NOON)

    record(session, aurora, facts(at=LATER))

    assert known(session, aurora) == Product(9001, frozenset(), frozenset())


def test_a_deleted_collection_holds_nothing_and_cannot_come_up_late(
    session: Session, aurora: Shop
) -> None:
    record(session, aurora, facts(collections=frozenset({31})))
    mirror.delete_collection(session, aurora.shop_id, 31, now=NOON)

    stored = mirror.record_collection(session, aurora.shop_id, CollectionFacts(31, "Light", LATER))
    mirror.set_products(session, aurora.shop_id, 31, {9001}, read_at=LATER)

    product = known(session, aurora)
    collection = session.get_one(Collection, (aurora.shop_id, 31))
    assert (stored, product and product.collections) == (False, frozenset())
    assert collection.deleted_at == NOON


def test_tags_are_compared_without_case(session: Session, aurora: Shop) -> None:
    record(
        session, aurora, facts(tags=frozenset({"SALE", " Sale ", "New"}), collections=frozenset())
    )

    product = known(session, aurora)
    assert product and product.tags == {"sale", "new"}
