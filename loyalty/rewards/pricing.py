"""What a reward costs, always worked out here: nothing that a client says of a cost is heard.

The invariant: a price is a whole number of the reward's units, within its bounds, and buys no
more than the cart can use.
"""

from dataclasses import dataclass

from loyalty.base.errors import CartTooSmall, InsufficientPoints, RewardNotAvailable
from loyalty.base.said import said
from loyalty.rewards.tables import Reward


@dataclass(frozen=True, slots=True)
class Price:
    """`points` to pay, and what they are worth in minor units where the reward is an amount."""

    points: int
    amount_minor: int | None


def price_of(
    reward: Reward, *, available: int, asked: int | None = None, cart_minor: int | None = None
) -> Price:
    """The price for who has `available` points; `asked`: so many at most, by a reward per point.

    Raises CartTooSmall, RewardNotAvailable (fewer asked than it takes) and InsufficientPoints.
    """
    if reward.pricing == "fixed":
        price = Price(reward.cost_points, reward.amount_minor)
    else:
        price = _per_point(reward, available, asked, _usable(reward, cart_minor))
    if price.points > available:
        raise InsufficientPoints(_missing(price.points - available))
    return price


def _missing(points: int) -> str:
    if points == 1:
        return said("1 point is missing")
    return said("%(points)s points are missing", points=points)


def least_points(reward: Reward) -> int:
    """The fewest points that buy it."""
    return reward.cost_points * _least_units(reward)


def most_points(reward: Reward) -> int | None:
    """The most points that it takes at once; None for no bound."""
    if reward.pricing == "fixed":
        return reward.cost_points
    return reward.points_max and reward.points_max // reward.cost_points * reward.cost_points


def _per_point(reward: Reward, available: int, asked: int | None, usable: int | None) -> Price:
    assert reward.amount_minor is not None
    least, most = _least_units(reward), most_points(reward)
    if usable is not None and usable < least:
        raise CartTooSmall(said("The cart is too small for this reward"))
    if asked is not None and asked // reward.cost_points < least:
        needed = least_points(reward)
        raise RewardNotAvailable(said("It takes at least %(points)s points", points=needed))
    # As many as one has, unless fewer were asked for; too few are missing points, not a bound.
    units = asked // reward.cost_points if asked is not None else available // reward.cost_points
    bounds = (usable, None if most is None else most // reward.cost_points)
    units = max(least, min([units, *(bound for bound in bounds if bound is not None)]))
    return Price(units * reward.cost_points, units * reward.amount_minor)


def _usable(reward: Reward, cart_minor: int | None) -> int | None:
    """How many whole units the cart can use up; store credit is used whenever one likes."""
    if cart_minor is None or reward.kind == "store_credit":
        return None
    assert reward.amount_minor is not None
    return cart_minor // reward.amount_minor


def _least_units(reward: Reward) -> int:
    if reward.pricing == "fixed":
        return 1
    return max(1, -(-(reward.points_min or 1) // reward.cost_points))
