"""Members as rows of a CSV file, written by PostgreSQL itself, a batch a short transaction.

The invariant: no cell is ever a formula, and neither memory nor a transaction grows with the shop.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from loyalty.base.bulk import array_text
from loyalty.listing.tables import CONSENTS, MemberListing
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
_LINES = text("""
SELECT string_agg(concat_ws(',',
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
), E'\r\n' ORDER BY wanted.place) || E'\r\n'
FROM unnest(CAST(CAST(:ids AS text) AS uuid[])) WITH ORDINALITY AS wanted (id, place)
JOIN member m ON m.shop_id = :shop AND m.id = wanted.id AND m.state = 'active'
JOIN member_balance b ON b.shop_id = m.shop_id AND b.member_id = m.id
JOIN member_listing l ON l.shop_id = m.shop_id AND l.member_id = m.id
""")


def write_members(enter: Enter, shop: Shop, wanted: Select[UUID]) -> Iterator[bytes]:
    """The lines of those whom `wanted` selects (one column, member_id), by id; no header.

    Each batch is as its members are then; whoever leaves meanwhile is left out.
    """
    after = UUID(int=0)
    while True:
        with enter() as session:
            ids = _next(session, wanted, after)
            lines = _lines(session, shop, ids) if ids else ""
        if lines:
            yield lines.encode()
        if len(ids) < BATCH:
            return
        after = ids[-1]


def count_wanted(session: Session, wanted: Select[UUID]) -> int:
    """How many lines there will be, as far as that can be known."""
    return session.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def _next(session: Session, wanted: Select[UUID], after: UUID) -> Sequence[UUID]:
    column = MemberListing.member_id
    return session.scalars(wanted.where(column > after).order_by(column).limit(BATCH)).all()


def _lines(session: Session, shop: Shop, ids: Sequence[UUID]) -> str:
    """CSV as RFC 4180 has it, of all of them in one value: a row each costs more than its text."""
    off = (func.set_config(f"enable_{each}", "off", True) for each in ("hashjoin", "mergejoin"))
    session.execute(select(*off))
    rungs = load_ladder(session, shop.shop_id).rungs
    values = {
        "tiers": json.dumps({str(rung.id): _quoted(rung.name) for rung in rungs}),
        "signs": [ord(each) for each in _FORMULAS],
        "consents": list(CONSENTS),
        "zone": shop.timezone,
        "ids": array_text(SqlUuid(), ids),
        "shop": shop.shop_id,
    }
    return session.scalar(_LINES, values) or ""


def _quoted(name: str) -> str:
    harmless = f"'{name}" if name.startswith(tuple(_FORMULAS)) else name
    return '"' + harmless.replace('"', '""') + '"'
