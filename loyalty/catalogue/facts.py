"""Products and collections as Shopify tells them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product. `digest` changes with whatever a collection's rules may ask of it.

    `collections`: the ids of all collections it is in. Who tells of these tells no digest,
    and the other way round.
    """

    product_id: int
    title: str
    tags: frozenset[str]
    digest: bytes | None
    updated_at: datetime
    collections: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class CollectionFacts:
    """A collection, without its products."""

    collection_id: int
    title: str
    updated_at: datetime
