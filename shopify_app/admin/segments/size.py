"""How many members a rule means while it is typed, within a time that nobody waits longer than.

Whoever types on leaves the count of before behind: in a large shop they must not pile up.
"""

from collections.abc import Mapping
from typing import Any

from psycopg.errors import QueryCanceled
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.segments import sizing
from loyalty.shops.tables import Shop

TIMEOUT_MS = 10_000


def count_within(
    session: Session, shop: Shop, criteria: Mapping[str, Any], *, timeout_ms: int = TIMEOUT_MS
) -> int | None:
    """How many active members are meant; None after so many milliseconds.

    Then the transaction has failed: it is good for nothing more.
    """
    session.execute(text(f"SET LOCAL statement_timeout = {int(timeout_ms)}"))
    try:
        return sizing.count(session, shop, criteria, now=utc_now())
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            return None
        raise
