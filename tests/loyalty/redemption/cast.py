"""Rewards and wishes in one line: Alice has points, Aurora a reward for 5.00 that costs 100."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import Member
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

STAFF = Actor("staff", "1")
GID = "gid://shopify/DiscountCodeNode/1"


def a_reward(session: Session, shop: Shop, **settings: Any) -> Reward:
    """5.00 off for 100 points."""
    given: dict[str, Any] = {"name": "Five off", "kind": "fixed_amount", "cost_points": 100}
    if settings.get("kind", "fixed_amount") in ("fixed_amount", "store_credit"):
        given["amount_minor"] = 500
    return add_reward(session, shop, given | settings, actor=STAFF, now=NOON)


def have_points(
    session: Session, member: Member, points: int, *, at: datetime = NOON, **options: Any
) -> None:
    """So many points more."""
    balance = lock_balance(session, member.shop_id, member.id)
    cause = Cause("grant", f"grant:{uuid4()}", "test", "1", "system:test", at)
    credit(session, balance, cause, points=points, now=at, **options)


def a_wish(reward: Reward, **changes: Any) -> Wish:
    """On the customer's page, once."""
    facts: dict[str, Any] = {"reward_id": reward.id, "channel": "online", "client_key": uuid4()}
    return Wish(**facts | changes)


def reserved(
    session: Session,
    shop: Shop,
    member: Member,
    reward: Reward,
    *,
    at: datetime = NOON,
    **changes: Any,
) -> Redemption:
    """A redemption whose code is being made."""
    actor = Actor("member", str(member.id))
    return reserve(session, shop, member.id, a_wish(reward, **changes), actor=actor, now=at)


def issued(
    session: Session,
    shop: Shop,
    member: Member,
    reward: Reward,
    *,
    at: datetime = NOON,
    **changes: Any,
) -> Redemption:
    """A redemption whose code can be used."""
    redemption = reserved(session, shop, member, reward, at=at, **changes)
    return issue(session, shop.shop_id, redemption.id, discount_gid=gid_of(redemption.id), now=at)


def gid_of(redemption_id: UUID) -> str:
    """What Shopify calls its discount."""
    return f"gid://shopify/DiscountCodeNode/{redemption_id.int % 10**12}"
