"""What a till scans: an opaque token per member and epoch. Old epochs still find their member."""

import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from wallet.tables import MemberToken

_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that reads as another


@dataclass(frozen=True, slots=True)
class Scan:
    """The member behind a scanned token, and whether the token is of the newest epoch."""

    member_id: UUID
    is_newest: bool


def get_token(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> MemberToken:
    """The member's newest token; the first one is made here. The caller commits."""
    newest = _find_newest(session, shop_id, member_id)
    while newest is None:
        _add(session, shop_id, member_id, 1, now)
        newest = _find_newest(session, shop_id, member_id)
    return newest


def find_scanned(session: Session, shop_id: int, scanned: str) -> Scan | None:
    """Whom `scanned`, a token or a short code typed by hand, belongs to; None if to no one here."""
    code = scanned.strip()
    by_code = MemberToken.short_code == code.upper()
    found = session.scalar(
        select(MemberToken).where(
            MemberToken.shop_id == shop_id, (MemberToken.token == code) | by_code
        )
    )
    if found is None:
        return None
    newest = session.scalar(
        select(func.max(MemberToken.epoch)).where(
            MemberToken.shop_id == shop_id, MemberToken.member_id == found.member_id
        )
    )
    return Scan(found.member_id, found.epoch == newest)


def raise_epoch(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> MemberToken:
    """A new token for the member; the old ones still find them but are no longer newest."""
    old = get_token(session, shop_id, member_id, now=now)
    _add(session, shop_id, member_id, old.epoch + 1, now)
    newest = _find_newest(session, shop_id, member_id)
    assert newest is not None
    return newest


def _find_newest(session: Session, shop_id: int, member_id: UUID) -> MemberToken | None:
    return session.scalar(
        select(MemberToken)
        .where(MemberToken.shop_id == shop_id, MemberToken.member_id == member_id)
        .order_by(MemberToken.epoch.desc())
        .limit(1)
    )


def _add(session: Session, shop_id: int, member_id: UUID, epoch: int, now: datetime) -> None:
    """Add the epoch unless another transaction did, or its random code is taken: try again."""
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))
    values = {
        "shop_id": shop_id,
        "member_id": member_id,
        "epoch": epoch,
        "token": "m1." + b32encode(secrets.token_bytes(16)).decode().rstrip("="),
        "short_code": f"{code[:4]}-{code[4:]}",
        "created_at": now,
    }
    session.execute(insert(MemberToken).values(values).on_conflict_do_nothing())
