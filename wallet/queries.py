"""What other packages read of the wallet; nothing here writes."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wallet.google.tables import GoogleObject
from wallet.tables import AppleRegistration, WalletPass


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
