"""The email of a campaign: whether it may go, its staging in bulk, what it says, how it ended.

The invariant: a recipient's email is one outbox event, staged in the transaction of their turn,
and the email's own row says what became of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.base.bulk import insert_rows
from loyalty.base.clock import day_in
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import BadCampaign
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.campaigns.announcing import read_promotion
from loyalty.campaigns.bringing import check_fields
from loyalty.campaigns.channels import Channel, Told
from loyalty.campaigns.once import had_by_another
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.words import NO_ANSWER, OFF, OVER, STOPPED
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.coupons.terms import is_over
from loyalty.outbox import CAMPAIGN_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from mailing import merging, pacing, setup
from mailing.campaign_links import CampaignLink, campaign_url
from mailing.catalogue import get_mail
from mailing.errors import BadTemplate, CampaignPaused
from mailing.permission import why_not

KIND = "campaign"
QUEUED_S = 10
"""So many seconds' worth of a campaign may be under way: a code that somebody waits for comes
behind no more of it than that."""
PAUSE_LOOK = timedelta(minutes=1)
"""How long after it goes on an email that a pause held back may come."""
_ROOM_MIN, _ROOM_UNKNOWN, _ROOM_MAX = 20, 100, 2_000
_UNWRITTEN = {
    "subject": said("Write the email's subject"),
    "text": said("Write the email's text"),
}

# An email whose event made no message and has no delivery to make one: email was off just then.
_SETTLE = """
UPDATE campaign_recipient r SET email_fate = ended.fate, email_reason = ended.reason
FROM (
    SELECT o.member_id, CASE m.state WHEN 'blocked' THEN 'skipped' ELSE m.state END AS fate,
        CASE m.state WHEN 'sent' THEN NULL WHEN 'unknown' THEN :no_answer ELSE m.reason END
            AS reason
    FROM campaign_recipient o
    JOIN email_message m ON m.shop_id = o.shop_id AND m.event_id = o.email_event_id
    WHERE o.shop_id = :shop_id AND o.campaign_id = :campaign_id AND o.turn_at IS NOT NULL
        AND o.email_fate IN ('queued', 'unknown')
        AND m.state IN ('sent', 'failed', 'blocked', 'unknown')
    UNION ALL
    SELECT o.member_id, 'failed', :off
    FROM campaign_recipient o
    WHERE o.shop_id = :shop_id AND o.campaign_id = :campaign_id AND o.turn_at IS NOT NULL
        AND o.email_fate = 'queued'
        AND NOT EXISTS (SELECT FROM email_message m
            WHERE m.shop_id = o.shop_id AND m.event_id = o.email_event_id)
        AND NOT EXISTS (SELECT FROM delivery d WHERE d.shop_id = o.shop_id
            AND d.event_id = o.email_event_id AND d.subscriber = 'mail' AND d.state = 'pending')
        AND NOT EXISTS (SELECT FROM outbox_event e WHERE e.shop_id = o.shop_id
            AND e.id = o.email_event_id AND e.state = 'new')
) AS ended
WHERE r.shop_id = :shop_id AND r.campaign_id = :campaign_id AND r.member_id = ended.member_id
    AND r.email_fate IN ('queued', 'unknown') -- not what feedback has told meanwhile
    AND (r.email_fate, coalesce(r.email_reason, '')) <> (ended.fate, coalesce(ended.reason, ''))
"""


def check(session: Session, shop: Shop, campaign: Campaign) -> None:
    """Raise BadCampaign with what is missing or wrong of the email's words."""
    if not setup.is_on():
        raise BadCampaign("channels", said("This installation of Encore sends no emails"))
    for field, words in (("subject", campaign.subject), ("text", campaign.text)):
        if not words:
            raise BadCampaign(field, _UNWRITTEN[field])
        check_words(words, field)
        check_fields(campaign, merging.read(words, get_mail(KIND).fields, field=field), field)
    if campaign.link_path and not campaign.button:
        raise BadCampaign("button", said("Say what stands on the button"))


def check_words(words: str, field: str) -> None:
    """Raise BadCampaign, with the line, for words whose merge fields cannot be filled."""
    try:
        merging.check(words, mail=KIND, field=field)
    except BadTemplate as error:
        words = said("Line %(line)s: %(text)s", line=error.line, text=error.words)
        raise BadCampaign(error.field, words if error.line else error.words) from error


def send(
    session: Session, shop: Shop, campaign: Campaign, told: Sequence[Told], now: datetime
) -> dict[UUID, UUID]:
    """Stage an email to each; member → its outbox event."""
    events = {one.member_id: new_id() for one in told}
    insert_rows(
        session,
        OutboxEvent,
        [
            {
                "shop_id": shop.shop_id,
                "id": events[one.member_id],
                "kind": CAMPAIGN_EMAIL_ASKED,
                "member_id": one.member_id,
                "body": _body(campaign, one),
                "state": "new",
                "created_at": now,
            }
            for one in told
        ],
    )
    ring_after_commit(session, "relay", shop.shop_id)
    return events


