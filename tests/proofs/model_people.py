"""All members' books kept by hand, and who is whose: merges, their undos, and what is given back.

Imports nothing of `loyalty`.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.proofs.model_accounts import Account, Debit, Home, Lot

Member = Any


@dataclass(eq=False)
class Merged:
    """A merge that stands or stood: what came along with it."""

    survivor: Member
    merged: Member
    at: datetime
    customers: frozenset[int]
    members: frozenset[Member]
    lots: list[Lot]
    is_undone: bool = False


@dataclass
class People:
    """Who has which account, and which customers and members came together in it."""

    accounts: dict[Member, Account] = field(default_factory=dict)
    of_customer: dict[int, Member] = field(default_factory=dict)
    into: dict[Member, Member] = field(default_factory=dict)
    merges: list[Merged] = field(default_factory=list)

    def present(self, member: Member) -> Member:
        """The member who has taken this one in by now, or the member."""
        while member in self.into:
            member = self.into[member]
        return member

    def owner_of(self, lot: Lot) -> Account:
        return next(account for account in self.accounts.values() if lot in account.lots)

    def give_back(self, debit: Debit, points: int, today: date, now: datetime) -> None:
        """Return points of a debit, what was taken last first, to whoever has those lots now."""
        redeemer = self.present(debit.home[1])
        if debit.is_burn:
            self.accounts[redeemer].burned[debit.home] -= points
        owners = []
        for account in self.accounts.values():
            if eased := account.ease(debit, points):
                points -= eased
                owners.append(account)
        shares = []
        for index in reversed(range(len(debit.taken))):
            lot, held = debit.taken[index]
            if share := min(points, held):
                points -= share
                debit.taken[index] = lot, held - share
                shares.append((lot, share))
        assert points == 0
        for account in [*owners, *(self.owner_of(lot) for lot, _ in shares)]:
            account.expire(today)
        for lot, share in shares:
            home = ("member", redeemer)
            self.owner_of(lot).put_back(lot, share, home, today, now)

    def merge(self, survivor: Member, merged: Member, now: datetime, today: date) -> Merged:
        """All that the other has becomes the survivor's."""
        taker, giver = self.accounts[survivor], self.accounts[merged]
        for account in (giver, taker):
            account.expire(today)
        told = Merged(
            survivor,
            merged,
            now,
            frozenset(c for c, member in self.of_customer.items() if member == merged),
            frozenset(member for member in self.accounts if self.present(member) == merged),
            list(giver.lots),
        )
        self.into[merged] = survivor
        self.of_customer |= dict.fromkeys(told.customers, survivor)
        _hand_over(giver, taker, giver.lots, giver.debts)
        for figures, others in ((taker.earned, giver.earned), (taker.burned, giver.burned)):
            figures.update(others)
            others.clear()
        self.merges.append(told)
        return told

    def undo(self, told: Merged, today: date) -> None:
        """What is left of what came goes home, and what later orders of its customers brought."""
        taker, giver = self.accounts[told.merged], self.accounts[told.survivor]
        for account in (taker, giver):
            account.expire(today)
        del self.into[told.merged]
        self.of_customer |= dict.fromkeys(told.customers, told.merged)
        homes = {("customer", customer) for customer in told.customers}
        came = [lot for lot in giver.lots if lot in told.lots]
        later = [
            lot
            for lot in giver.lots
            if lot not in told.lots and lot.is_earned and lot.home in homes
        ]
        debts = [debt for debt in giver.debts if self._is_home(debt.home, told)]
        _hand_over(giver, taker, came + later, debts)
        for there, here in ((taker.earned, giver.earned), (taker.burned, giver.burned)):
            _send_home(here, there, lambda home: self._is_home(home, told))
        told.is_undone = True

    def _is_home(self, home: Home, told: Merged) -> bool:
        return home[1] in (told.customers if home[0] == "customer" else told.members)


def _hand_over(giver: Account, taker: Account, lots: list[Lot], debts: list[Any]) -> None:
    moved = sum(lot.left for lot in lots) - sum(debt.left for debt in debts)
    taker.lots, giver.lots = taker.lots + lots, [lot for lot in giver.lots if lot not in lots]
    taker.debts += debts
    giver.debts = [debt for debt in giver.debts if debt not in debts]
    taker.moved += moved
    giver.moved -= moved
    taker.active_on = max((d for d in (taker.active_on, giver.active_on) if d), default=None)
    taker.pay_all_debts()


def _send_home(here: Counter[Home], there: Counter[Home], is_home: Any) -> None:
    for home in [home for home in here if is_home(home)]:
        there[home] += here.pop(home)
