"""Members as rows of a CSV file, written by PostgreSQL itself, a batch a short transaction.

The invariant: no cell is ever a formula, and neither memory nor a transaction grows with the shop.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from uuid import UUID

from sqlalchemy import FromClause, Select, and_, func, select, text
from sqlalchemy.orm import Session

from loyalty.listing.tables import CONSENTS, MemberListing
from loyalty.members.tables import Member, MemberBalance
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import load_ladder

HEADER = (
    *("First name", "Last name", "Email", "Phone", "Email consent", "Points", "Points on hold"),
    *("Lifetime earned", "Lifetime spent", "Tier", "Joined", "Last order"),
)
BATCH = 20_000
Enter = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction inside the shop."""

_FORMULAS = "=+-@\t\r"
"""A cell that begins with one of these would be a formula; ascii() is the first sign's number."""
_CELLS = text("""
string_agg(concat_ws(',',
    coalesce('"' || CASE WHEN ascii(m.first_name) = ANY (:signs) THEN '''' ELSE '' END
        || replace(m.first_name, '"', '""') || '"', ''),
    coalesce('"' || CASE WHEN ascii(m.last_name) = ANY (:signs) THEN '''' ELSE '' END
        || replace(m.last_name, '"', '""') || '"', ''),
    coalesce('"' || CASE WHEN ascii(m.email) = ANY (:signs) THEN '''' ELSE '' END
        || replace(m.email, '"', '""') || '"', ''),
    coalesce('"' || CASE WHEN ascii(m.phone) = ANY (:signs) THEN '''' ELSE '' END
        || replace(m.phone, '"', '""') || '"', ''),
    (CAST(:consents AS text[]))[l.consent + 1], b.available, b.pending, b.lifetime_earned,
    b.lifetime_burned, coalesce(CAST(:tiers AS jsonb) ->> CAST(l.tier_id AS text), ''),
    CAST(m.joined_at AT TIME ZONE :zone AS date),
    coalesce(CAST(nullif(l.last_order_on, date '0001-01-01') AS text), '')
), E'\\r\\n' ORDER BY m.id) || E'\\r\\n'
""")
_TABLES = (
    (Member.__table__.alias("m"), "id"),
    (MemberBalance.__table__.alias("b"), "member_id"),
    (MemberListing.__table__.alias("l"), "member_id"),
)
"""As _CELLS names them, with the column that holds the member."""
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


def write_members(enter: Enter, shop: Shop, wanted: Select[UUID]) -> Iterator[bytes]:
    """The lines of those whom `wanted` selects (one column, member_id), by id; no header.

    Each batch is as its members are then; whoever leaves meanwhile is left out.
    """
    after = _FIRST
    while after < _LAST:
        with enter() as session:
            last = _end_of_batch(session, wanted, after)
            lines = _lines(session, shop, wanted, after, last)
        if lines:
            yield lines.encode()
        after = last


def count_wanted(session: Session, wanted: Select[UUID]) -> int:
    """How many lines there will be, as far as that can be known."""
    return session.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def _end_of_batch(session: Session, wanted: Select[UUID], after: UUID) -> UUID:
    """The last id of the next full batch; the last of all ids where none is full any more."""
    column = MemberListing.member_id
    statement = wanted.where(column > after).order_by(column).offset(BATCH - 1).limit(1)
    return session.scalar(statement) or _LAST


def _lines(session: Session, shop: Shop, wanted: Select[UUID], after: UUID, last: UUID) -> str:
    """CSV as RFC 4180 has it, of all of them in one value: a row each costs more than its text.

    A full batch reads its stretch of each table, so that all together read no row twice.
    """
    if last < _LAST:
        session.execute(select(func.set_config("enable_nestloop", "off", True)))
    statement = (
        select(_CELLS)
        .select_from(_stretch(shop.shop_id, wanted, after, last))
        .where(text("m.state = 'active'"))
    )
    rungs = load_ladder(session, shop.shop_id).rungs
    values = {
        "tiers": json.dumps({str(rung.id): _quoted(rung.name) for rung in rungs}),
        "signs": [ord(each) for each in _FORMULAS],
        "consents": list(CONSENTS),
        "zone": shop.timezone,
    }
    return session.scalar(statement, values) or ""


def _stretch(shop_id: int, wanted: Select[UUID], after: UUID, last: UUID) -> FromClause:
    """Those who are wanted with an id after `after` up to `last`: m, b and l as _CELLS has them."""
    column = MemberListing.member_id
    ids = wanted.where(column > after, column <= last).subquery()
    joined: FromClause = ids
    for table, key in _TABLES:
        own = table.c[key]
        same = and_(table.c.shop_id == shop_id, own == ids.c[0], own > after, own <= last)
        joined = joined.join(table, same)
    return joined


def _quoted(name: str) -> str:
    harmless = f"'{name}" if name.startswith(tuple(_FORMULAS)) else name
    return '"' + harmless.replace('"', '""') + '"'
