"""What the customer's page may say of the till: nothing, where there may be none.

A place in Shopify proves no till: shops that only sell online have one, too. What was done at a
till proves it.
"""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.orders.tables import Order
from loyalty.rewards.eligibility import is_visible
from loyalty.rewards.tables import Reward
from loyalty.till.tables import TillAllowance


def list_rewards_at_till(session: Session, shop_id: int, member_id: UUID) -> set[UUID]:
    """The rewards that the member may redeem at a till of the shop, if it is seen to have one."""
    if not _has_till(session, shop_id, member_id):
        return set()
    rewards = session.scalars(select(Reward).where(Reward.shop_id == shop_id))
    return {reward.id for reward in rewards if is_visible(reward, "till")}


def _has_till(session: Session, shop_id: int, member_id: UUID) -> bool:
    """Whether anybody was given or redeemed points at one, or the member joined or bought there."""
    was_used = exists().where(TillAllowance.shop_id == shop_id)
    member = (Member.shop_id == shop_id) & (Member.id == member_id)
    order = (Order.shop_id == shop_id) & (Order.member_id == member_id)
    has_joined = exists().where(member, Member.enrolled_by == "till")
    has_bought = exists().where(order, Order.source_name == "pos")
    return bool(session.scalar(select(was_used | has_joined | has_bought)))
