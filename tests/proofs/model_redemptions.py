"""What becomes of redemptions by what has arrived of the orders that carry their codes.

Worked out from the rules' text alone: imports nothing of `loyalty`.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from tests.proofs.model_accounts import Debit
from tests.proofs.model_orders import KnownOrder
from tests.proofs.model_people import Member, People


@dataclass(eq=False)
class Use:
    """An order that carried the code, the debit it stands for, and what came back of that."""

    debit: Debit
    returned: int = 0


@dataclass(eq=False)
class Redeemed:
    """Points for a code. `debit` and `returned` are those of `order_id`'s use once there is one."""

    code: str
    points: int
    member: Member
    debit: Debit
    state: str = "reserved"
    returned: int = 0
    order_id: int | None = None
    uses: dict[int, Use] = field(default_factory=dict)

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
        for code, line_ids in sorted(state.codes):
            redeemed = self.by_code[code]
            if state.is_paid and state.order_id not in redeemed.uses:
                self._use(redeemed, state.order_id, placed_on, today)
            use = redeemed.uses.get(state.order_id)
            if use is None:
                if state.cancelled_at and redeemed.state in ("reserved", "issued"):
                    redeemed.state = "returning"
                continue
            due = known.due_back(redeemed.points, line_ids)
            if due > use.returned:
                self.people.give_back(use.debit, due - use.returned, today, now)
                use.returned = due
                if redeemed.order_id == state.order_id:
                    redeemed.returned = due
                    redeemed.state = "returned" if due == redeemed.points else "used"

    def give_all_back(self, redeemed: Redeemed, today: date, now: datetime) -> None:
        """There is no code any more, and none was used."""
        self.people.give_back(redeemed.debit, redeemed.points, today, now)
        redeemed.state, redeemed.returned = "returned", redeemed.points

    def _use(self, redeemed: Redeemed, order_id: int, placed_on: date, today: date) -> None:
        debit = redeemed.debit
        if redeemed.state in ("used", "returned"):
            owner = self.people.present(redeemed.member)
            account = self.people.accounts[owner]
            debit = account.owe(redeemed.points, ("member", owner), placed_on, today)
        redeemed.uses[order_id] = Use(debit)
        if redeemed.state != "used":
            redeemed.order_id, redeemed.debit = order_id, debit
            redeemed.state, redeemed.returned = "used", 0
