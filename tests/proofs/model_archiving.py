"""A member's points put away and brought back, by hand: what was away is all there again.

Imports nothing of `loyalty`.
"""

from dataclasses import dataclass
from datetime import date

from tests.proofs.model_accounts import Account, Lot


@dataclass(eq=False)
class Away:
    """What each lot held when its owner was put away."""

    held: list[tuple[Lot, int]]

    @property
    def points(self) -> int:
        return sum(points for _, points in self.held)


def put_away(account: Account, today: date) -> Away:
    """Empty every lot; nothing holds what was on hold any more, so it counts as earned."""
    account.expire(today)
    held = [(lot, lot.left) for lot in account.lots if lot.left]
    for lot, points in held:
        if not lot.is_free and lot.is_earned:
            account.earned[lot.home] += points
        account.moved -= points
        lot.left = 0
    return Away(held)


def bring_back(account: Account, away: Away, today: date) -> None:
    """Fill the lots again, then expire those whose last day has passed meanwhile."""
    for lot, points in away.held:
        account.moved += points
        lot.left += points
        if lot.is_free:
            account.pay_debts(lot)
        elif lot.is_earned:
            account.earned[lot.home] -= points
    account.expire(today)
