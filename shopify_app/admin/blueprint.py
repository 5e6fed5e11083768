"""The blueprint of the admin pages with all of its views, ready for the composition root."""

from shopify_app.admin import group_grant_members, home
from shopify_app.admin.campaigns import editor as campaign_editor
from shopify_app.admin.campaigns import forecast as campaign_forecast
from shopify_app.admin.campaigns import page as campaigns
from shopify_app.admin.campaigns import recipients as campaign_recipients
from shopify_app.admin.campaigns import trial as campaign_trial
from shopify_app.admin.insight import page as insight
from shopify_app.admin.mails import colours as mail_colours
from shopify_app.admin.mails import editor as mail_editor
from shopify_app.admin.mails import page as mails
from shopify_app.admin.members import adding as member_adding
from shopify_app.admin.members import archived as member_archived
from shopify_app.admin.members import deeds as member_deeds
from shopify_app.admin.members import file as member_file
from shopify_app.admin.members import listing as members
from shopify_app.admin.members import saved_views as member_views
from shopify_app.admin.pages import blueprint
from shopify_app.admin.profile import (
    adjustments,
    card_emails,
    one_off_email,
    one_off_push,
    order_reasons,
    tier_by_hand,
    transactions,
)
from shopify_app.admin.profile import consent as consents
from shopify_app.admin.profile import details as member_details
from shopify_app.admin.profile import erasing as member_erasing
from shopify_app.admin.profile import export as member_export
from shopify_app.admin.profile import giving_coupons as coupons
from shopify_app.admin.profile import merging as member_merging
from shopify_app.admin.profile import notes as member_notes
from shopify_app.admin.profile import page as profile
from shopify_app.admin.profile import redeeming as redemptions
from shopify_app.admin.profile import standing as member_standing
from shopify_app.admin.programme.views import PROGRAMME_VIEWS
from shopify_app.admin.segments import by_hand as segment_hand
from shopify_app.admin.segments import editor as segment_editor
from shopify_app.admin.segments import group_grants
from shopify_app.admin.segments import page as segments
from shopify_app.admin.settings import data_requests as privacy
from shopify_app.admin.settings import merge_tool
from shopify_app.admin.settings.views import SETTINGS_VIEWS

VIEWS = (
    *(home, members, profile, adjustments, redemptions, coupons, card_emails, consents),
    *(one_off_push, one_off_email, group_grants, group_grant_members),
    *(transactions, order_reasons, tier_by_hand, member_standing, member_export, member_notes),
    *(member_details, member_merging, member_erasing, merge_tool),
    *(member_adding, member_archived, member_file, member_views, member_deeds),
    *(segment_editor, segments, segment_hand),
    *(campaigns, campaign_editor, campaign_forecast, campaign_trial, campaign_recipients),
    *(mails, mail_editor, mail_colours),
    *(insight, privacy),
    *PROGRAMME_VIEWS,
    *SETTINGS_VIEWS,
)

__all__ = ["VIEWS", "blueprint"]
