"""What other packages read of the wallet; nothing here writes."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.members.tables import TimelineEvent
from wallet.google.tables import GoogleObject
from wallet.tables import AppleRegistration, WalletPass


def list_cardholders(
    session: Session, shop_id: int, *, after: UUID | None, limit: int
) -> list[UUID]:
    """The next members who have a live card on either platform, by id."""
    found: set[UUID] = set()
    for card in (WalletPass, GoogleObject):
        statement = select(card.member_id).where(card.shop_id == shop_id, card.voided_at.is_(None))
        if after is not None:
            statement = statement.where(card.member_id > after)
        found |= set(session.scalars(statement.order_by(card.member_id).limit(limit)))
    return sorted(found)[:limit]


def count_installed(session: Session, shop_id: int, member_id: UUID) -> dict[str, int]:
    """On how many phones the member's card is now, by platform: `{"apple": 1, "google": 0}`."""
    statement = (
        select(WalletPass.platform, func.count().label("phones"))
        .join(
            AppleRegistration,
            (AppleRegistration.shop_id == WalletPass.shop_id)
            & (AppleRegistration.pass_id == WalletPass.id),
        )
        .where(
            WalletPass.shop_id == shop_id,
            WalletPass.member_id == member_id,
            WalletPass.voided_at.is_(None),
            AppleRegistration.removed_at.is_(None),
        )
        .group_by(WalletPass.platform)
    )
    found = {row.platform: row.phones for row in session.execute(statement)}
    return {"apple": 0} | found | {"google": _count_saved(session, shop_id, member_id)}


def count_pushes_sent(session: Session, shop_id: int, member_id: UUID) -> int:
    """How many messages were pushed to the member: one each, whatever phones they have."""
    found = session.scalar(
        select(func.count())
        .select_from(TimelineEvent)
        .where(
            TimelineEvent.shop_id == shop_id,
            TimelineEvent.member_id == member_id,
            TimelineEvent.kind == timeline.PUSH_SENT,
        )
    )
    return found or 0


def _count_saved(session: Session, shop_id: int, member_id: UUID) -> int:
    """Google tells of people and not of phones: one person may have the card on several."""
    found = session.scalar(
        select(func.count())
        .select_from(GoogleObject)
        .where(
            GoogleObject.shop_id == shop_id,
            GoogleObject.member_id == member_id,
            GoogleObject.voided_at.is_(None),
            GoogleObject.saved_at.is_not(None),
            GoogleObject.removed_at.is_(None),
        )
    )
    return found or 0
