"""Whether a member can redeem a reward, and for how many points.

The invariant: what is offered and what a redemption accepts is decided here, for both alike.
"""

from dataclasses import dataclass
from uuid import UUID

from loyalty.base.errors import LoyaltyError
from loyalty.rewards.eligibility import Circumstances, refusal_of, refusal_of_credit
from loyalty.rewards.pricing import Price, price_of
from loyalty.rewards.tables import Reward


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refusal`: why not, None when they can. `price`: None where points or cart are too small."""

    price: Price | None
    refusal: LoyaltyError | None


def decide(
    reward: Reward,
    member_id: UUID,
    stands: Circumstances,
    *,
    channel: str,
    available: int,
    asked: int | None = None,
    cart_minor: int | None = None,
) -> Verdict:
    """Decide for an active member who has `available` points; `asked`: so many at most.

    What stands against the reward comes before what is missing in points.
    """
    refusal = refusal_of(reward, member_id, stands, channel=channel, cart_minor=cart_minor)
    try:
        price = price_of(reward, available=available, asked=asked, cart_minor=cart_minor)
    except LoyaltyError as error:
        return Verdict(None, refusal or error)
    if refusal is None:
        refusal = refusal_of_credit(reward, member_id, stands, price.amount_minor)
    return Verdict(price, refusal)


def price_or_refuse(verdict: Verdict) -> Price:
    """The price; raises the refusal."""
    if verdict.refusal is not None:
        raise verdict.refusal
    assert verdict.price is not None
    return verdict.price
