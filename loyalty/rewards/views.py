"""The rewards as a member sees them: what each costs, what is missing, and why it cannot be had.

The invariant: an offer is redeemable when, and only when, a redemption of it would be accepted now.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import LoyaltyError, MemberNotFound
from loyalty.catalogue.tables import Product
from loyalty.ledger import dying
from loyalty.ledger.books import Books
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.rewards.eligibility import Circumstances, is_visible, read_circumstances, refusal_of
from loyalty.rewards.listing import list_rewards
from loyalty.rewards.pricing import least_points, most_points, price_of
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
    titles = _product_titles(session, shop.shop_id, shown)
    closed = _why_closed(session, shop.shop_id, row.state)
    available = _available(session, row.MemberBalance, now)
    offers = []
    for reward in shown:
        refusal: LoyaltyError | str | None = closed or refusal_of(
            reward, member_id, stands, channel=channel, cart_minor=cart_minor
        )
        title = titles.get(reward.product_id or 0)
        offers.append(_offer(reward, shop, available, cart_minor, refusal, title))
    return offers


def list_redeemable(
    session: Session,
    shop: Shop,
    available: Mapping[UUID, int],
    *,
    channels: Collection[str] = ("online", "till"),
    now: datetime,
) -> dict[UUID, list[Reward]]:
    """What each of these active members could redeem with so many points, the dearest first.

    In any of `channels`; a member who can have nothing has an empty list. A few statements, however
    many members they are. Reads only.
    """
    found: dict[UUID, list[Reward]] = {member_id: [] for member_id in available}
    rewards = list_rewards(session, shop.shop_id, is_active=True)
    if not rewards or get_programme(session, shop.shop_id).paused_at is not None:
        return found
    stands = read_circumstances(session, shop, rewards, available, now=now)
    for reward in reversed(rewards):
        for member_id, points in available.items():
            refusals = (refusal_of(reward, member_id, stands, channel=each) for each in channels)
            if points >= least_points(reward) and None in refusals:
                found[member_id].append(reward)
    return found


def _available(session: Session, balance: MemberBalance, now: datetime) -> int:
    """What can be spent: less what was over at midnight, for which the nightly run has yet to come.

    The books are opened to look, and never written.
    """
    books = Books.of(session, balance, now=now)
    dying.expire_dead(books, balance.member_id)
    return books.balance(balance.member_id).available


def _is_in_season(reward: Reward, stands: Circumstances) -> bool:
    has_begun = reward.starts_on is None or reward.starts_on <= stands.today
    return has_begun and (reward.ends_on is None or stands.today <= reward.ends_on)


def _why_closed(session: Session, shop_id: int, state: str) -> str | None:
    """What stands against every reward."""
    if state != "active":
        return "This account is not active"
    if get_programme(session, shop_id).paused_at is not None:
        return "The programme is paused"
    return None


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
    cart_minor: int | None,
    refusal: LoyaltyError | str | None,
    product_title: str | None,
) -> Offer:
    cost, amount = least_points(reward), reward.amount_minor
    try:
        price = price_of(reward, available=available, cart_minor=cart_minor)
        cost, amount = price.points, price.amount_minor
    except LoyaltyError as error:
        # What is missing in points is a number of its own; what else is wrong comes first.
        refusal = refusal or error
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
        is_redeemable=refusal is None,
        why_not=str(refusal) if refusal is not None else None,
        worth=worth_of(reward, shop, product_title),
    )
