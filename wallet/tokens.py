"""What a till scans: an opaque token per member and epoch. Old epochs still find their member."""

import re
import secrets
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from loyalty.members.identity import survivor_of
from loyalty.redemption.tables import Redemption
from loyalty.shops.tables import Shop
from wallet.tables import MemberToken

_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that reads as another
_MISREAD = str.maketrans("OIL", "011")
_TOKEN = re.compile(r"m1\.[A-Z2-7]{26}")
_SHORT_CODE = re.compile(f"[{_CODE_LETTERS}]{{8}}")
_SEPARATORS = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class Scan:
    """The member behind a scanned token, and whether the token is of the newest epoch.

    A token of a member who was merged finds the survivor, and is none of theirs, so not newest.
    """

    member_id: UUID
    is_newest: bool


def get_token(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> MemberToken:
    """The member's newest token; the first one is made here. The caller commits."""
    newest = _find_newest(session, shop_id, member_id)
    while newest is None:
        _add(session, shop_id, member_id, 1, now)
        newest = _find_newest(session, shop_id, member_id)
    return newest


def list_tokens(
    session: Session, shop_id: int, member_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, MemberToken]:
    """The newest token of each of these members; first ones are made here. The caller commits."""
    tokens = session.scalars(
        select(MemberToken)
        .where(MemberToken.shop_id == shop_id, MemberToken.member_id.in_(member_ids))
        .order_by(MemberToken.member_id, MemberToken.epoch)
    )
    found = {token.member_id: token for token in tokens}  # the last of each is the newest
    missing = [member_id for member_id in member_ids if member_id not in found]
    return found | {one: get_token(session, shop_id, one, now=now) for one in missing}


def find_scanned(session: Session, shop_id: int, scanned: str) -> Scan | None:
    """Whom `scanned`, a token or a short code typed by hand, belongs to; None if to no one here.

    Anything that we never give out, such as an id of Shopify's, belongs to no one.
    """
    token, short_code = _as_token(scanned), _as_short_code(scanned)
    if token is None and short_code is None:
        return None
    newer = aliased(MemberToken)
    newest_epoch = (
        select(func.max(newer.epoch))
        .where(newer.shop_id == shop_id, newer.member_id == MemberToken.member_id)
        .scalar_subquery()
    )
    found = session.execute(
        select(MemberToken.member_id, MemberToken.epoch == newest_epoch).where(
            MemberToken.shop_id == shop_id,
            MemberToken.token == token if token else MemberToken.short_code == short_code,
        )
    ).one_or_none()
    if found is None:
        return None
    member_id, is_newest = found
    survivor_id = survivor_of(session, shop_id, member_id)
    return Scan(survivor_id, is_newest and survivor_id == member_id)


def find_token_holder(session: Session, shop_id: int, read: str) -> UUID | None:
    """Whose pass a reader read: as `find_scanned`, but no short code, which can be guessed."""
    if _as_token(read) is None:
        return None
    found = find_scanned(session, shop_id, read)
    return found.member_id if found else None


def is_newest_token(session: Session, shop_id: int, member_id: UUID, scanned: str) -> bool:
    """Whether `scanned` is the member's token of the newest epoch.

    A short code is none: cashiers are shown it, so it proves no card.
    """
    if _as_token(scanned) is None:
        return False
    found = find_scanned(session, shop_id, scanned)
    return found is not None and found.is_newest and found.member_id == member_id


def _as_token(scanned: str) -> str | None:
    text = scanned.strip()
    return text if _TOKEN.fullmatch(text) else None


def _as_short_code(scanned: str) -> str | None:
    """A code as we write it, from a person's: any case and spacing, O for 0 and I or L for 1."""
    text = _SEPARATORS.sub("", scanned).upper().translate(_MISREAD)
    return f"{text[:4]}-{text[4:]}" if _SHORT_CODE.fullmatch(text) else None


def raise_epoch(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> MemberToken:
    """A new token for the member; the old ones still find them but are no longer newest."""
    old = get_token(session, shop_id, member_id, now=now)
    _add(session, shop_id, member_id, old.epoch + 1, now)
    newest = _find_newest(session, shop_id, member_id)
    assert newest is not None
    return newest


def renew_card(session: Session, shop: Shop, redemption: Redemption, now: datetime) -> None:
    """What every redemption does to the card: the code that is on it becomes an old one."""
    raise_epoch(session, shop.shop_id, redemption.member_id, now=now)


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
