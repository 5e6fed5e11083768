"""The blueprint of the admin pages with all of its views, ready for the composition root."""

from shopify_app.admin import (
    adjustments,
    campaign_editor,
    campaign_forecast,
    campaign_recipients,
    campaigns,
    card_emails,
    consents,
    coupons,
    home,
    members,
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
    *(segment_editor, segments, segment_hand),
    *(campaigns, campaign_editor, campaign_forecast, campaign_recipients),
    privacy,
)

__all__ = ["VIEWS", "blueprint"]