def settle(session: Session, campaign: Campaign, now: datetime) -> int:
    """Write down how emails under way have ended, and which doubts were cleared; how many."""
    values = {
        "shop_id": campaign.shop_id,
        "campaign_id": campaign.id,
        "no_answer": NO_ANSWER,
        "off": OFF,
    }
    return session.execute(text(_SETTLE), values).rowcount  # type: ignore[attr-defined]


def room() -> int:
    """How many may be under way: some seconds' worth of the account's rate."""
    rate = pacing.read().rate_per_s
    if rate is None:
        return _ROOM_UNKNOWN
    return max(_ROOM_MIN, min(_ROOM_MAX, int(rate * QUEUED_S)))


def read_words(
    session: Session, shop: Shop, body: Mapping[str, Any], now: datetime
) -> dict[str, Any] | None:
    """What the email of a campaign says, read before it goes; None when it must not go any more.

    Raises CampaignPaused while it is.
    """
    campaign = _find(session, shop, body)
    if campaign is None or campaign.state == "stopped":
        return None
    if campaign.state == "paused":
        raise paused()
    code = _read_code(session, shop, campaign, body, now)
    promotion = read_promotion(session, shop, campaign, now=now)
    if promotion is None or (campaign.coupon_id is not None and code is None):
        return None
    said = {"subject": campaign.subject, "text": campaign.text, **(code or {}), **promotion}
    said |= {"headline": promotion.get("promotion"), "bonus_points": campaign.bonus_points}
    if campaign.button:
        link = CampaignLink(shop.shop_id, campaign.id, UUID(str(body["member_id"])))
        said |= {"button": campaign.button, "url": campaign_url(link)}
    return said


def is_paused(session: Session, shop_id: int, event_id: UUID) -> bool:
    """Whether an email waits for its campaign: to be asked before it takes a turn of the rate."""
    campaign = _campaign_of(session, session.get(OutboxEvent, (shop_id, event_id)))
    return campaign is not None and campaign.state == "paused"


def paused() -> CampaignPaused:
    """What is said of an email that waits for its campaign."""
    return CampaignPaused("The campaign is paused", PAUSE_LOOK)


def why_over(session: Session, event: OutboxEvent | None) -> str:
    """Why `read_words` had nothing to say: a reason of a recipient's fate."""
    campaign = _campaign_of(session, event)
    return STOPPED if campaign is not None and campaign.state == "stopped" else OVER


def has_had(session: Session, event: OutboxEvent, member_id: UUID) -> bool:
    """Whether the member was told of the event's campaign as a recipient of their own."""
    if not event.body.get("campaign_id"):
        return False
    campaign_id = UUID(str(event.body["campaign_id"]))
    return had_by_another(session, event.shop_id, campaign_id, member_id, email_event_id=event.id)


def _why_not(session: Session, campaign: Campaign, members: Sequence[UUID]) -> Mapping[UUID, str]:
    return why_not(session, campaign.shop_id, members, kind=KIND, topic=campaign.topic)


def _body(campaign: Campaign, one: Told) -> dict[str, str]:
    body = {"campaign_id": str(campaign.id), "topic": campaign.topic}
    if one.coupon_code_id is not None:
        body["coupon_code_id"] = str(one.coupon_code_id)
    return body


def _find(session: Session, shop: Shop, body: Mapping[str, Any]) -> Campaign | None:
    """The campaign as it stands now; None when the event's body was emptied."""
    if not body.get("campaign_id") or not body.get("member_id"):
        return None
    key = (shop.shop_id, UUID(str(body["campaign_id"])))
    return session.get(Campaign, key, populate_existing=True)


def _read_code(
    session: Session, shop: Shop, campaign: Campaign, body: Mapping[str, Any], now: datetime
) -> dict[str, Any] | None:
    """The recipient's code, while it can be used."""
    if not body.get("coupon_code_id"):
        return None
    key = (shop.shop_id, UUID(str(body["coupon_code_id"])))
    given = session.get(CouponCode, key, populate_existing=True)
    if given is None or given.state != "ready":
        return None
    coupon = session.get_one(Coupon, (shop.shop_id, given.coupon_id), populate_existing=True)
    if coupon.error is not None or is_over(coupon, day_in(shop.timezone, now)):
        return None
    return {
        "coupon": coupon.name,
        "code": given.code,
        "valid_until": coupon.ends_on.isoformat() if coupon.ends_on else None,
    }


CHANNEL = Channel("email", check=check, why_not=_why_not, send=send, settle=settle, room=room)


def _campaign_of(session: Session, event: OutboxEvent | None) -> Campaign | None:
    campaign_id = event.body.get("campaign_id") if event else None
    if event is None or not campaign_id:
        return None
    return session.get(Campaign, (event.shop_id, UUID(str(campaign_id))))
