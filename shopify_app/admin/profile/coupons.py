"""What the profile shows of coupons: those that can be given now, and those the member has."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.coupons.saving import list_handed_out
from loyalty.coupons.tables import Coupon
from loyalty.coupons.views import MemberCoupon, list_of
from loyalty.coupons.words import worth_of
from loyalty.shops.directory import get_shop
from shopify_app.admin.languages import N_, _
from shopify_app.admin.profile.choice_form import ChoiceForm

STATES = {
    "making": (N_("Code is being made"), "info"),
    "ready": (N_("Can be used"), "success"),
    "early": (N_("Not yet"), "info"),
    "used": (N_("Used"), ""),
    "over": (N_("Over"), ""),
    "refused": (N_("Refused by Shopify"), "critical"),
}


@dataclass(frozen=True, slots=True)
class MemberCoupons:
    """What can be given with its worth, what they have, the next one’s key, what was chosen."""

    to_give: list[tuple[Coupon, str]]
    held: list[MemberCoupon]
    states: dict[str, tuple[str, str]]
    client_key: str
    form: ChoiceForm

    @property
    def has_any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.to_give or self.held)


def read_coupons(
    session: Session, member_id: UUID, *, form: ChoiceForm | None = None
) -> dict[str, Any]:
    """The member's coupons, and those of the shop that are handed out, with a fresh key."""
    shop, now = get_shop(session, g.shop_id), utc_now()
    handed_out = list_handed_out(session, g.shop_id, day_in(shop.timezone, now))
    coupons = MemberCoupons(
        to_give=[(coupon, worth_of(coupon, shop)) for coupon in handed_out],
        held=list_of(session, g.shop_id, member_id, now),
        states={state: (_(label), tone) for state, (label, tone) in STATES.items()},
        client_key=str(uuid4()),
        form=form or ChoiceForm(),
    )
    return {"coupons": coupons}
