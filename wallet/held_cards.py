"""Who has the card on a phone now, and in which wallet: facts for criteria. Reads only."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, true, union_all
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from wallet.google.tables import GoogleObject
from wallet.tables import AppleRegistration, WalletPass


def select_held(session: Session, shop_id: int, member_ids: Collection[UUID] | None) -> Select[Any]:
    """`member_id`, has_apple_card, has_google_card, has_card_now of whoever has one.

    Of these members, or of all (None). A reader of loyalty.criteria.outside.
    """

    def of_them(column: Any) -> ColumnElement[bool]:
        return true() if member_ids is None else among_many(column, member_ids)

    same = (AppleRegistration.shop_id == WalletPass.shop_id) & (
        AppleRegistration.pass_id == WalletPass.id
    )
    apple = (
        select(WalletPass.member_id, literal(True).label("is_apple"))
        .join(AppleRegistration, same)
        .where(
            WalletPass.shop_id == shop_id,
            WalletPass.voided_at.is_(None),
            AppleRegistration.removed_at.is_(None),
            of_them(WalletPass.member_id),
        )
    )
    google = select(GoogleObject.member_id, literal(False)).where(
        GoogleObject.shop_id == shop_id,
        GoogleObject.voided_at.is_(None),
        GoogleObject.saved_at.is_not(None),
        GoogleObject.removed_at.is_(None),
        of_them(GoogleObject.member_id),
    )
    held = union_all(apple, google).subquery("held")
    return select(
        held.c.member_id,
        func.bool_or(held.c.is_apple).label("has_apple_card"),
        func.bool_or(~held.c.is_apple).label("has_google_card"),
        literal(True).label("has_card_now"),
    ).group_by(held.c.member_id)
