"""Who would get a campaign, who would not, and why: asked before anything is sent. Reads only.

The invariant: it asks what preparing asks, member by member, so both come to the same; of a large
audience a part by chance is asked, and the figures say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.base.sampling import LOOKED_AT_MAX, Counts, sample
from loyalty.campaigns.audience import audience_of, is_held_out
from loyalty.campaigns.preparing import ask_channels, is_reachable
from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import Shop

_COUNT = "count"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign would come to now: members. `reached`: by a channel or both.

    `reasons`: (channel, reason) → how many it may not reach. `looked_at` of the `audience` were
    asked; where that is not all, the other figures are estimates for all, by a fair sample.
    """

    audience: int = 0
    looked_at: int = 0
    held_out: int = 0
    reached: int = 0
    email: int = 0
    push: int = 0
    reasons: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether all of the audience were asked."""
        return self.looked_at >= self.audience


def forecast(
    session: Session,
    shop: Shop,
    campaign: Campaign,
    *,
    now: datetime,
    looks_at_most: int | None = None,
) -> Forecast:
    """What `campaign`, saved or not, would come to if it were prepared now.

    Raises BadCampaign where a segment of it is no more, and CountTooSlow.
    """
    if not campaign.segment_ids or not campaign.channels:
        return Forecast()
    found = sample(
        session,
        audience_of(session, campaign),
        partial(_ask, session, campaign),
        looks_at_most=looks_at_most or LOOKED_AT_MAX,
    )
    counts = found.of_all()
    figures = {name: count for (what, name), count in counts.items() if what == _COUNT}
    reasons = {key: count for key, count in counts.items() if key[0] != _COUNT}
    return Forecast(found.total, found.looked_at, reasons=reasons, **figures)


def _ask(session: Session, campaign: Campaign, members: Sequence[UUID]) -> Counts:
    asked, counts = ask_channels(session, campaign, members), Counts()
    for channel, blocked in asked.items():
        counts.update((channel, reason) for reason in blocked.values())
    for member_id in members:
        if not is_reachable(member_id, asked):
            continue
        if is_held_out(campaign, member_id):
            counts[_COUNT, "held_out"] += 1
            continue
        counts[_COUNT, "reached"] += 1
        counts.update((_COUNT, name) for name, blocked in asked.items() if member_id not in blocked)
    return counts
