"""Keeps the mirror in step: the newest word on a product stands, and the last reading of what is
in which. The invariant: a product counts as known only once its collections were read.
"""

from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.catalogue.facts import CollectionFacts, ProductFacts
from loyalty.catalogue.tables import Collection, Product, ProductCollection
from loyalty.earning.conditions import tag_key


def record_products(
    session: Session, shop_id: int, told: Sequence[ProductFacts], *, read_at: datetime
) -> set[int]:
    """Store products unless we know newer; those whose collections must be read again.

    `read_at`: when Shopify was asked, for those that name their collections. Flushes.
    """
    newest = {facts.product_id: facts for facts in sorted(told, key=lambda f: f.updated_at)}
    if not newest:
        return set()
    before = _lock_read(session, shop_id, newest)
    stored = _store(session, shop_id, [newest[one] for one in sorted(newest)])
    told_whole = {
        one: facts.collections for one, facts in newest.items() if facts.collections is not None
    }
    set_collections(session, shop_id, told_whole, read_at=read_at)
    return {
        product_id
        for product_id in stored - told_whole.keys()
        if before.get(product_id) != newest[product_id].digest
    }


def delete_product(session: Session, shop_id: int, product_id: int, *, now: datetime) -> None:
    """Remember that it is gone; what was sold of it keeps its tags and collections.

    One that we never saw cannot come up late, and is known to have neither.
    """
    gone = insert(Product).values(
        shop_id=shop_id,
        product_id=product_id,
        title="",
        tags=[],
        collections_read_at=now,
        deleted_at=now,
    )
    session.execute(
        gone.on_conflict_do_update(
            index_elements=["shop_id", "product_id"],
            set_={
                "deleted_at": func.coalesce(Product.deleted_at, now),
                "collections_read_at": func.coalesce(Product.collections_read_at, now),
            },
        )
    )


def set_collections(
    session: Session, shop_id: int, told: Mapping[int, Many[int]], *, read_at: datetime
) -> None:
    """Each product is in these collections and no others, as read at `read_at`.

    What was read later is known better. Three statements, however many products there are.
    """
    if not told:
        return
    outdated = session.scalars(
        update(Product)
        .where(
            Product.shop_id == shop_id,
            Product.product_id.in_(sorted(told)),
            or_(Product.collections_read_at.is_(None), Product.collections_read_at <= read_at),
        )
        .values(collections_read_at=read_at)
        .returning(Product.product_id)
        .execution_options(synchronize_session=False)
    ).all()
    pairs = [(product_id, one) for product_id in outdated for one in told[product_id]]
    place = tuple_(ProductCollection.product_id, ProductCollection.collection_id)
    session.execute(
        delete(ProductCollection).where(
            ProductCollection.shop_id == shop_id,
            ProductCollection.product_id.in_(outdated),
            place.not_in(sorted(pairs)),
        )
    )
    _join(session, shop_id, pairs)


def record_collection(session: Session, shop_id: int, facts: CollectionFacts) -> bool:
    """Store the collection unless we know newer, or know that it is gone; whether it was stored."""
    news = insert(Collection).values(
        shop_id=shop_id,
        collection_id=facts.collection_id,
        title=facts.title,
        shopify_updated_at=facts.updated_at,
    )
    theirs = news.excluded
    stored = news.on_conflict_do_update(
        index_elements=["shop_id", "collection_id"],
        set_={"title": theirs.title, "shopify_updated_at": theirs.shopify_updated_at},
        where=Collection.deleted_at.is_(None)
        & or_(
            Collection.shopify_updated_at.is_(None),
            Collection.shopify_updated_at <= theirs.shopify_updated_at,
        ),
    )
    return session.scalar(stored.returning(Collection.collection_id)) is not None


def delete_collection(session: Session, shop_id: int, collection_id: int, *, now: datetime) -> None:
    """Forget the collection and what was in it; one that we never saw cannot come up late."""
    gone = insert(Collection).values(
        shop_id=shop_id, collection_id=collection_id, title="", deleted_at=now
    )
    session.execute(
        gone.on_conflict_do_update(
            index_elements=["shop_id", "collection_id"],
            set_={"deleted_at": func.coalesce(Collection.deleted_at, now)},
        )
    )
    session.execute(
        delete(ProductCollection).where(
            ProductCollection.shop_id == shop_id, ProductCollection.collection_id == collection_id
        )
    )


def set_products(
    session: Session,
    shop_id: int,
    collection_id: int,
    product_ids: Many[int],
    *,
    read_at: datetime,
) -> None:
    """The collection holds these products and no others, as read since `read_at`.

    A product that was read by itself since then knows better.
    """
    collection = session.get(
        Collection, (shop_id, collection_id), with_for_update=True, populate_existing=True
    )
    if collection is None or collection.deleted_at is not None:
        return
    collection.products_read_at = read_at
    older = select(Product.product_id).where(
        Product.shop_id == shop_id,
        or_(Product.collections_read_at.is_(None), Product.collections_read_at < read_at),
    )
    session.execute(
        delete(ProductCollection).where(
            ProductCollection.shop_id == shop_id,
            ProductCollection.collection_id == collection_id,
            ProductCollection.product_id.not_in(sorted(product_ids)),
            ProductCollection.product_id.in_(older),
        )
    )
    known = set(session.scalars(older.where(Product.product_id.in_(sorted(product_ids)))))
    _join(session, shop_id, ((one, collection_id) for one in known))


def _lock_read(
    session: Session, shop_id: int, product_ids: Iterable[int]
) -> dict[int, bytes | None]:
    """The digests of those whose collections were read; the rows of all locked in id order."""
    rows = session.execute(
        select(Product.product_id, Product.digest, Product.collections_read_at)
        .where(Product.shop_id == shop_id, Product.product_id.in_(sorted(product_ids)))
        .order_by(Product.product_id)
        .with_for_update()
    )
    return {row.product_id: row.digest for row in rows if row.collections_read_at is not None}


def _store(session: Session, shop_id: int, told: Iterable[ProductFacts]) -> set[int]:
    news = insert(Product).values(
        [
            {
                "shop_id": shop_id,
                "product_id": facts.product_id,
                "title": facts.title,
                "tags": sorted({tag_key(tag) for tag in facts.tags}),
                "digest": facts.digest,
                "shopify_updated_at": facts.updated_at,
            }
            for facts in told
        ]
    )
    names = ("title", "tags", "shopify_updated_at")
    stored = news.on_conflict_do_update(
        index_elements=["shop_id", "product_id"],
        set_={name: news.excluded[name] for name in names}
        | {"digest": func.coalesce(news.excluded.digest, Product.digest)},
        where=Product.deleted_at.is_(None)
        & or_(
            Product.shopify_updated_at.is_(None),
            Product.shopify_updated_at <= news.excluded.shopify_updated_at,
        ),
    )
    return set(session.scalars(stored.returning(Product.product_id)))


def _join(session: Session, shop_id: int, pairs: Iterable[tuple[int, int]]) -> None:
    rows = [
        {"shop_id": shop_id, "product_id": product_id, "collection_id": collection_id}
        for product_id, collection_id in sorted(pairs)
    ]
    if rows:
        session.execute(insert(ProductCollection).values(rows).on_conflict_do_nothing())
