"""Everything that may be of a person, in one list; a test holds it against the real database.

A table that is in neither list fails that test: name it here, with its part in its own package.
"""

from collections.abc import Sequence

from loyalty.campaigns import parts as campaigns
from loyalty.coupons import parts as coupons
from loyalty.group_grants import parts as group_grants
from loyalty.insights import parts as insights
from loyalty.listing import parts as listing
from loyalty.member_messages import parts as member_messages
from loyalty.privacy import ours
from loyalty.privacy.parts import Part
from loyalty.proofs import parts as proofs
from loyalty.redemption import parts as redemption
from loyalty.referrals import parts as referrals
from loyalty.segments import parts as segments
from loyalty.till import parts as till
from mailing import privacy as mailing
from pos_extension import privacy as pos_extension
from shopify_app.platform import privacy_parts as platform
from wallet import privacy as wallet

PARTS: Sequence[Part] = (
    *wallet.PARTS,
    *mailing.PARTS,
    *pos_extension.PARTS,
    *platform.PARTS,
    *till.PARTS,
    *proofs.PARTS,
    *campaigns.PARTS,
    *coupons.PARTS,
    *referrals.PARTS,
    *member_messages.PARTS,
    *group_grants.PARTS,
    *segments.PARTS,
    *insights.PARTS,
    *listing.PARTS,
    *redemption.PARTS,
    *ours.PARTS,
)
"""In the order in which they are erased: what finds its rows through others comes before them."""

NOBODYS = {
    "alembic_version": "which migrations ran",
    "apple_log": "lines of phones about our web service, dropped after 30 days",
    "badge": "the shop's",
    "backfill_run": "how far the import is",
    "campaign": "what the shop tells its members",
    "collection": "the shop's",
    "coupon": "what the shop hands out",
    "earning_rule": "the programme's",
    "earning_rule_version": "what the programme's rules were",
    "email_feedback": "which SNS messages were heard",
    "email_switch": "which emails the shop sends by itself",
    "expiry_change": "how far a change of the expiry rule has got",
    "follow_link": "where the shop can be followed",
    "google_callback": "which callbacks were heard",
    "google_class": "the shop's",
    "group_grant": "what the merchant decided to give to many",
    "insight_run": "what the shop's orders say of all its members together",
    "installation": "the shop's tokens",
    "liability_setting": "what the shop says of points",
    "location": "the shop's",
    "member_deed": "what staff decided for many members: ids, filters and how far it is",
    "mail_look": "the colours of the shop's emails",
    "mail_pace": "how much the whole installation may send",
    "mail_template": "the shop's words for its emails",
    "pass_type": "the shop's",
    "product": "the shop's",
    "product_collection": "the shop's",
    "programme": "the shop's",
    "programme_pause": "when the programme was paused",
    "promotion": "the programme's",
    "reader": "the shop's readers, and hashes of their keys",
    "reconciliation_finding": "what did not agree: numbers of Shopify's and ids",
    "reconciliation_mark": "how far each look has come",
    "reconciliation_report": "what each look came to",
    "referral_settings": "whether the shop has referrals",
    "removed_shop": "proofs without a name",
    "reward": "the shop's",
    "reward_code": "imported codes, and which redemption took each",
    "saved_view": "filters of the members list that staff gave a name",
    "segment": "the shop's groups and their rules",
    "shop": "the shop's",
    "shop_directory": "the shop's",
    "shown_definitions": "that metafields were defined",
    "staff_member": "the merchant's staff, who are no members; they go with the shop",
    "stray_webhook": "topics for shops that we do not know, without bodies",
    "tier": "the shop's",
    "till_allowance": "how much each cashier has granted and redeemed today",
    "till_limit": "how much each cashier may do in a day",
    "till_manager": "the merchant's staff, who are no members; they go with the shop",
    "till_try": "how often each cashier tried a second proof",
    "used_state": "hashes of states of grants",
}
"""Tables in which nothing is of a member or customer, each with what it holds instead."""
