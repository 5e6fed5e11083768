"""What recipients did with a campaign's email: opened it, clicked it; and whether it came back.

The invariant: the first time counts, whatever comes twice or late; who clicked has opened.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import Session

from loyalty.campaigns.tables import CampaignRecipient
from loyalty.campaigns.words import BOUNCED


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


def note_bounced(session: Session, shop_id: int, event_id: UUID) -> bool:
    """The email of this outbox event came back; False when it is no campaign's."""
    news = {"email_fate": "failed", "email_reason": BOUNCED}
    return _set(session, _by_event(shop_id, event_id), news)


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
