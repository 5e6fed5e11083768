"""The timeline's words. An event is written in the transaction of what it tells."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.members.tables import TimelineEvent

POINTS_ADDED = "points_added"
POINTS_REMOVED = "points_removed"
MEMBER_JOINED = "member_joined"
MEMBER_ARCHIVED = "member_archived"
MEMBER_RESTORED = "member_restored"
MEMBER_MERGED = "member_merged"
MEMBER_UNMERGED = "member_unmerged"
DETAILS_CHANGED = "details_changed"
CONTACT_VERIFIED = "contact_verified"
PASS_INSTALLED = "pass_installed"
PASS_REMOVED = "pass_removed"
PASS_LINK_CLICKED = "pass_link_clicked"
PREFERENCE_CHANGED = "preference_changed"
CUSTOMER_SCANNED = "customer_scanned"
CUSTOMER_TAPPED = "customer_tapped"
EMAIL_VERIFIED = "email_verified"
BIRTHDAY_CHANGED = "birthday_changed"
SOCIAL_FOLLOWED = "social_followed"
PUSH_CREATED = "push_created"
PUSH_SENT = "push_sent"
PUSH_FAILED = "push_failed"
TIER_CHANGED = "tier_changed"
BADGE_EARNED = "badge_earned"
POINTS_EXPIRING = "points_expiring"
EXPIRY_BEGAN = "expiry_began"
REWARD_REDEEMED = "reward_redeemed"
REWARD_REDEEMABLE = "reward_redeemable"
REWARD_USED = "reward_used"
REWARD_RETURNED = "reward_returned"
COUPON_ASSIGNED = "coupon_assigned"
COUPON_USED = "coupon_used"
COUPON_REFUSED = "coupon_refused"
REFERRAL_CLAIMED = "referral_claimed"
REFERRAL_REWARDED = "referral_rewarded"
REFERRAL_REVERSED = "referral_reversed"
EMAIL_ASKED = "email_asked"
EMAIL_SENT = "email_sent"
EMAIL_FAILED = "email_failed"
EMAIL_BOUNCED = "email_bounced"
EMAIL_BOUNCE_CLEARED = "email_bounce_cleared"
EMAIL_COMPLAINED = "email_complained"
EMAIL_UNSUBSCRIBED = "email_unsubscribed"
EMAIL_TOPICS_CHOSEN = "email_topics_chosen"
CONSENT_CHANGED = "consent_changed"
CAMPAIGN_JOINED = "campaign_joined"
CAMPAIGN_DISJOINED = "campaign_disjoined"
CHURN_CHANGED = "churn_changed"
NOTE = "note"


def note_event(
    session: Session,
    shop_id: int,
    member_id: UUID,
    kind: str,
    occurred_at: datetime,
    **details: Any,
) -> None:
    """Stage one event; `details` hold what the page shows: points, reason, order, platform."""
    session.add(
        TimelineEvent(
            shop_id=shop_id,
            id=new_id(),
            member_id=member_id,
            kind=kind,
            occurred_at=occurred_at,
            details=details,
        )
    )
