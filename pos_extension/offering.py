"""What a member can have for their points at the till, and the codes they hold already. Reads."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import RedemptionNotFound
from loyalty.base.money import parse_minor
from loyalty.redemption.doubts import is_in_doubt
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms
from loyalty.rewards.views import Offer
from loyalty.shops.tables import Shop
from pos_extension import refusals
from pos_extension.auth import Till

_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?", re.ASCII)
_PUBLIC_ID = re.compile(r"([1-9]\d{0,17})-([0-9a-f]{32})", re.ASCII)


def read_cart(shop: Shop, subtotal: object, currency: object) -> int | None:
    """What the cart comes to, in minor units of shop money; None in another currency.

    It decides how much of a reward is of use, never what one costs. Raises Refusal 422.
    """
    if subtotal is None:
        return None
    if not isinstance(subtotal, str) or not _AMOUNT.fullmatch(subtotal):
        raise refusals.invalid(cart_subtotal="An amount such as 12.50 is wanted")
    if currency != shop.currency:
        return None
    return parse_minor(subtotal, shop.currency)


def offer_json(offer: Offer) -> dict[str, Any]:
    """A reward as the cashier sees it; the id names no shop, for it is asked for inside one."""
    return {
        "id": str(offer.reward_id),
        "name": offer.name,
        "kind": offer.kind,
        "pricing": offer.pricing,
        "worth": offer.worth,
        "cost_points": offer.cost_points,
        "points_min": offer.points_min,
        "points_max": offer.points_max,
        "missing_points": offer.missing_points,
        "is_redeemable": offer.is_redeemable,
        "why_not": offer.why_not,
    }


def redemption_json(shop: Shop, redemption: Redemption) -> dict[str, Any]:
    """A redemption as the cashier sees it; `code` is None until it can be used.

    `is_in_doubt`: staff in the admin must say whether its store credit was paid.
    """
    terms = Terms.from_json(redemption.terms)
    return {
        "id": f"{shop.shop_id}-{redemption.id.hex}",
        "name": terms.name,
        "kind": terms.kind,
        "points": redemption.points,
        "points_returned": redemption.points_returned,
        "state": redemption.state,
        "is_in_doubt": is_in_doubt(redemption),
        "code": redemption.code if redemption.state == "issued" else None,
        "variant_id": terms.variant_id,
        "last_valid_on": _last_day(shop, redemption.expires_at),
        "warnings": [flag for flag in redemption.flags if flag.startswith("velocity_")],
    }


def _last_day(shop: Shop, expires_at: datetime | None) -> str | None:
    """It ends at a midnight, so the day before is the last one."""
    if expires_at is None:
        return None
    return day_in(shop.timezone, expires_at - timedelta(seconds=1)).isoformat()


def read_redemption_id(till: Till, text: str) -> UUID:
    """The redemption that an id on the wire names; Refusal 404 for one of another shop."""
    found = _PUBLIC_ID.fullmatch(text)
    if found is None or int(found[1]) != till.shop_id:
        raise refusals.unknown_redemption()
    return UUID(found[2])


def get_redemption(session: Session, shop_id: int, redemption_id: UUID) -> Redemption:
    """The redemption as committed by now; raises RedemptionNotFound."""
    found = session.get(Redemption, (shop_id, redemption_id), populate_existing=True)
    if found is None:
        raise RedemptionNotFound(str(redemption_id))
    return found
