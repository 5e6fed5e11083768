"""What a card says of rewards: the dearest that can be had now, and the newest that came in reach.

Cards of a shop without rewards say nothing of them, and stay as they are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.rewards.crossing import list_newest
from loyalty.rewards.eligibility import Circumstances, read_circumstances, refusal_of
from loyalty.rewards.listing import list_rewards
from loyalty.rewards.pricing import least_points
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop

NOTHING = "–"
_CHANNELS = ("online", "till")


def list_reward_texts(
    session: Session, shop: Shop, available: Mapping[UUID, int], *, now: datetime
) -> dict[UUID, dict[str, Any]]:
    """What each of these members' cards says, by their points; empty where there are no rewards.

    A pause takes none off the cards: it ends, and they would all change twice.
    `reward`: the name, or NOTHING; `reward_news`: the event that told of one coming in reach.
    """
    rewards = list_rewards(session, shop.shop_id)
    if not rewards:
        return {}
    # The dearest first: it is the one that was saved for.
    offered = sorted((one for one in rewards if one.is_active), key=least_points, reverse=True)
    stands = read_circumstances(session, shop, offered, list(available), now=now).lasting()
    newest = list_newest(session, shop.shop_id, list(available))
    return {
        member_id: {"reward": _best(offered, member_id, points, stands)}
        | ({"reward_news": str(newest[member_id].event_id)} if member_id in newest else {})
        for member_id, points in available.items()
    }


def _best(rewards: Sequence[Reward], member_id: UUID, points: int, stands: Circumstances) -> str:
    in_reach = (one for one in rewards if least_points(one) <= points)
    had = (one.name for one in in_reach if _can_be_had(one, member_id, stands))
    return next(had, NOTHING)


def _can_be_had(reward: Reward, member_id: UUID, stands: Circumstances) -> bool:
    return any(
        refusal_of(reward, member_id, stands, channel=channel) is None for channel in _CHANNELS
    )
