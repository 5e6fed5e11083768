"""Who would get a campaign, who would not, and why: asked before anything is sent. Reads only.

The invariant: it asks what preparing asks, member by member, so both come to the same.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.campaigns.audience import BATCH, count_audience, is_held_out, list_next
from loyalty.campaigns.preparing import Reasons, ask_channels, is_reachable
from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import Shop

LOOKED_AT_MAX = 50_000
"""So many are asked one by one while somebody waits for a page."""
_TIMEOUT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign would come to now: members. `reached`: by a channel or both.

    `reasons`: (channel, reason) → how many it may not reach. `looked_at` of the `audience` were
    asked, the first by their id; the other figures are of those.
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
    looks_at_most: int = LOOKED_AT_MAX,
) -> Forecast:
    """What `campaign`, saved or not, would come to if it were prepared now."""
    if not campaign.segment_ids or not campaign.channels:
        return Forecast()
    session.execute(text(f"SET LOCAL statement_timeout = {_TIMEOUT_MS}"))
    counts: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for members in _pages(session, campaign, looks_at_most):
        asked = ask_channels(session, campaign, members)
        counts.update(_count(campaign, members, asked))
        for channel, blocked in asked.items():
            reasons.update((channel, reason) for reason in blocked.values())
    audience = max(count_audience(session, campaign), counts["looked_at"])
    session.execute(text("SET LOCAL statement_timeout = DEFAULT"))
    return Forecast(audience=audience, reasons=dict(reasons), **counts)


def _pages(session: Session, campaign: Campaign, most: int) -> Iterator[Sequence[UUID]]:
    after, left = None, most
    while left > 0:
        limit = min(BATCH, left)
        members = list_next(session, campaign, after=after, limit=limit)
        if members:
            yield members
        if len(members) < limit:
            return
        after, left = members[-1], left - len(members)


def _count(campaign: Campaign, members: Sequence[UUID], reasons: Reasons) -> Counter[str]:
    counts: Counter[str] = Counter(looked_at=len(members))
    for member_id in members:
        if not is_reachable(member_id, reasons):
            continue
        if is_held_out(campaign, member_id):
            counts["held_out"] += 1
            continue
        counts["reached"] += 1
        counts.update(name for name, blocked in reasons.items() if member_id not in blocked)
    return counts
