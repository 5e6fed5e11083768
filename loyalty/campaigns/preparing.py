"""Who a campaign's recipients are, written down a batch at a time before anybody is told.

The invariant: the batch and how far it reaches are one transaction, so that after a crash nobody
of the audience is left out and nobody is there twice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.base.bulk import add_rows, insert_rows
from loyalty.base.ids import new_id
from loyalty.base.said import N_
from loyalty.campaigns.audience import BATCH, is_held_out, list_next
from loyalty.campaigns.channels import NAMES, channels_of
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.members.tables import TimelineEvent

Reasons = Mapping[str, Mapping[UUID, str]]
"""channel → member → why it may not reach them."""


def prepare_next(session: Session, campaign: Campaign, *, now: datetime, limit: int = BATCH) -> int:
    """Write down the next recipients of the locked campaign; how many members were looked at.

    Who no channel may reach is skipped with the reasons; of the others the held-out share is told
    nothing. When nobody is left the campaign goes on to sending. Flushes; the caller commits.
    """
    members = list_next(session, campaign, after=campaign.prepared_after, limit=limit)
    if members:
        reasons = ask_channels(session, campaign, members)
        rows = _rows(campaign, members, reasons)
        added = add_rows(session, CampaignRecipient, rows, "member_id")
        chosen = [row["member_id"] for row in rows if _is_told(row) and row["member_id"] in added]
        note_members(session, campaign, chosen, timeline.CAMPAIGN_JOINED, now)
        campaign.prepared_after = members[-1]
        campaign.recipients += len(members)
    if len(members) < limit:
        _end(campaign, now)
    session.flush()
    return len(members)


def ask_channels(session: Session, campaign: Campaign, members: Sequence[UUID]) -> Reasons:
    """Why each of the campaign's channels may not reach which of these members."""
    return {
        channel.name: channel.why_not(session, campaign, members)
        for channel in channels_of(campaign)
    }


def is_reachable(member_id: UUID, reasons: Reasons) -> bool:
    """Whether some channel may reach the member."""
    return any(member_id not in blocked for blocked in reasons.values())


def note_members(
    session: Session,
    campaign: Campaign,
    members: Collection[UUID],
    kind: str,
    now: datetime,
    reasons: Mapping[UUID, str] | None = None,
) -> None:
    """An event of the campaign on the timeline of each of these members."""
    told: dict[str, Any] = {"campaign": campaign.name, "campaign_id": str(campaign.id)}
    insert_rows(
        session,
        TimelineEvent,
        [
            {
                "shop_id": campaign.shop_id,
                "id": new_id(),
                "member_id": member_id,
                "kind": kind,
                "occurred_at": now,
                "details": told | _why((reasons or {}).get(member_id)),
            }
            for member_id in members
        ],
    )


def _why(reason: str | None) -> dict[str, str]:
    return {"campaign_reason": reason} if reason else {}


def _rows(campaign: Campaign, members: Iterable[UUID], reasons: Reasons) -> list[dict[str, Any]]:
    return [
        {
            "shop_id": campaign.shop_id,
            "campaign_id": campaign.id,
            "member_id": member_id,
            "number": number,
            **_fates(campaign, member_id, reasons),
        }
        for number, member_id in enumerate(members, campaign.recipients + 1)
    ]


def _fates(campaign: Campaign, member_id: UUID, reasons: Reasons) -> dict[str, Any]:
    # Drawn among those who could be told: the others would make the two groups unlike.
    if is_reachable(member_id, reasons) and is_held_out(campaign, member_id):
        return _fate_columns({}, is_held_out=True)
    return _fate_columns({name: blocked.get(member_id) for name, blocked in reasons.items()})


def _fate_columns(why: Mapping[str, str | None], *, is_held_out: bool = False) -> dict[str, Any]:
    columns: dict[str, Any] = {"is_held_out": is_held_out}
    for name in NAMES:
        reason = why.get(name)
        fate = None if name not in why else "skipped" if reason else "waiting"
        columns |= {f"{name}_fate": fate, f"{name}_reason": reason}
    return columns


def _is_told(row: Mapping[str, Any]) -> bool:
    return any(row[f"{name}_fate"] == "waiting" for name in NAMES)


def _end(campaign: Campaign, now: datetime) -> None:
    campaign.prepared_at = now
    if campaign.recipients:
        campaign.state = "sending"
    else:
        campaign.state, campaign.done_at = "stopped", now
        campaign.error = N_("Nobody was in its segments any more")
