"""A shop's own texts on the cards: what a card shows, who may hear it, and why others may not.

The invariant: who paused marketing or unsubscribed hears nothing. Their card still says it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among_many
from loyalty.base.said import said
from loyalty.campaigns.tables import Campaign
from loyalty.member_messages.reading import list_shown
from loyalty.members.consent import list_unsubscribed
from loyalty.members.tables import Member
from loyalty.preferences import Preferences, list_preferences
from wallet.google.notices import DAY, PLACES
from wallet.google.tables import GoogleNotice, GoogleObject
from wallet.tables import AppleRegistration, WalletPass

SAME_AGAIN = "\N{WORD JOINER}"
"""Nobody sees it, and yet a text that ends in it differs: a phone speaks only of what differs."""

NO_CARD, PREFERENCE_OFF, UNSUBSCRIBED = "no_card", "preference_off", "unsubscribed"
NOT_ACTIVE, QUOTA = "not_active", "quota"
WHY_NOT = {
    NOT_ACTIVE: said("The member is no longer active"),
    NO_CARD: said("The card is on no phone"),
    PREFERENCE_OFF: said("The member has paused marketing notifications"),
    UNSUBSCRIBED: said("The member has unsubscribed"),
    QUOTA: said("Google shows no more messages on this card today"),
}


def message_texts(
    session: Session, shop_id: int, member_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, dict[str, Any]]:
    """What of a message stands on each of these members' cards; empty where there is none.

    `message`: the text, `message_id`: which one it is, `message_until`: when it leaves the card;
    `message_brings_points` where the campaign gave them with it.
    """
    shown = list_shown(session, shop_id, member_ids, now=now)
    giving = _giving(session, shop_id, {one.campaign_id for one in shown.values()})
    return {
        member_id: {
            "message": found.text + SAME_AGAIN * found.variant,
            "message_id": str(found.id),
            "message_until": found.expires_at.isoformat(),
            **({"message_brings_points": True} if found.campaign_id in giving else {}),
        }
        for member_id, found in shown.items()
    }


def _giving(session: Session, shop_id: int, campaign_ids: Collection[UUID | None]) -> set[UUID]:
    """Those of the campaigns that give points."""
    wanted = [one for one in campaign_ids if one is not None]
    if not wanted:
        return set()
    statement = select(Campaign.id).where(
        Campaign.shop_id == shop_id, Campaign.id.in_(wanted), Campaign.bonus_points.is_not(None)
    )
    return set(session.scalars(statement))


def list_audible(session: Session, shop_id: int, member_ids: list[UUID]) -> dict[UUID, Preferences]:
    """Each of these members' switches, marketing off for those who have unsubscribed."""
    switches = list_preferences(session, shop_id, member_ids)
    gone = list_unsubscribed(session, shop_id, member_ids)
    return {
        one: replace(found, marketing=False) if one in gone else found
        for one, found in switches.items()
    }


def get_audible(session: Session, shop_id: int, member_id: UUID) -> Preferences:
    """The same of one member."""
    return list_audible(session, shop_id, [member_id])[member_id]


def why_not(
    session: Session, shop_id: int, member_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, str]:
    """Why a text put on their card now would not be heard: a key of WHY_NOT; others are left out.

    Set-based: ask it of 10,000 at a time.
    """
    asked = list(member_ids)
    active = _list_active(session, shop_id, asked)
    switches = list_preferences(session, shop_id, asked)
    gone = list_unsubscribed(session, shop_id, asked)
    apple, google = _on_apple(session, shop_id, asked), _on_google(session, shop_id, asked)
    full = _list_full(session, shop_id, google - apple, now)
    reasons = {}
    for one in asked:
        if one not in active:
            reasons[one] = NOT_ACTIVE
        elif one in gone:
            reasons[one] = UNSUBSCRIBED
        elif not switches[one].marketing:
            reasons[one] = PREFERENCE_OFF
        elif one not in apple and one not in google:
            reasons[one] = NO_CARD
        elif one in full:
            reasons[one] = QUOTA
    return reasons


def _list_active(session: Session, shop_id: int, member_ids: Collection[UUID]) -> set[UUID]:
    statement = select(Member.id).where(
        Member.shop_id == shop_id, among_many(Member.id, member_ids), Member.state == "active"
    )
    return set(session.scalars(statement))


def _on_apple(session: Session, shop_id: int, member_ids: Collection[UUID]) -> set[UUID]:
    statement = (
        select(WalletPass.member_id)
        .join(
            AppleRegistration,
            (AppleRegistration.shop_id == WalletPass.shop_id)
            & (AppleRegistration.pass_id == WalletPass.id),
        )
        .where(
            WalletPass.shop_id == shop_id,
            among_many(WalletPass.member_id, member_ids),
            WalletPass.voided_at.is_(None),
            AppleRegistration.removed_at.is_(None),
        )
    )
    return set(session.scalars(statement))


def _saved(shop_id: int, member_ids: Collection[UUID]) -> Select[UUID]:
    return select(GoogleObject.member_id).where(
        GoogleObject.shop_id == shop_id,
        among_many(GoogleObject.member_id, member_ids),
        GoogleObject.voided_at.is_(None),
        GoogleObject.saved_at.is_not(None),
        GoogleObject.removed_at.is_(None),
    )


def _on_google(session: Session, shop_id: int, member_ids: Collection[UUID]) -> set[UUID]:
    return set(session.scalars(_saved(shop_id, member_ids)))


def _list_full(
    session: Session, shop_id: int, member_ids: Collection[UUID], now: datetime
) -> set[UUID]:
    """Those on whose card at Google a message has no place among the notices of these 24 hours."""
    if not member_ids:
        return set()
    taken = (
        _saved(shop_id, member_ids)
        .join(
            GoogleNotice,
            (GoogleNotice.shop_id == GoogleObject.shop_id)
            & (GoogleNotice.google_object_id == GoogleObject.id),
        )
        .where(GoogleNotice.noticed_at > now - DAY)
        .group_by(GoogleObject.member_id, GoogleObject.id)
        .having(func.count() >= PLACES["marketing"])
    )
    return set(session.scalars(taken))
