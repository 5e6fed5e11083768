"""Whether a member may have a reward now, whatever it costs, and in words why not. Reads only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from loyalty.actions.periods import period_of
from loyalty.base.bulk import among_many
from loyalty.base.clock import day_in
from loyalty.base.errors import (
    CartTooSmall,
    LoyaltyError,
    OutOfStock,
    ProgrammePaused,
    RewardLimitReached,
    RewardNotAvailable,
)
from loyalty.base.said import N_, said
from loyalty.programme.rules import get_programme
from loyalty.redemption.credit_windows import list_under_way
from loyalty.redemption.tables import Redemption
from loyalty.rewards.free_codes import is_free
from loyalty.rewards.tables import Reward, RewardCode
from loyalty.shops.tables import Shop
from loyalty.tiers.views import list_tiers_of

CHANNELS = ("till", "online", "admin", "operator")
_SEEN_AT = {
    "till": ("everywhere", "till"),
    "online": ("everywhere", "online"),
    "admin": ("everywhere", "till", "online", "hidden"),
    "operator": ("everywhere", "till", "online", "hidden"),
}
_PAUSED = N_("The programme is paused: nothing can be redeemed until it goes on")
_ON_ITS_WAY = said("Another store credit of this amount is being paid: try again in a minute")
_IN_DOUBT = said(
    "It is not known whether a store credit of this amount was just paid: try again in half an hour"
)
_ONCE = {
    "ever": said("Redeemed once: that is the limit"),
    "day": said("Redeemed once a day: that is the limit"),
    "week": said("Redeemed once a week: that is the limit"),
    "month": said("Redeemed once a month: that is the limit"),
    "year": said("Redeemed once a year: that is the limit"),
}
_OFTEN = {
    "ever": N_("Redeemed %(times)s times: that is the limit"),
    "day": N_("Redeemed %(times)s times a day: that is the limit"),
    "week": N_("Redeemed %(times)s times a week: that is the limit"),
    "month": N_("Redeemed %(times)s times a month: that is the limit"),
    "year": N_("Redeemed %(times)s times a year: that is the limit"),
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What stands now for some members and rewards: tiers, redemptions so far, stock.

    `being_paid`: members → amounts of store credit that may not be paid to them just now; True:
    because it is not known whether one was paid, False: because one is on its way.
    """

    is_paused: bool
    today: date
    tiers: Mapping[UUID, str]
    uses: Mapping[tuple[UUID, UUID], int]
    in_stock: Collection[UUID]
    being_paid: Mapping[UUID, Mapping[int, bool]]

    def lasting(self) -> "Circumstances":
        """The same without what passes, a pause or a payment: nothing is told again for its end."""
        return replace(self, is_paused=False, being_paid={})


def read_circumstances(
    session: Session,
    shop: Shop,
    rewards: Collection[Reward],
    member_ids: Collection[UUID],
    *,
    now: datetime,
) -> Circumstances:
    """Read it all, in few statements however many members they are, and none for what none asks."""
    tiers = {}
    if any(reward.tier_ids for reward in rewards):
        found = list_tiers_of(session, shop.shop_id, member_ids)
        tiers = {member_id: str(rung.id) for member_id, rung in found.items()}
    uses: dict[tuple[UUID, UUID], int] = {}
    for period in {reward.limit_period for reward in rewards if reward.limit_per_member}:
        limited = [r.id for r in rewards if r.limit_per_member and r.limit_period == period]
        uses |= _uses(session, shop, limited, member_ids, _began_at(shop, period, now))
    stocked = [reward.id for reward in rewards if reward.code_source == "stock"]
    in_stock = _in_stock(session, shop.shop_id, stocked)
    being_paid: Mapping[UUID, Mapping[int, bool]] = {}
    if any(reward.kind == "store_credit" for reward in rewards):
        being_paid = list_under_way(session, shop.shop_id, member_ids, now=now)
    return Circumstances(
        is_paused=get_programme(session, shop.shop_id).paused_at is not None,
        today=day_in(shop.timezone, now),
        tiers=tiers,
        uses=uses,
        in_stock=in_stock,
        being_paid=being_paid,
    )


