"""A member's books kept by hand: lots, what they owe, what each debit took, and what is undone.

Imports nothing of `loyalty`. Its sums are slow and plain on purpose: nothing is cached, each
figure is added up again from the lots.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

NEVER = date.max


@dataclass(eq=False)
class Lot:
    """Points that came together; `left` of them are still there, `expired` died in it."""

    left: int
    opened_at: datetime
    available_at: datetime
    order_id: int | None = None
    is_earned: bool = True
    freed_on: date | None = None
    last_valid_on: date = NEVER
    expired: int = 0

    @property
    def is_free(self) -> bool:
        return self.freed_on is not None


@dataclass(eq=False)
class Debit:
    """What a debit took from which lot, in the order of taking, less what was given back."""

    taken: list[tuple[Lot, int]]
    is_burn: bool
    is_undone: bool = False

    @property
    def points(self) -> int:
        return sum(points for _, points in self.taken)


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
    """One member: whatever moves goes through here, on the shop's day `today`."""

    expiry: Expiry
    clamps: bool
    lots: list[Lot] = field(default_factory=list)
    owed: int = 0
    moved: int = 0
    earned: int = 0
    burned: int = 0
    active_on: date | None = None

    @property
    def available(self) -> int:
        return sum(lot.left for lot in self.lots if lot.is_free) - self.owed

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
            self.earned += lot.left
        self._fill(lot)

    def debit(self, points: int, today: date, *, is_burn: bool = False) -> Debit | None:
        """Take points; None, and nothing taken, when there are too few."""
        self.expire(today)
        if self.available < points:
            return None
        self.moved -= points
        if is_burn:
            self.burned += points
            self.active_on = max(self.active_on or today, today)
        taken, _ = self._take(points, [lot for lot in self.lots if lot.is_free])
        return Debit(taken, is_burn)

    def give_back(self, debit: Debit, points: int, today: date, now: datetime) -> None:
        """Return points of a debit, what was taken last first; the expired live 30 days more."""
        self.expire(today)
        self.moved += points
        if debit.is_burn:
            self.burned -= points
        for index in reversed(range(len(debit.taken))):
            lot, held = debit.taken[index]
            share = min(points, held)
            points -= share
            debit.taken[index] = lot, held - share
            if share:
                self._put_back(lot, share, today, now)

    def reverse(self, points: int, order_id: int, today: date) -> None:
        """Take back what an order earned: its pending lots, its others, then as a debit does."""
        self.expire(today)
        own = [lot for lot in self.lots if lot.order_id == order_id]
        self._take_back(points, own, clamps=self.clamps)

    def undo_credit(self, lot: Lot, points: int, today: date, *, is_forced: bool) -> bool:
        """Take a credit by hand back from its own lot; False when some of it was spent."""
        self.expire(today)
        if lot.left + lot.expired < points and not is_forced:
            return False
        self._take_back(points, [lot], clamps=False)
        return True

    def expire(self, today: date) -> None:
        """Lots die at the midnight after their last day."""
        for lot in self.lots:
            if lot.is_free and lot.left and self._last_day(lot) < today:
                self.moved -= lot.left
                lot.expired += lot.left
                lot.left = 0

    def _last_day(self, lot: Lot) -> date:
        assert lot.freed_on
        return min(lot.last_valid_on, self.expiry.idle_day(self.active_on, lot.freed_on))

    def _take_back(self, points: int, own: list[Lot], *, clamps: bool) -> None:
        _, rest = self._take(points, [lot for lot in own if not lot.is_free])
        held = points - rest
        short = rest - sum(lot.left for lot in own if lot.is_free)
        self._revive(short, [lot for lot in own if lot.is_earned])
        _, rest = self._take(rest, [lot for lot in own if lot.is_free])
        _, rest = self._take(rest, [lot for lot in self.lots if lot.is_free])
        forgiven = rest if clamps else 0
        self.owed += rest - forgiven
        self.moved -= points - forgiven
        self.earned -= points - held - forgiven

    def _revive(self, points: int, lots: list[Lot]) -> None:
        """Undo the expiry of lots that are taken back, so that no point is taken twice."""
        for lot in lots:
            share = max(0, min(points, lot.expired))
            points -= share
            lot.expired -= share
            lot.left += share
            self.moved += share

    def _put_back(self, lot: Lot, points: int, today: date, now: datetime) -> None:
        if self._last_day(lot) >= today:
            lot.left += points
            self._fill(lot)
            return
        late = today + timedelta(days=30)
        instead = Lot(points, now, now, lot.order_id, False, today, late)
        self.lots.append(instead)
        self._fill(instead)

    def _fill(self, lot: Lot) -> None:
        filled = min(lot.left, self.owed)
        lot.left -= filled
        self.owed -= filled

    def _take(self, points: int, lots: list[Lot]) -> tuple[list[tuple[Lot, int]], int]:
        """Soonest to die first, then the oldest; what was taken, and what is lacking."""
        taken = []
        # Sorting is stable, and lots stand in the order in which they were made.
        for lot in sorted(lots, key=lambda lot: (lot.last_valid_on, lot.opened_at)):
            share = min(points, lot.left)
            if share:
                lot.left -= share
                points -= share
                taken.append((lot, share))
        return taken, points
