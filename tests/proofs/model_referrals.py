"""What becomes of referrals by what has arrived of the friends' orders.

Worked out from the rules' text alone: imports nothing of `loyalty`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.proofs.model_accounts import Lot
from tests.proofs.model_orders import KnownOrder
from tests.proofs.model_people import Member, People

GIVEN = {"friend": 40, "advocate": 110}
MINIMUM_MINOR = 3000
_CLAIMS_MAX, _WITHIN = 10, timedelta(days=7)
_OPEN = ("waiting", "held", "failed", "paid")


@dataclass(eq=False)
class Claim:
    """A friend who came by a member's link; `paid`: by side the lot, and whom it was given to."""

    number: int
    advocate: Member
    friend: Member
    came_at: datetime
    state: str = "waiting"
    paid: dict[str, tuple[Lot, Member]] = field(default_factory=dict)


@dataclass
class Referrals:
    """All of a shop's, the oldest first."""

    people: People
    hold_days: int
    claims: list[Claim] = field(default_factory=list)

    def come(
        self, advocate: Member, friend: Member, orders: Iterable[KnownOrder], now: datetime
    ) -> Claim:
        """A claim as it is taken."""
        claim = Claim(len(self.claims), advocate, friend, now)
        self.claims.append(claim)
        is_blocked = (
            advocate == friend
            or self._has_earlier(claim, orders)
            or any(self._is_other(claim, other) for other in self.claims)
        )
        of_link = [
            other
            for other in self.claims
            if self.people.present(other.advocate) == advocate and other.came_at > now - _WITHIN
        ]
        if is_blocked:
            claim.state = "blocked"
        elif len(of_link) > _CLAIMS_MAX:
            claim.state = "flagged"
        return claim

    def look(self, claim: Claim, orders: list[KnownOrder], today: date, now: datetime) -> None:
        """Bring a claim to what the friend's orders say."""
        if claim.state not in _OPEN:
            return
        if self._has_earlier(claim, orders):
            self._end(claim, "blocked", today)
        elif claim.state != "paid" and self._is_blocked(claim):
            claim.state = "blocked"
        else:
            self._decide(claim, self._first(claim, orders), today, now)

    def _decide(self, claim: Claim, first: KnownOrder | None, today: date, now: datetime) -> None:
        if first is None or first.state is None:
            claim.state = "paid" if claim.state == "paid" else "waiting"
            return
        worth = sum(line.basis_minor for line in first.state.lines)
        if first.is_gone() or worth < MINIMUM_MINOR:
            self._end(claim, "failed", today)
        elif claim.state != "paid":
            is_time = first.begins_at + timedelta(days=self.hold_days) <= now
            claim.state = "paid" if is_time else "held"
            if is_time:
                self._pay(claim, today, now)

    def _pay(self, claim: Claim, today: date, now: datetime) -> None:
        for side, points in GIVEN.items():
            member = self.people.present(claim.friend if side == "friend" else claim.advocate)
            account = self.people.accounts[member]
            lot = Lot(points, ("member", member), now, now)
            account.credit(lot, today, today)
            account.free(lot, today, today)
            claim.paid[side] = lot, member

    def _end(self, claim: Claim, state: str, today: date) -> None:
        """What was paid is taken from whoever has it now."""
        for side, (lot, member) in claim.paid.items():
            account = self.people.accounts[self.people.present(member)]
            account.take_gift_back(GIVEN[side], lot, today)
        claim.state = "reversed" if claim.paid else state

    def _is_blocked(self, claim: Claim) -> bool:
        present = self.people.present
        return present(claim.advocate) == present(claim.friend) or any(
            self._is_other(claim, other)
            and (other.number < claim.number or other.state in ("paid", "reversed"))
            for other in self.claims
        )

    def _is_other(self, claim: Claim, other: Claim) -> bool:
        """Another claim of the same person, which stands."""
        present = self.people.present
        is_same = present(other.friend) == present(claim.friend)
        return other is not claim and is_same and other.state != "blocked"

    def _has_earlier(self, claim: Claim, orders: Iterable[KnownOrder]) -> bool:
        return any(
            known.state.placed_at < claim.came_at
            for known in self._bought(claim, orders)
            if known.state
        )

    def _first(self, claim: Claim, orders: Iterable[KnownOrder]) -> KnownOrder | None:
        return min(
            self._bought(claim, orders),
            key=lambda known: (known.state.placed_at, known.state.order_id) if known.state else (),
            default=None,
        )

    def _bought(self, claim: Claim, orders: Iterable[KnownOrder]) -> list[KnownOrder]:
        friend = self.people.present(claim.friend)
        return [
            known
            for known in orders
            if known.state is not None
            and known.state.is_paid
            and self.people.of_customer[known.state.customer_id] == friend
        ]
