"""Whom a campaign means: the members of its segments, a page at a time, by id. Reads only."""

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty.base.errors import BadCampaign, SegmentNotFound
from loyalty.base.said import said
from loyalty.campaigns.tables import Campaign
from loyalty.segments.views import member_ids

BATCH = 10_000


def audience_of(session: Session, campaign: Campaign) -> Select[Any]:
    """The ids of all members of its segments, each once; raises BadCampaign if one is no more."""
    segments = [UUID(one) for one in campaign.segment_ids]
    try:
        found = member_ids(session, campaign.shop_id, segments).subquery("audience")
    except SegmentNotFound as error:
        raise BadCampaign(
            "segment_ids", said("A segment of these is no more: choose again")
        ) from error
    return select(found.c.member_id)


def list_next(
    session: Session, campaign: Campaign, *, after: UUID | None, limit: int = BATCH
) -> list[UUID]:
    """The next of them behind `after`, in the order of their ids."""
    statement = audience_of(session, campaign)
    (member_id,) = statement.selected_columns
    if after is not None:
        statement = statement.where(member_id > after)
    return list(session.scalars(statement.order_by(member_id).limit(limit)))


def is_held_out(campaign: Campaign, member_id: UUID) -> bool:
    """Whether the member is of the share that is told nothing.

    By a hash under the campaign's own id: the same however often it is asked, another share in
    each campaign, and nothing of the member decides it.
    """
    if not campaign.holdout_percent:
        return False
    drawn = hashlib.blake2b(member_id.bytes, key=campaign.id.bytes, digest_size=8).digest()
    return int.from_bytes(drawn) % 100 < campaign.holdout_percent
