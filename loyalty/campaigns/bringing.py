"""What a campaign brings besides its words, and which merge fields speak of each.

The invariant: a field of what it does not bring is empty for every recipient.
"""

from loyalty.base.errors import BadCampaign
from loyalty.base.said import N_, said
from loyalty.campaigns.tables import Campaign
from loyalty.merge_fields import Field, Parts

_NO_COUPON = N_("“%(name)s” is empty: the campaign has no coupon")
_NO_PROMOTION = N_("“%(name)s” is empty: the campaign has no promotion")
_NO_POINTS = N_("“%(name)s” is empty: the campaign has no bonus points")


def list_missing(campaign: Campaign) -> dict[str, str]:
    """Field → why nothing stands in it, with the name of the field to be filled in."""
    brings = (
        (("coupon", "code", "valid_until"), campaign.coupon_id, _NO_COUPON),
        (("promotion", "promotion_until"), campaign.promotion_id, _NO_PROMOTION),
        (("bonus_points",), campaign.bonus_points, _NO_POINTS),
    )
    return {name: why for names, brought, why in brings if brought is None for name in names}


def check_fields(campaign: Campaign, lines: tuple[Parts, ...], field: str) -> None:
    """Raise BadCampaign of `field` for a merge field that nothing stands in, for nobody."""
    missing = list_missing(campaign)
    for part in (part for line in lines for part in line if isinstance(part, Field)):
        if part.name in missing and part.fallback is None:
            raise BadCampaign(field, said(missing[part.name], name=part.name))
