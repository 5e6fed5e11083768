"""The rewards as a member sees them: what each costs, what is missing, and why it cannot be had.

The invariant: an offer is redeemable when, and only when, a redemption of it would be accepted now.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import MemberNotFound
from loyalty.base.said import said
from loyalty.catalogue.tables import Product
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.ledger.tables import Lot
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.rewards.deciding import Verdict, decide
from loyalty.rewards.eligibility import Circumstances, is_visible, read_circumstances
from loyalty.rewards.listing import list_rewards
from loyalty.rewards.pricing import least_points, most_points
from loyalty.rewards.tables import Reward
from loyalty.rewards.words import worth_of
from loyalty.shops.tables import Shop


@dataclass(frozen=True, slots=True)
class Offer:
    """One reward for one member. `cost_points`: what it costs now, with this cart.

    `points_min` and `points_max` bound a reward per point; None for others, or without a bound.
    `missing_points`: how many more points it takes. `why_not`: in words, None when redeemable.
    `worth`: in words. Money in minor units of shop money.
    """

    reward_id: UUID
    name: str
    kind: str
    pricing: str
    cost_points: int
    points_min: int | None
    points_max: int | None
    amount_minor: int | None
    minimum_cart_minor: int
    missing_points: int
    is_redeemable: bool
    why_not: str | None
    worth: str


def list_offers(
    session: Session,
    shop: Shop,
    member_id: UUID,
    *,
    channel: str,
    now: datetime,
    cart_minor: int | None = None,
) -> list[Offer]:
    """What the member is offered in this channel, the cheapest first.

    Rewards that have not begun, are over, or belong to another channel are left out; one that is
    for another tier, out of stock or used up says so. Raises MemberNotFound. Reads only.
    """
    row = session.execute(
        select(Member.state, MemberBalance)
        .join(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Member.shop_id == shop.shop_id, Member.id == member_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise MemberNotFound(str(member_id))
    rewards = [
        reward
        for reward in list_rewards(session, shop.shop_id, is_active=True)
        if is_visible(reward, channel)
    ]
    stands = read_circumstances(session, shop, rewards, [member_id], now=now)
    shown = [reward for reward in rewards if _is_in_season(reward, stands)]
    if not shown:
        return []
    titles = _product_titles(session, shop.shop_id, shown)
    closed = None if row.state == "active" else said("This account is not active")
    available = _available(session, shop, row.MemberBalance, now)
    offers = []
    for reward in shown:
        verdict = decide(
            reward, member_id, stands, channel=channel, available=available, cart_minor=cart_minor
        )
        title = titles.get(reward.product_id or 0)
        offers.append(_offer(reward, shop, available, verdict, closed, title))
    return offers


def _available(session: Session, shop: Shop, balance: MemberBalance, now: datetime) -> int:
    """What can be spent: less what was over at midnight, for which the nightly run has yet to come.

    The books are opened to look, where a look at the lots says so, and never written.
    """
    if not _may_be_over(session, shop, balance, now):
        return balance.available
    books = Books.of(session, balance, now=now)
    dying.expire_dead(books, balance.member_id)
    return books.balance(balance.member_id).available


def _may_be_over(session: Session, shop: Shop, balance: MemberBalance, now: datetime) -> bool:
    """Whether a lot's own last day is over; by inactivity only the books can tell."""
    if get_programme(session, shop.shop_id).expiry_mode == "inactivity":
        return True
    over = select(Lot.id).where(
        Lot.shop_id == shop.shop_id,
        Lot.member_id == balance.member_id,
        Lot.points_left > 0,
        Lot.last_valid_on < day_in(shop.timezone, now),
    )
    return session.scalar(select(over.exists())) or False


def _is_in_season(reward: Reward, stands: Circumstances) -> bool:
    has_begun = reward.starts_on is None or reward.starts_on <= stands.today
    return has_begun and (reward.ends_on is None or stands.today <= reward.ends_on)


def _product_titles(session: Session, shop_id: int, rewards: Collection[Reward]) -> dict[int, str]:
    wanted = {reward.product_id for reward in rewards if reward.product_id}
    if not wanted:
        return {}
    rows = session.execute(
        select(Product.product_id, Product.title).where(
            Product.shop_id == shop_id, Product.product_id.in_(wanted)
        )
    )
    return {row.product_id: row.title for row in rows}


def _offer(
    reward: Reward,
    shop: Shop,
    available: int,
    verdict: Verdict,
    closed: str | None,
    product_title: str | None,
) -> Offer:
    cost, amount = least_points(reward), reward.amount_minor
    if verdict.price is not None:
        cost, amount = verdict.price.points, verdict.price.amount_minor
    why_not = closed or (verdict.refusal.args[0] if verdict.refusal is not None else None)
    is_per_point = reward.pricing == "per_point"
    return Offer(
        reward_id=reward.id,
        name=reward.name,
        kind=reward.kind,
        pricing=reward.pricing,
        cost_points=cost,
        points_min=least_points(reward) if is_per_point else None,
        points_max=most_points(reward) if is_per_point else None,
        amount_minor=amount,
        minimum_cart_minor=reward.minimum_cart_minor,
        missing_points=max(0, least_points(reward) - available),
        is_redeemable=why_not is None,
        why_not=why_not,
        worth=worth_of(reward, shop, product_title),
    )
