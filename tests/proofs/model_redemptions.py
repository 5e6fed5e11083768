"""What becomes of redemptions by what has arrived of the orders that carry their codes.

Worked out from the rules' text alone: imports nothing of `loyalty`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.proofs.model_accounts import Debit
from tests.proofs.model_orders import KnownOrder
from tests.proofs.model_people import Member, People


@dataclass(eq=False)
class Use:
    """An order that carried the code, the debit it stands for, and what came back of that.

    `cancelled`: how much of `returned` came back because the order was cancelled.
    """

    debit: Debit
    returned: int = 0
    cancelled: int = 0


@dataclass(eq=False)
class Redeemed:
    """Points for a code, or for store credit, whose `code` is but a name.

    `debit` and `returned` are those of `order_id`'s use once there is one. `good_until`: the last
    day of the code. `is_heard`: Shopify has told that it was made.
    """

    code: str
    points: int
    member: Member
    debit: Debit
    state: str = "reserved"
    returned: int = 0
    order_id: int | None = None
    uses: dict[int, Use] = field(default_factory=dict)
    good_until: date | None = None
    has_code: bool = True
    is_heard: bool = False

    @property
    def standing(self) -> int:
        """The points that are away for it, by all that used it."""
        if not self.uses:
            return self.points - self.returned
        return sum(self.points - use.returned for use in self.uses.values())


@dataclass
class Redemptions:
    """All of a shop's, by code."""

    people: People
    by_code: dict[str, Redeemed] = field(default_factory=dict)

    def settle(self, known: KnownOrder, placed_on: date, today: date, now: datetime) -> None:
        """Bring the codes of an order to what has arrived of it."""
        state = known.state
        assert state is not None
        for code in sorted(known.codes):
            redeemed = self.by_code[code]
            if state.is_paid and state.order_id not in redeemed.uses:
                self._use(redeemed, state.order_id, placed_on, today)
            use = redeemed.uses.get(state.order_id)
            if use is None:
                if state.cancelled_at and redeemed.state in ("reserved", "issued"):
                    redeemed.state = "returning"
                continue
            due = known.due_back(redeemed.points, code)
            if due > use.returned:
                self.people.give_back(use.debit, due - use.returned, today, now)
                use.cancelled += due - use.returned if state.cancelled_at else 0
                use.returned = due
                if redeemed.order_id == state.order_id:
                    redeemed.returned = due
                    redeemed.state = "returned" if due == redeemed.points else "used"
            elif state.is_paid and not state.cancelled_at:
                self._open_again(redeemed, state.order_id, use.returned - due, today)

    def give_all_back(self, redeemed: Redeemed, today: date, now: datetime) -> None:
        """There is no code any more, and none was used; of one that came late all is back."""
        if left := redeemed.points - redeemed.returned:
            self.people.give_back(redeemed.debit, left, today, now)
        redeemed.state, redeemed.returned = "returned", redeemed.points

    def hear_made(self, redeemed: Redeemed, today: date) -> None:
        """Shopify made it. Late, a code is disabled beside its points, and a credit paid again."""
        is_news, redeemed.is_heard = not redeemed.is_heard, True
        if redeemed.state == "reserved":
            redeemed.state = "issued" if redeemed.has_code else "used"
        elif is_news and redeemed.state == "returned" and redeemed.has_code:
            redeemed.state = "returning"
        elif is_news and redeemed.state == "returned":
            redeemed.debit = self._owe(redeemed, today, today)
            redeemed.state, redeemed.returned = "used", 0

    def end_expired(self, carried: Collection[str], today: date) -> int:
        """Unused codes are taken back after their last day; how many that were."""
        over = [
            one
            for one in self.by_code.values()
            if one.state == "issued" and one.good_until and one.good_until < today
            if one.code not in carried
        ]
        for redeemed in over:
            redeemed.state = "returning"
        return len(over)

    def is_being_paid(self, member: Member) -> bool:
        """Whether Shopify has yet to answer for a store credit of theirs."""
        waiting = (one for one in self.by_code.values() if one.state == "reserved")
        return any(
            not one.has_code and self.people.present(one.member) == member for one in waiting
        )

    def _use(self, redeemed: Redeemed, order_id: int, placed_on: date, today: date) -> None:
        debit = redeemed.debit
        if redeemed.state in ("used", "returned") or redeemed.returned:
            debit = self._owe(redeemed, placed_on, today)
        redeemed.uses[order_id] = Use(debit)
        if redeemed.state != "used":
            redeemed.order_id, redeemed.debit = order_id, debit
            redeemed.state, redeemed.returned = "used", 0

    def _open_again(self, redeemed: Redeemed, order_id: int, excess: int, today: date) -> None:
        """The order is cancelled no more: what came back for that, and is not due, is owed."""
        use = redeemed.uses[order_id]
        if points := min(excess, use.cancelled):
            use.debit = self._owe(redeemed, today, today, points)
            use.returned, use.cancelled = use.returned - points, 0
            if redeemed.state != "used":
                redeemed.order_id, redeemed.debit = order_id, use.debit
                redeemed.state, redeemed.returned = "used", use.returned

    def _owe(
        self, redeemed: Redeemed, active_on: date, today: date, points: int | None = None
    ) -> Debit:
        """Its points, or so many of them, are taken once more, whether they are there or not."""
        owner = self.people.present(redeemed.member)
        account = self.people.accounts[owner]
        return account.owe(points or redeemed.points, ("member", owner), active_on, today)
