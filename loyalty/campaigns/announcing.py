"""What a campaign announces: a promotion that runs or is to come, as it stands when it is told.

The invariant: nobody is told of one that is over or switched off by then. Reads only.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.said import said
from loyalty.campaigns.tables import Campaign
from loyalty.programme.tables import Promotion
from loyalty.shops.tables import Shop


def why_over(promotion: Promotion, day: date) -> str | None:
    """Why it cannot be announced on that day of the shop's; None when it can."""
    if not promotion.is_active:
        return said("%(name)s is switched off", name=promotion.name)
    if promotion.ends_on is not None and promotion.ends_on < day:
        return said("%(name)s is over by then", name=promotion.name)
    return None


def read_promotion(
    session: Session, shop: Shop, campaign: Campaign, *, now: datetime
) -> dict[str, Any] | None:
    """What messages say of it: its name, and its last day as an ISO day if it has one.

    Empty for a campaign that announces none; None when it cannot be announced any more.
    """
    if campaign.promotion_id is None:
        return {}
    key = (shop.shop_id, campaign.promotion_id)
    promotion = session.get_one(Promotion, key, populate_existing=True)
    if why_over(promotion, day_in(shop.timezone, now)):
        return None
    until = promotion.ends_on.isoformat() if promotion.ends_on else None
    return {"promotion": promotion.name, "promotion_until": until}
