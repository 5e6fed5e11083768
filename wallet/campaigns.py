"""The push of a campaign: a text on the recipient's card, and what became of its notification.

The invariant: a recipient's text is put on their card in the transaction of their turn, once for
the campaign.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.base.clock import utc_now
from loyalty.base.errors import BadCampaign, BadMessage
from loyalty.base.said import said
from loyalty.campaigns.channels import Channel, Told
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.words import NO_ANSWER
from loyalty.member_messages.writing import put_on_cards, read_text
from loyalty.shops.tables import Shop
from wallet import marketing, setup
from wallet.campaign_texts import check_push, fill_pushes

ROOM = 150
"""How many may be under way: a purchase's push comes behind no more of a campaign than that."""
ANSWERS_IN = timedelta(hours=1)
"""A notification that was neither sent nor refused by then was taken the place of, or silent."""

# A text stays with its member when a merge moves the recipient; its push moves along.
_SETTLE = """
UPDATE campaign_recipient r SET push_fate = ended.fate, push_reason = ended.reason
FROM (
    SELECT o.member_id,
        CASE WHEN p.sent_at IS NOT NULL THEN 'sent' WHEN p.failed_at IS NOT NULL THEN 'failed'
            ELSE 'unknown' END AS fate,
        CASE WHEN p.sent_at IS NOT NULL THEN NULL
            WHEN p.failed_at IS NOT NULL THEN coalesce(p.reason, :no_answer)
            ELSE :no_answer END AS reason
    FROM campaign_recipient o
    LEFT JOIN LATERAL (
        SELECT n.sent_at, n.failed_at, n.reason
        FROM member_message m
        JOIN push_message n ON n.shop_id = m.shop_id AND n.member_id IN (o.member_id, m.member_id)
            AND n.message = 'marketing:' || m.id
        WHERE m.shop_id = o.shop_id AND m.campaign_id = o.campaign_id
            AND m.member_id = ANY (ARRAY(
                SELECT o.member_id
                UNION ALL
                SELECT b.member_id FROM member_balance b
                WHERE b.shop_id = o.shop_id AND b.merged_into = o.member_id
            ))
        ORDER BY m.member_id = o.member_id DESC, m.id DESC
        LIMIT 1
    ) p ON true
    WHERE o.shop_id = :shop_id AND o.campaign_id = :campaign_id AND o.turn_at IS NOT NULL
        AND o.push_fate = 'queued'
        AND (p.sent_at IS NOT NULL OR p.failed_at IS NOT NULL OR o.turn_at < :too_old)
) AS ended
WHERE r.shop_id = :shop_id AND r.campaign_id = :campaign_id AND r.member_id = ended.member_id
"""


def check(session: Session, shop: Shop, campaign: Campaign) -> None:
    """Raise BadCampaign with what is missing or wrong of the push's text."""
    if setup.current().apple is None and not setup.has_google():
        words = said("This installation of Encore has no wallet to push to")
        raise BadCampaign("channels", words)
    try:
        read_text(campaign.push_text)
    except BadMessage as error:
        raise BadCampaign("push_text", error.args[0]) from error
    check_push(session, shop, campaign, now=utc_now())


def send(
    session: Session, shop: Shop, campaign: Campaign, told: Sequence[Told], now: datetime
) -> dict[UUID, UUID]:
    """Put the text on the card of each; member → the message on it."""
    return put_on_cards(
        session,
        shop.shop_id,
        fill_pushes(session, shop, campaign, told, now),
        key=f"campaign:{campaign.id}",
        campaign_id=campaign.id,
        actor=SYSTEM,
        now=now,
    )


def settle(session: Session, campaign: Campaign, now: datetime) -> int:
    """Write down which notifications under way have ended, and how; how many."""
    values = {
        "shop_id": campaign.shop_id,
        "campaign_id": campaign.id,
        "no_answer": NO_ANSWER,
        "too_old": now - ANSWERS_IN,
    }
    return session.execute(text(_SETTLE), values).rowcount  # type: ignore[attr-defined]


def _why_not(session: Session, campaign: Campaign, members: Sequence[UUID]) -> Mapping[UUID, str]:
    return marketing.why_not(session, campaign.shop_id, members, now=utc_now())


CHANNEL = Channel(
    "push", check=check, why_not=_why_not, send=send, settle=settle, room=lambda: ROOM
)
