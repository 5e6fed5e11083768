"""What Shopify is to show of members: points, tier, the way to the card, and whether it is kept."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.members.tables import Member, MemberBalance
from loyalty.tiers.views import list_tiers_of
from shopify_app.platform.projection.shown import INSTALLED, REMOVED, Shown
from wallet.card_links import card_page_url
from wallet.google.tables import GoogleObject
from wallet.tables import AppleRegistration, WalletPass


def list_shown(
    session: Session, shop_id: int, member_ids: Collection[UUID]
) -> Mapping[UUID, Shown]:
    """What is to be shown of those of the members who are active."""
    rows = session.execute(
        select(Member.id, MemberBalance.available)
        .join(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(
            Member.shop_id == shop_id,
            among_many(Member.id, member_ids),
            Member.state == "active",
        )
    ).all()
    tiers = list_tiers_of(session, shop_id, member_ids)
    kept = _keeps_card(session, shop_id, member_ids)
    shown = {}
    for member_id, available in rows:
        tier = tiers.get(member_id)
        shown[member_id] = Shown(
            balance=available,
            tier=tier.name if tier else None,
            card=card_page_url(shop_id, member_id),
            tag=_TAGS[kept.get(member_id)],
        )
    return shown


_TAGS = {True: INSTALLED, False: REMOVED, None: None}


def _keeps_card(session: Session, shop_id: int, member_ids: Collection[UUID]) -> dict[UUID, bool]:
    """Whether the card is on a phone now, of those on whose phone it ever was."""
    is_there = (AppleRegistration.removed_at.is_(None)) & (WalletPass.voided_at.is_(None))
    apple = (
        select(WalletPass.member_id, func.bool_or(is_there))
        .join(
            AppleRegistration,
            (AppleRegistration.shop_id == WalletPass.shop_id)
            & (AppleRegistration.pass_id == WalletPass.id),
        )
        .where(WalletPass.shop_id == shop_id, among_many(WalletPass.member_id, member_ids))
        .group_by(WalletPass.member_id)
    )
    is_saved = (GoogleObject.removed_at.is_(None)) & (GoogleObject.voided_at.is_(None))
    google = (
        select(GoogleObject.member_id, func.bool_or(is_saved))
        .where(
            GoogleObject.shop_id == shop_id,
            among_many(GoogleObject.member_id, member_ids),
            GoogleObject.saved_at.is_not(None),
        )
        .group_by(GoogleObject.member_id)
    )
    kept: dict[UUID, bool] = {}
    for statement in (apple, google):
        for member_id, is_kept in session.execute(statement):
            kept[member_id] = kept.get(member_id, False) or is_kept
    return kept
