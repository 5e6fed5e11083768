"""Facts of members that other packages keep: cards on phones, addresses that bounce.

The domain knows none of their tables; the composition root says who reads them. The invariant:
Python and SQL are given the same rows, so that they cannot differ.
"""

from collections.abc import Collection, Mapping
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from loyalty.criteria.facts import Source

SOURCES = (Source.CARDS, Source.BOUNCES)


class Reader(Protocol):
    """Reads one source."""

    def __call__(
        self, session: Session, shop_id: int, member_ids: Collection[UUID] | None
    ) -> Select[Any]:
        """`member_id` and a column for each fact of the source, a row a member at most.

        Of these members, or of all (None); whoever has no row has none of it.
        """


_readers: Mapping[Source, Reader] = {}


def register(readers: Mapping[Source, Reader]) -> None:
    """Say who reads what, once per process. What nobody reads is false of everybody."""
    global _readers
    assert readers.keys() <= set(SOURCES)
    _readers = readers


def find(source: Source) -> Reader | None:
    """Who reads the source."""
    return _readers.get(source)
