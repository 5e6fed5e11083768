"""The code that a member's own page shows for a minute, to be told to the cashier.

The invariant: a code is good once, for 60 seconds, for the one member whose page showed it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.till.digests import digest_of
from loyalty.till.tables import TillCode

LIFETIME = timedelta(seconds=60)
DIGITS = 6


@dataclass(frozen=True, slots=True)
class ShownCode:
    """Six digits, and until when they are good."""

    code: str
    expires_at: datetime


def show_code(
    session: Session, shop_id: int, member_id: UUID, *, secret: bytes, now: datetime
) -> ShownCode:
    """A new code for the member's page; the one before is good no longer. The caller commits."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    expires_at = now + LIFETIME
    digest = digest_of(secret, f"code {member_id}", shop_id, code)
    row = {"shop_id": shop_id, "member_id": member_id, "digest": digest, "expires_at": expires_at}
    statement = insert(TillCode).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "member_id"],
            set_={"digest": digest, "expires_at": expires_at},
        )
    )
    return ShownCode(code, expires_at)


def spend_code(
    session: Session, shop_id: int, member_id: UUID, code: str, *, secret: bytes, now: datetime
) -> bool:
    """Whether this is the member's code of this minute; it is good no longer. The caller commits.

    Count the try before you ask (loyalty/till/tries.py).
    """
    digest = digest_of(secret, f"code {member_id}", shop_id, code)
    statement = (
        delete(TillCode)
        .where(
            TillCode.shop_id == shop_id,
            TillCode.member_id == member_id,
            TillCode.digest == digest,
            TillCode.expires_at > now,
        )
        .returning(TillCode.member_id)
    )
    return session.scalar(statement) is not None