def refusal_of(
    reward: Reward,
    member_id: UUID,
    stands: Circumstances,
    *,
    channel: str,
    cart_minor: int | None = None,
) -> LoyaltyError | None:
    """Why the member cannot have it, in words for whoever asks; None when they can."""
    if stands.is_paused:
        return ProgrammePaused(said(_PAUSED))
    if not reward.is_active:
        return RewardNotAvailable(said("This reward is not offered any more"))
    if reward.starts_on is not None and stands.today < reward.starts_on:
        return RewardNotAvailable(said("This reward begins on %(day)s", day=reward.starts_on))
    if reward.ends_on is not None and stands.today > reward.ends_on:
        return RewardNotAvailable(said("This reward ended on %(day)s", day=reward.ends_on))
    if not is_visible(reward, channel):
        return RewardNotAvailable(said("This reward is not offered here"))
    if reward.tier_ids and stands.tiers.get(member_id) not in reward.tier_ids:
        return RewardNotAvailable(said("This reward is for another tier"))
    limit = reward.limit_per_member
    if limit and stands.uses.get((member_id, reward.id), 0) >= limit:
        return RewardLimitReached(_say_limit(limit, reward.limit_period))
    if reward.code_source == "stock" and reward.id not in stands.in_stock:
        return OutOfStock(said("This reward is out of stock"))
    if cart_minor is not None and cart_minor < reward.minimum_cart_minor:
        return CartTooSmall(said("The cart is too small for this reward"))
    return None


def _say_limit(limit: int, period: str) -> str:
    return _ONCE[period] if limit == 1 else said(_OFTEN[period], times=limit)


def refusal_of_credit(
    reward: Reward, member_id: UUID, stands: Circumstances, amount_minor: int | None
) -> LoyaltyError | None:
    """Why the member cannot be paid so much store credit now; None when they can.

    Shopify takes no key with a credit: two of one amount at a time could not be told apart.
    """
    if reward.kind == "store_credit" and member_id in stands.being_paid:
        assert amount_minor is not None
        is_in_doubt = stands.being_paid[member_id].get(amount_minor)
        if is_in_doubt is not None:
            return RewardNotAvailable(_IN_DOUBT if is_in_doubt else _ON_ITS_WAY)
    return None


def is_visible(reward: Reward, channel: str) -> bool:
    """Whether the reward is offered in this channel; staff see all."""
    return reward.visibility in _SEEN_AT[channel]


def _began_at(shop: Shop, period: str, now: datetime) -> datetime | None:
    """When the shop's present day, week (from Monday), month or year began; None for ever."""
    if period == "ever":
        return None
    today = day_in(shop.timezone, now)
    first = today if period == "day" else period_of(period, today).first_on
    return datetime.combine(first, time.min, ZoneInfo(shop.timezone)).astimezone(UTC)


def _uses(
    session: Session,
    shop: Shop,
    reward_ids: Collection[UUID],
    member_ids: Collection[UUID],
    since: datetime | None,
) -> dict[tuple[UUID, UUID], int]:
    """Redemptions since then by member and reward; what was returned whole does not count."""
    statement = (
        select(Redemption.member_id, Redemption.reward_id, func.count())
        .where(
            Redemption.shop_id == shop.shop_id,
            among_many(Redemption.member_id, member_ids),
            Redemption.reward_id.in_(reward_ids),
            Redemption.state != "returned",
            Redemption.reserved_at >= since if since is not None else true(),
        )
        .group_by(Redemption.member_id, Redemption.reward_id)
    )
    return {(member, reward): count for member, reward, count in session.execute(statement)}


def _in_stock(session: Session, shop_id: int, reward_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the rewards that have a free code; each asks the index for one."""
    return {reward_id for reward_id in reward_ids if _has_code(session, shop_id, reward_id)}


def _has_code(session: Session, shop_id: int, reward_id: UUID) -> bool:
    statement = select(RewardCode.code).where(is_free(shop_id, reward_id)).limit(1)
    return session.scalar(statement) is not None


def expires_at(shop: Shop, validity_days: int, now: datetime) -> datetime:
    """The local midnight after the shop's day that lies `validity_days` ahead."""
    day = day_in(shop.timezone, now) + timedelta(days=validity_days + 1)
    return datetime.combine(day, time.min, ZoneInfo(shop.timezone)).astimezone(UTC)
