"""Campaigns' part in what is held of a person: that they were told, and what they did with it."""

from collections.abc import Sequence

from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.privacy.parts import Blank, Moves, Part, by_member

PARTS: Sequence[Part] = (
    Part(
        CampaignRecipient,
        by_member(CampaignRecipient),
        "Campaigns",
        # The counts of a campaign stay right; what a mailbox said of them goes.
        Blank(
            {"email_reason": None, "push_reason": None},
            keeps=(
                *("shop_id", "campaign_id", "member_id", "number", "is_held_out", "email_fate"),
                *("push_fate", "fate", "turn_at", "email_event_id", "coupon_code_id"),
                *("opened_at", "clicked_at"),
            ),
        ),
        Moves("points at the survivor, who is a recipient once"),
        named={"campaign_id": Campaign.name},
    ),
)
