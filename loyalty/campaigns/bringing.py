"""What a campaign brings besides its words, and which merge fields speak of each.

The invariant: a field of what it does not bring is empty for every recipient.
"""

from loyalty.base.errors import BadCampaign
from loyalty.campaigns.tables import Campaign
from loyalty.merge_fields import Field, Parts


def list_missing(campaign: Campaign) -> dict[str, str]:
    """Field → what the campaign would have to bring for it."""
    brings = (
        (("coupon", "code", "valid_until"), campaign.coupon_id, "coupon"),
        (("promotion", "promotion_until"), campaign.promotion_id, "promotion"),
        (("bonus_points",), campaign.bonus_points, "bonus points"),
    )
    return {name: what for names, brought, what in brings if brought is None for name in names}


def check_fields(campaign: Campaign, lines: tuple[Parts, ...], field: str) -> None:
    """Raise BadCampaign of `field` for a merge field that nothing stands in, for nobody."""
    missing = list_missing(campaign)
    for part in (part for line in lines for part in line if isinstance(part, Field)):
        if part.name in missing and part.fallback is None:
            what = missing[part.name]
            raise BadCampaign(field, f"“{part.name}” is empty: the campaign has no {what}")
