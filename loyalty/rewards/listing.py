"""The rewards of a shop as they are kept. Reads only."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import RewardNotFound
from loyalty.base.said import said
from loyalty.rewards.tables import Reward


def get_reward(session: Session, shop_id: int, reward_id: UUID) -> Reward:
    """The reward as committed by now; raises RewardNotFound."""
    reward = session.get(Reward, (shop_id, reward_id), populate_existing=True)
    if reward is None:
        raise RewardNotFound(said("There is no such reward"))
    return reward


def list_rewards(session: Session, shop_id: int, *, is_active: bool = False) -> Sequence[Reward]:
    """All rewards of the shop, the cheapest first; `is_active`: only those that are offered."""
    statement = (
        select(Reward)
        .where(Reward.shop_id == shop_id)
        .order_by(Reward.cost_points, Reward.created_at, Reward.id)
        .execution_options(populate_existing=True)
    )
    if is_active:
        statement = statement.where(Reward.is_active)
    return session.scalars(statement).all()
