"""Tables of the mirror: products with their tags, collections, and which is in which."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Product(Base):
    """A product. `tags` as they are compared, lower case; one that was deleted keeps them.

    `digest` changes with whatever a collection's rules may ask. `collections_read_at`: when
    Shopify last told which collections it is in; until then the product counts as unknown.
    pk (shop_id, product_id): the products of an order's lines.
    """

    __tablename__ = "product"
    __table_args__ = (ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_product__shop"),)

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    shopify_updated_at: Mapped[datetime | None]
    digest: Mapped[bytes | None]
    collections_read_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Collection(Base):
    """A collection, by hand or by rule. pk (shop_id, collection_id): the webhook's upsert."""

    __tablename__ = "collection"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_collection__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    collection_id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    shopify_updated_at: Mapped[datetime | None]
    products_read_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class ProductCollection(Base):
    """A product is in a collection. No foreign keys: either may be told first.

    pk (shop_id, product_id, collection_id): a product's collections.
    ix (shop_id, collection_id): a collection's products, when it is read anew.
    """

    __tablename__ = "product_collection"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_product_collection__shop"),
        Index("ix_product_collection__collection", "shop_id", "collection_id"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(primary_key=True)
    collection_id: Mapped[int] = mapped_column(primary_key=True)
