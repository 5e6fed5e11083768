"""Who has had a campaign as another member: a person is told once, whomever they have taken in.

The invariant: who was told nothing, or is still to be, has not had it.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.campaigns.tables import CampaignRecipient
from loyalty.members.identity import list_taken_in

_TOLD = ("queued", "sent", "unknown", "failed")


def list_had(
    session: Session, shop_id: int, campaign_id: UUID, members: Collection[UUID]
) -> set[UUID]:
    """Those of these members who have taken in somebody that has had the campaign's gifts."""
    inside = list_taken_in(session, shop_id, members)
    if not inside:
        return set()
    told = session.scalars(
        select(CampaignRecipient.member_id).where(
            CampaignRecipient.shop_id == shop_id,
            CampaignRecipient.campaign_id == campaign_id,
            among(CampaignRecipient.member_id, inside),
            _has_had_it(),
        )
    )
    return {inside[member_id] for member_id in told}


def had_by_another(
    session: Session, shop_id: int, campaign_id: UUID, member_id: UUID, *, email_event_id: UUID
) -> bool:
    """Whether the member was told of the campaign by another email than that of this event."""
    found = exists().where(
        CampaignRecipient.shop_id == shop_id,
        CampaignRecipient.campaign_id == campaign_id,
        CampaignRecipient.member_id == member_id,
        _has_had_it(),
        CampaignRecipient.email_event_id.is_distinct_from(email_event_id),
    )
    return bool(session.scalar(select(found)))


def _has_had_it() -> ColumnElement[bool]:
    """An email that was staged and then blocked brought its gifts with it all the same."""
    return and_(
        CampaignRecipient.turn_at.is_not(None),
        or_(
            CampaignRecipient.fate.in_(_TOLD),
            (CampaignRecipient.fate == "skipped") & CampaignRecipient.email_event_id.is_not(None),
        ),
    )
