"""A member's books kept by hand: lots, what they owe, what each debit took, and what is undone.

Imports nothing of `loyalty`. Its sums are slow and plain on purpose: nothing is cached, each
figure is added up again from the lots.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

NEVER = date.max
_numbers = count()

Home = tuple[str, object]
"""Where a movement belongs for good: ("customer", their id) for orders, ("member", its id)."""


@dataclass(eq=False)
class Lot:
    """Points that came together; `left` of them are still there, `expired` died in it."""

    left: int
    home: Home
    opened_at: datetime
    available_at: datetime
    order_id: int | None = None
    is_earned: bool = True
    freed_on: date | None = None
    last_valid_on: date = NEVER
    expired: int = 0
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def is_free(self) -> bool:
        return self.freed_on is not None


@dataclass(eq=False)
class Debit:
    """What a debit took from which lot, in the order of taking, less what was given back."""

    taken: list[tuple[Lot, int]]
    home: Home
    is_burn: bool

    @property
    def points(self) -> int:
        return sum(points for _, points in self.taken)

    def take_later(self, lot: Lot, points: int) -> None:
        """A lot pays what the debit lacked: it is the last that was taken from."""
        before = sum(held for each, held in self.taken if each is lot)
        self.taken = [(each, held) for each, held in self.taken if each is not lot]
        self.taken.append((lot, before + points))


@dataclass(eq=False)
class Debt:
    """What a reversal or a late debit lacked; the next points to become free pay it, the oldest
    first."""

    left: int
    home: Home
    debit: Debit | None = None
    number: int = field(default_factory=lambda: next(_numbers))


@dataclass(frozen=True)
class Expiry:
    """The shop's rule: never, days, months, or days of inactivity since it was turned on."""

    mode: str = "never"
    length: int = 0
    since: date = date.min

    def last_day(self, freed_on: date) -> date:
        """The last day that a lot freed on that day carries with it."""
        if self.mode == "days":
            return freed_on + timedelta(days=self.length)
        if self.mode == "months":
            month = freed_on.month - 1 + self.length + 1
            return date(freed_on.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return NEVER

    def idle_day(self, active_on: date | None, freed_on: date) -> date:
        """The last day that inactivity leaves such a lot."""
        if self.mode != "inactivity":
            return NEVER
        return max(active_on or freed_on, freed_on, self.since) + timedelta(days=self.length)


@dataclass(eq=False)
class Account:
    """One member's books; `earned` and `burned` know where each part of them belongs."""

    expiry: Expiry
    clamps: bool
    lots: list[Lot] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    moved: int = 0
    earned: Counter[Home] = field(default_factory=Counter)
    burned: Counter[Home] = field(default_factory=Counter)
    active_on: date | None = None

    @property
    def available(self) -> int:
        return sum(lot.left for lot in self.lots if lot.is_free) - sum(d.left for d in self.debts)

    @property
    def pending(self) -> int:
        return sum(lot.left for lot in self.lots if not lot.is_free)

    def credit(self, lot: Lot, active_on: date, today: date) -> Lot:
        """Open a lot, pending; the points count as a sign of life."""
        if self.expiry.mode == "inactivity":
            self.expire(today)
        self.moved += lot.left
        self.lots.append(lot)
        self.active_on = max(self.active_on or active_on, active_on)
        return lot

    def free(self, lot: Lot, freed_on: date, runs_from: date) -> None:
        """Make a pending lot spendable; its expiry runs from the end of its hold."""
        lot.freed_on = freed_on
        if lot.last_valid_on == NEVER:
            lot.last_valid_on = self.expiry.last_day(runs_from)
        if lot.is_earned:
            self.earned[lot.home] += lot.left
        self.pay_debts(lot)

    def debit(self, points: int, home: Home, today: date, *, is_burn: bool) -> Debit | None:
        """Take points; None, and nothing written, when too few of them are alive."""
        if self.available - sum(lot.left for lot in self._dead(today)) < points:
            return None
        self.expire(today)
        self.moved -= points
        if is_burn:
            self.burned[home] += points
            self.active_on = max(self.active_on or today, today)
        taken, _ = self._take(points, [lot for lot in self.lots if lot.is_free])
        return Debit(taken, home, is_burn)

    def owe(self, points: int, home: Home, active_on: date, today: date) -> Debit:
        """Burn points whether they are there or not: what is lacking is owed."""
        self.expire(today)
        self.moved -= points
        self.burned[home] += points
        self.active_on = max(self.active_on or active_on, active_on)
        taken, lacking = self._take(points, [lot for lot in self.lots if lot.is_free])
        debit = Debit(taken, home, is_burn=True)
        if lacking:
            self.debts.append(Debt(lacking, home, debit))
        return debit

    def ease(self, debit: Debit, points: int) -> int:
        """Let go of what the debit still lacks, up to `points`; how many that were."""
        eased = 0
        for debt in [debt for debt in self.debts if debt.debit is debit]:
            share = min(points - eased, debt.left)
            debt.left -= share
            eased += share
        self.moved += eased
        return eased

    def reverse(self, points: int, order_id: int, home: Home, today: date) -> int:
        """Take back what an order earned: its pending lots, its others, then as a debit does.

        How many points were forgiven.
        """
        self.expire(today)
        own = [lot for lot in self.lots if lot.order_id == order_id]
        return self._take_back(points, own, home, clamps=self.clamps)

    def undo_credit(self, lot: Lot, points: int, today: date, *, is_forced: bool) -> bool:
        """Take a credit by hand back from its own lot; False when some of it was spent."""
        if lot.left + lot.expired < points and not is_forced:
            return False
        self.expire(today)
        self._take_back(points, [lot], lot.home, clamps=False)
        return True

    def take_gift_back(self, points: int, lot: Lot, today: date) -> int:
        """Take points back from the lot that they came as, then as a debit does.

        How many were forgiven.
        """
        self.expire(today)
        own = [one for one in self.lots if one is lot]
        return self._take_back(points, own, lot.home, clamps=self.clamps)

    def expire(self, today: date) -> None:
        """Lots die at the midnight after their last day."""
        for lot in self._dead(today):
            self.moved -= lot.left
            lot.expired += lot.left
            lot.left = 0

    def _dead(self, today: date) -> list[Lot]:
        return [lot for lot in self.lots if lot.is_free and self.last_day(lot) < today]

    def last_day(self, lot: Lot) -> date:
        assert lot.freed_on
        return min(lot.last_valid_on, self.expiry.idle_day(self.active_on, lot.freed_on))

    def put_back(self, lot: Lot, points: int, home: Home, today: date, now: datetime) -> None:
        """Return points to a lot; to a new one of 30 days once that has died."""
        self.moved += points
        if self.last_day(lot) >= today:
            lot.left += points
            self.pay_debts(lot)
            return
        late = today + timedelta(days=30)
        instead = Lot(points, home, now, now, lot.order_id, False, today, late)
        self.lots.append(instead)
        self.pay_debts(instead)

    def pay_debts(self, lot: Lot) -> None:
        for debt in sorted(self.debts, key=lambda debt: debt.number):
            paid = min(lot.left, debt.left)
            lot.left -= paid
            debt.left -= paid
            if paid and debt.debit:
                debt.debit.take_later(lot, paid)

    def pay_all_debts(self) -> None:
        for lot in _in_order(lot for lot in self.lots if lot.is_free):
            self.pay_debts(lot)

    def _take_back(self, points: int, own: list[Lot], home: Home, *, clamps: bool) -> int:
        _, rest = self._take(points, [lot for lot in own if not lot.is_free])
        held = points - rest
        short = rest - sum(lot.left for lot in own if lot.is_free)
        self._revive(short, [lot for lot in own if lot.is_earned])
        _, rest = self._take(rest, [lot for lot in own if lot.is_free])
        _, rest = self._take(rest, [lot for lot in self.lots if lot.is_free])
        forgiven = rest if clamps else 0
        if rest > forgiven:
            self.debts.append(Debt(rest - forgiven, home))
        self.moved -= points - forgiven
        self.earned[home] -= points - held - forgiven
        return forgiven

    def _revive(self, points: int, lots: list[Lot]) -> None:
        """Undo the expiry of lots that are taken back, so that no point is taken twice."""
        for lot in sorted(lots, key=lambda lot: (lot.opened_at, lot.number)):
            share = max(0, min(points, lot.expired))
            points -= share
            lot.expired -= share
            lot.left += share
            self.moved += share

    def _take(self, points: int, lots: list[Lot]) -> tuple[list[tuple[Lot, int]], int]:
        """What was taken from which lot, and what is lacking."""
        taken = []
        for lot in _in_order(lots):
            share = min(points, lot.left)
            if share:
                lot.left -= share
                points -= share
                taken.append((lot, share))
        return taken, points


def _in_order(lots: Iterable[Lot]) -> list[Lot]:
    """The soonest to die first, then the oldest."""
    return sorted(lots, key=lambda lot: (lot.last_valid_on, lot.opened_at, lot.number))
