"""What became of a campaign's email after its turn, however late: sent, stopped at the gate, come
back, opened, clicked.

The invariant: the first opening and click count, whatever comes twice or late; who clicked has
opened. A delivery never takes back that an email came back.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.bulk import among
from loyalty.campaigns.preparing import note_members
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.campaigns.words import BOUNCED, BOUNCED_SOFT
from loyalty.member_messages.tables import MemberMessage
from loyalty.members.identity import survivor_of

_CAME_BACK = (BOUNCED, BOUNCED_SOFT)


def note_opened(session: Session, shop_id: int, event_id: UUID, *, at: datetime) -> bool:
    """The email of this outbox event was opened; False when it is no campaign's."""
    return _set(session, _by_event(shop_id, event_id), {"opened_at": _first("opened_at", at)})


def note_clicked(session: Session, shop_id: int, event_id: UUID, *, at: datetime) -> bool:
    """A link in the email of this outbox event was opened; False when it is no campaign's."""
    return _set(session, _by_event(shop_id, event_id), _clicked(at))


def note_click_of(
    session: Session, shop_id: int, campaign_id: UUID, member_id: UUID, *, at: datetime
) -> bool:
    """The member followed the campaign's link; False when they are no recipient of it."""
    whose = (
        (CampaignRecipient.shop_id == shop_id)
        & (CampaignRecipient.campaign_id == campaign_id)
        & (CampaignRecipient.member_id == member_id)
        & CampaignRecipient.turn_at.is_not(None)
    )
    return _set(session, whose, _clicked(at))


def note_sent(session: Session, shop_id: int, event_id: UUID) -> bool:
    """The email of this outbox event has left after all; False when it came back, or is no
    campaign's."""
    came_back = func.coalesce(CampaignRecipient.email_reason, "").in_(_CAME_BACK)
    news = {"email_fate": "sent", "email_reason": None}
    return _set(session, _by_event(shop_id, event_id) & ~came_back, news)


def note_failed(session: Session, shop_id: int, event_id: UUID, reason: str) -> bool:
    """The email of this outbox event never left; False when it is no campaign's."""
    news = {"email_fate": "failed", "email_reason": reason}
    return _set(session, _by_event(shop_id, event_id), news)


def note_bounced(session: Session, shop_id: int, event_id: UUID, *, is_hard: bool) -> bool:
    """The email of this outbox event came back; False when it is no campaign's.

    Back for good says more than back for now, in whichever order they are told.
    """
    known_hard = func.coalesce(CampaignRecipient.email_reason, "") == BOUNCED
    whose = _by_event(shop_id, event_id)
    reason = BOUNCED if is_hard else BOUNCED_SOFT
    news = {"email_fate": "failed", "email_reason": reason}
    return _set(session, whose if is_hard else whose & ~known_hard, news)


def note_blocked(
    session: Session, shop_id: int, event_id: UUID, reason: str, *, now: datetime
) -> None:
    """The email of this outbox event must not go any more, for a reason of `words`.

    Whom the campaign reaches by no other channel has left it.
    """
    found = session.execute(
        update(CampaignRecipient)
        .where(_by_event(shop_id, event_id))
        .values(email_fate="skipped", email_reason=reason)
        .returning(
            CampaignRecipient.campaign_id, CampaignRecipient.member_id, CampaignRecipient.fate
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if found is None or found.fate != "skipped":
        return
    campaign = session.get_one(Campaign, (shop_id, found.campaign_id))
    who = [found.member_id]
    why = {found.member_id: reason}
    note_members(session, campaign, who, timeline.CAMPAIGN_DISJOINED, now, why)


def note_push_sent(session: Session, shop_id: int, messages: Collection[UUID]) -> None:
    """These members' messages were heard on a phone after all, however late."""
    told = [
        (row.campaign_id, survivor_of(session, shop_id, row.member_id))
        for row in session.execute(
            select(MemberMessage.campaign_id, MemberMessage.member_id).where(
                MemberMessage.shop_id == shop_id,
                among(MemberMessage.id, messages),
                MemberMessage.campaign_id.is_not(None),
            )
        )
    ]
    if not told:
        return
    session.execute(
        update(CampaignRecipient)
        .where(
            CampaignRecipient.shop_id == shop_id,
            tuple_(CampaignRecipient.campaign_id, CampaignRecipient.member_id).in_(told),
            CampaignRecipient.push_fate == "unknown",
        )
        .values(push_fate="sent", push_reason=None)
        .execution_options(synchronize_session=False)
    )


def _by_event(shop_id: int, event_id: UUID) -> ColumnElement[bool]:
    return (CampaignRecipient.shop_id == shop_id) & (CampaignRecipient.email_event_id == event_id)


def _clicked(at: datetime) -> dict[str, Any]:
    return {"clicked_at": _first("clicked_at", at), "opened_at": _first("opened_at", at)}


def _first(column: str, at: datetime) -> ColumnElement[datetime]:
    return func.least(func.coalesce(getattr(CampaignRecipient, column), at), at)


def _set(session: Session, whose: ColumnElement[bool], values: dict[str, Any]) -> bool:
    found = session.scalar(
        update(CampaignRecipient)
        .where(whose)
        .values(values)
        .returning(CampaignRecipient.number)
        .execution_options(synchronize_session=False)
    )
    return found is not None
