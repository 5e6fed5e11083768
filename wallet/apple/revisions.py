"""What each revision of a pass was for, and what a device holds: asked at push and at fetch."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, column, select, values
from sqlalchemy.orm import Session

from wallet.marketing import get_audible
from wallet.notices import Kind, loudest, said_by
from wallet.tables import PassRevision, WalletPass


def list_untold(session: Session, shop_id: int, since: Mapping[UUID, int]) -> dict[UUID, list[str]]:
    """pass id → the newest message of each kind in its revisions after `since`.

    Silent ones are left out. A tier does not take the place of a balance: each has its own end.
    """
    if not since:
        return {}
    asked = values(column("pass_id", Uuid), column("told", BigInteger), name="asked").data(
        list(since.items())
    )
    rows = session.execute(
        select(PassRevision.pass_id, PassRevision.message)
        .join(asked, asked.c.pass_id == PassRevision.pass_id)
        .where(
            PassRevision.shop_id == shop_id,
            PassRevision.revision > asked.c.told,
            PassRevision.message.is_not(None),
        )
        .order_by(PassRevision.revision)
    )
    found: dict[UUID, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row.pass_id, {})[row.message.split(":")[0]] = row.message
    return {pass_id: list(by_kind.values()) for pass_id, by_kind in found.items()}


def loud_field(session: Session, card: WalletPass, held_at: datetime | None) -> Kind | None:
    """The one field whose change the device may tell, against the copy that it holds.

    `held_at` is the Last-Modified of that copy. A paused kind is silent whenever it changed.
    """
    preferences = get_audible(session, card.shop_id, card.member_id)
    held = _held_revision(session, card, held_at) if held_at is not None else None
    if held is not None:
        return loudest(held.said, said_by(card.content), preferences)
    kind = _last_notice(session, card)
    return kind if kind is not None and preferences.is_active(kind) else None


def _held_revision(session: Session, card: WalletPass, held_at: datetime) -> PassRevision | None:
    return session.scalar(
        select(PassRevision)
        .where(
            PassRevision.shop_id == card.shop_id,
            PassRevision.pass_id == card.id,
            PassRevision.last_modified_at == held_at,
        )
        .limit(1)
    )


def _last_notice(session: Session, card: WalletPass) -> Kind | None:
    """What the newest push that was meant to be heard was for: the best guess without a copy."""
    return session.scalar(
        select(PassRevision.notice)
        .where(
            PassRevision.shop_id == card.shop_id,
            PassRevision.pass_id == card.id,
            PassRevision.notice.is_not(None),
        )
        .order_by(PassRevision.revision.desc())
        .limit(1)
    )
