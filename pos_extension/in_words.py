"""Every refusal of the domain as the till is told it: a code for the program, words for people."""

from loyalty.base.errors import (
    BadAdjustment,
    BadContact,
    BadReward,
    CartTooSmall,
    DiscountRefused,
    IdempotencyConflict,
    InsufficientPoints,
    LocationNotFound,
    LoyaltyError,
    MemberHasMoved,
    MemberNotActive,
    MemberNotFound,
    NotReturnable,
    OutOfStock,
    OverDailyCap,
    OverRedeemLimit,
    ProgrammePaused,
    RedemptionNotFound,
    RewardLimitReached,
    RewardNotAvailable,
    RewardNotFound,
    SecondProofNeeded,
    TooManyTries,
    UnreadableMoney,
    WrongProof,
)
from pos_extension import refusals
from pos_extension.refusals import Refusal


def in_words(error: LoyaltyError) -> Refusal:
    """The refusal; one that nobody thought of is told with its own code."""
    match error:
        case Refusal():
            return error
        case BadAdjustment() | BadContact() | BadReward():
            return refusals.invalid(**{error.field: str(error)})
        case UnreadableMoney():
            return refusals.invalid(cart_subtotal="An amount such as 12.50 is wanted")
        case MemberNotFound():
            return refusals.unknown_member()
        case MemberNotActive():
            return refusals.not_active(error.state)
        case MemberHasMoved():
            return refusals.moved()
        case LocationNotFound():
            return refusals.unknown_location()
        case OverDailyCap():
            return refusals.over_daily_cap(error.left)
        case IdempotencyConflict():
            return refusals.client_key_reused()
    return _of_redeeming(error) or Refusal(error.status, error.code, "This cannot be done now.")


def _of_redeeming(error: LoyaltyError) -> Refusal | None:
    match error:
        case SecondProofNeeded():
            return refusals.second_proof_needed()
        case WrongProof():
            return refusals.wrong_proof(error.field, str(error))
        case TooManyTries():
            return refusals.too_many_tries(error.until.isoformat())
        case OverRedeemLimit():
            return refusals.over_redeem_limit(error.left)
        case RedemptionNotFound():
            return refusals.unknown_redemption()
        case InsufficientPoints():
            return refusals.no_reward(error.code, "There are not enough points for this reward")
        case RewardNotFound():
            return refusals.no_reward(error.code, "This reward is not offered any more")
        case RewardNotAvailable() | RewardLimitReached() | OutOfStock() | CartTooSmall():
            return refusals.no_reward(error.code, str(error))
        case DiscountRefused():
            return refusals.discount_refused(str(error))
        case ProgrammePaused() | NotReturnable():
            return refusals.no_reward(error.code, str(error))
    return None
