"""The blueprint of the admin pages with all of its views, ready for the composition root."""

from shopify_app.admin import (
    adjustments,
    campaign_editor,
    campaign_forecast,
    campaign_recipients,
    campaign_trial,
    campaigns,
    card_emails,
    consents,
    coupons,
    group_grant_members,
    group_grants,
    home,
    mail_editor,
    mails,
    members,
    one_off_email,
    one_off_push,
    privacy,
    profile,
    redemptions,
    segment_editor,
    segment_hand,
    segments,
)
from shopify_app.admin.pages import blueprint

VIEWS = (
    *(home, members, profile, adjustments, redemptions, coupons, card_emails, consents),
    *(one_off_push, one_off_email, group_grants, group_grant_members),
    *(segment_editor, segments, segment_hand),
    *(campaigns, campaign_editor, campaign_forecast, campaign_trial, campaign_recipients),
    *(mails, mail_editor),
    privacy,
)

__all__ = ["VIEWS", "blueprint"]
