"""The books kept by hand: what each member should have, worked out from the rules' text alone.

Imports nothing of `loyalty`. Its sums are slow and plain on purpose: nothing is cached, each
figure is added up again from lots and from what is known of an order.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor

from tests.proofs.shopify_side import Back, SoldLine, State

NEVER = date.max


@dataclass
class Lot:
    """Points that came together; `left` of them are still there."""

    left: int
    order_id: int | None
    opened_at: datetime
    available_at: datetime
    is_free: bool = False
    last_valid_on: date = NEVER
    expired: int = 0


@dataclass
class Account:
    """One member's lots, what they owe, and what ever moved."""

    lots: list[Lot] = field(default_factory=list)
    owed: int = 0
    moved: int = 0
    earned: int = 0

    @property
    def available(self) -> int:
        return sum(lot.left for lot in self.lots if lot.is_free) - self.owed

    @property
    def pending(self) -> int:
        return sum(lot.left for lot in self.lots if not lot.is_free)

    def credit(
        self, points: int, opened_at: datetime, available_at: datetime, order_id: int | None = None
    ) -> None:
        self.moved += points
        self.lots.append(Lot(points, order_id, opened_at, available_at))

    def free(self, now: datetime, last_valid_on: date) -> None:
        """Free every lot whose time has come, the longest waiting first."""
        due = [lot for lot in self.lots if not lot.is_free and lot.available_at <= now]
        for lot in sorted(due, key=lambda lot: lot.available_at):
            lot.is_free = True
            lot.last_valid_on = last_valid_on
            self.earned += lot.left
            filled = min(lot.left, self.owed)
            lot.left -= filled
            self.owed -= filled

    def debit(self, points: int) -> bool:
        """Take points by hand; False, and nothing taken, when there are too few."""
        if self.available < points:
            return False
        self.moved -= points
        taken = self._take(points, [lot for lot in self.lots if lot.is_free])
        assert taken == points
        return True

    def reverse(self, points: int, order_id: int, *, clamps: bool) -> None:
        """Take back what an order earned: pending, then its other lots, then as a debit does."""
        own = [lot for lot in self.lots if lot.order_id == order_id]
        held = self._take(points, [lot for lot in own if not lot.is_free])
        rest = points - held
        rest -= self._take(rest, [lot for lot in own if lot.is_free])
        revived = self._revive(rest, own)
        rest -= revived
        rest -= self._take(rest, [lot for lot in self.lots if lot.is_free])
        forgiven = rest if clamps else 0
        self.owed += rest - forgiven
        self.moved -= points - revived - forgiven
        self.earned -= points - held - forgiven

    def expire(self, today: date) -> None:
        """Lots die at the midnight after their last valid day."""
        for lot in self.lots:
            if lot.is_free and lot.left and lot.last_valid_on < today:
                self.moved -= lot.left
                lot.expired += lot.left
                lot.left = 0

    def _take(self, points: int, lots: list[Lot]) -> int:
        wanted = points
        # Sorted is stable, and lots stand in the order in which they were made.
        for lot in sorted(lots, key=lambda lot: (lot.last_valid_on, lot.opened_at)):
            share = min(wanted, lot.left)
            lot.left -= share
            wanted -= share
        return points - wanted

    def _revive(self, points: int, lots: list[Lot]) -> int:
        """Undo the expiry of a reversed order's lots, so that no point is taken twice."""
        wanted = points
        for lot in lots:
            share = min(wanted, lot.expired)
            lot.expired -= share
            wanted -= share
        return points - wanted


@dataclass
class Award:
    """Whole points for the pieces that came to an order at one time."""

    pieces: dict[int, int]
    basis: int
    points: int


@dataclass
class KnownOrder:
    """What has arrived of an order, in whatever order, and what it deserves by it."""

    state: State | None = None
    counted: set[int] = field(default_factory=set)
    refunds: dict[int, Back] = field(default_factory=dict)
    awards: list[Award] = field(default_factory=list)
    standing: int = 0

    def hear(self, state: State) -> bool:
        """Whether the state is news."""
        if self.state is not None and state.updated_at < self.state.updated_at:
            return False
        self.state = state
        self.counted |= {refund.refund_id for refund in state.refunds}
        self.refunds |= {refund.refund_id: refund for refund in state.refunds}
        if state.is_paid and state.cancelled_at is None:
            self._award_new_pieces(state)
        return True

    def hear_refund(self, refund: Back) -> None:
        self.refunds.setdefault(refund.refund_id, refund)

    def deserves(self, *, counts_money: bool) -> int:
        """What should stand of the order's awards."""
        return sum(
            award.points - floor(award.points * self._gone(award, counts_money))
            for award in self.awards
        )

    def _award_new_pieces(self, state: State) -> None:
        added: dict[int, int] = {}
        for line in state.lines:
            covered = sum(award.pieces.get(line.line_id, 0) for award in self.awards)
            if line.quantity > covered and line.basis_minor > 0:
                added[line.line_id] = line.quantity - covered
        basis = sum(_share(line, added.get(line.line_id, 0)) for line in state.lines)
        if added:
            self.awards.append(Award(added, basis, basis // 100))

    def _gone(self, award: Award, counts_money: bool) -> Fraction:
        assert self.state is not None
        if self.state.cancelled_at is not None or award.basis == 0:
            return Fraction(1)
        removed = Fraction(0)
        for line in self.state.lines:
            late = sum(
                dict(refund.pieces).get(line.line_id, 0)
                for refund in self.refunds.values()
                if refund.refund_id not in self.counted
            )
            pieces = min(line.quantity, line.quantity - line.current_quantity + late)
            basis = _share(line, award.pieces.get(line.line_id, 0))
            removed += Fraction(basis * pieces, line.quantity)
        money = sum(refund.money_minor for refund in self.refunds.values())
        by_money = Fraction(money, self.state.total_minor) if counts_money else Fraction(0)
        return min(Fraction(1), removed / award.basis + by_money)


def _share(line: SoldLine, pieces: int) -> int:
    return line.basis_minor * pieces // line.quantity


def held_until(state: State, hold_days: int, now: datetime) -> datetime:
    """When points of an order become free: at once, or so long after it was placed."""
    return state.placed_at + timedelta(days=hold_days) if hold_days else now
