"""Points that were spent on a reward, whose code an order then carried."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from loyalty.orders.facts import CodeFacts, OrderFacts
from loyalty.orders.recording import record_all
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from tests.factories.facts import a_line, an_order
from tests.loyalty.earning.cast import no_rules

_ACTOR = Actor("member", "alice")


def redeemed_for(
    session: Session, shop: Shop, member: Member, *, points: int, amount_minor: int, at: datetime
) -> OrderFacts:
    """`points` bought a code, which took `amount_minor` off an order; from now on no rule earns."""
    no_rules(session, shop)
    reward = Reward(
        shop_id=shop.shop_id,
        id=new_id(),
        name="Some off",
        kind="fixed_amount",
        cost_points=points,
        amount_minor=amount_minor,
        percentage=None,
        created_at=at,
    )
    session.add(reward)
    session.flush()
    wish = Wish(reward.id, "online", uuid4())
    made = reserve(session, shop, member.id, wish, actor=_ACTOR, now=at)
    issue(session, shop.shop_id, made.id, discount_gid="gid://shopify/DiscountCodeNode/1", now=at)
    assert made.code
    order = an_order(
        uuid4().int % 10**9,
        a_line(1, gross_minor=amount_minor + 5000, discount_minor=amount_minor),
        codes=(CodeFacts(made.code, amount_minor, ((1, amount_minor),)),),
        created_at=at,
        processed_at=at,
        updated_at=at,
    )
    record_all(session, shop, [order], now=at, is_backfill=False)
    return order


def edited_away(session: Session, shop: Shop, order: OrderFacts, *, at: datetime) -> None:
    """The code is taken off the order, which costs its full price from now on."""
    (line,) = order.lines
    edited = replace(order, lines=(replace(line, discount_minor=0),), codes=(), updated_at=at)
    record_all(session, shop, [edited], now=at, is_backfill=False)
