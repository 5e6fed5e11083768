"""The traces of a shopper who redeems: a code for an order, one that waits, and a store credit."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import adjustments
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.shops.directory import get_shop
from tests.jobs.privacy.shopper import Shopper

_DANA = Actor("staff", "42")
_COST = 100
_DISCOUNT = "gid://shopify/DiscountCodeNode"
_CREDIT = "gid://shopify/StoreCreditAccountCreditTransaction"


def redeem(session: Session, who: Shopper) -> str:
    """Redeem three times, before any order; the code that an order is to carry."""
    spent = redeem_one(session, who, who.member_id, name="Five off")
    redeem_one(session, who, who.member_id, name="Tea", kind="percentage", percentage="10")
    redeem_one(session, who, who.member_id, name="Credit", kind="store_credit")
    assert spent.code is not None
    return spent.code


def redeem_one(
    session: Session, who: Shopper, member_id: UUID, *, name: str, **settings: Any
) -> Redemption:
    """A reward of this name, the points that it costs, and what Shopify made of it."""
    shop, at = get_shop(session, who.shop_id), utc_now() - timedelta(days=4)
    given: dict[str, Any] = {"name": name, "kind": "fixed_amount", "cost_points": _COST} | settings
    if given["kind"] != "percentage":
        given["amount_minor"] = 500
    reward = add_reward(session, shop, given, actor=_DANA, now=at)
    adjustments.adjust(
        session,
        who.shop_id,
        member_id,
        points=_COST,
        reason="other",
        note=None,
        order_reference=None,
        client_key=str(new_id()),
        actor=_DANA,
        now=at,
    )
    wish = Wish(reward.id, "online", new_id(), sends_email=True)
    me = Actor("member", str(member_id))
    made = reserve(session, shop, member_id, wish, actor=me, now=at)
    kind = _CREDIT if given["kind"] == "store_credit" else _DISCOUNT
    gid = f"{kind}/{made.id.int % 10**12}"
    return issue(session, who.shop_id, made.id, discount_gid=gid, now=at)
