"""Which imported codes are free.

The invariant: what was given, or what an order has used, is given to nobody.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists

from loyalty.orders.tables import OrderCode
from loyalty.rewards.tables import RewardCode


def is_free(shop_id: int, reward_id: UUID) -> ColumnElement[bool]:
    """Where a code of this reward can be given: no redemption has it, and no order carries it."""
    is_used = exists().where(OrderCode.shop_id == shop_id, OrderCode.code == RewardCode.code)
    return and_(
        RewardCode.shop_id == shop_id,
        RewardCode.reward_id == reward_id,
        RewardCode.redemption_id.is_(None),
        ~is_used,
    )
