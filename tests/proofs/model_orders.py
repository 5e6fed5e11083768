"""What an order deserves by what has arrived of it, worked out from the rules' text alone.

Imports nothing of `loyalty`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from math import floor

from tests.proofs.shopify_side import Back, SoldLine, State


@dataclass(eq=False)
class Award:
    """Whole points for the pieces that came to an order at one time.

    `standing`: what of them was not reversed; `forgiven`: reversed, but never taken.
    `since`: when an edit brought the pieces; None for those the order was first looked at with.
    """

    pieces: dict[int, int]
    basis: int
    points: int
    since: datetime | None = None
    standing: int = 0
    forgiven: int = 0


@dataclass
class KnownOrder:
    """What has arrived of an order, in whatever order, and what it deserves by it.

    `codes`: each that it was ever told with, and the lines that it makes cheaper by now;
    `once_cheaper`: and those that it ever did. `paid_by`: the first moment at which it is known
    to have been paid.
    """

    state: State | None = None
    counted: set[int] = field(default_factory=set)
    refunds: dict[int, Back] = field(default_factory=dict)
    awards: list[Award] = field(default_factory=list)
    codes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    once_cheaper: dict[str, set[int]] = field(default_factory=dict)
    paid_by: datetime | None = None
    is_looked_at: bool = False

    @property
    def begins_at(self) -> datetime:
        """When it was placed and paid, whichever was later."""
        assert self.state is not None
        return max(self.state.placed_at, self.paid_by or self.state.placed_at)

    def hear(self, state: State) -> bool:
        """Whether the state is news. Old ones tell of the payment all the same."""
        if state.is_paid:
            self.paid_by = min(self.paid_by or state.updated_at, state.updated_at)
        if self.state is not None and state.updated_at < self.state.updated_at:
            return False
        self.state = state
        self.codes = dict.fromkeys(self.codes, ()) | dict(state.codes)
        for code, line_ids in state.codes:
            self.once_cheaper.setdefault(code, set()).update(line_ids)
        self.counted |= {refund.refund_id for refund in state.refunds}
        self.refunds |= {refund.refund_id: refund for refund in state.refunds}
        if state.is_paid and state.cancelled_at is None:
            self._award_new_pieces(state)
        return True

    def hear_refund(self, refund: Back) -> None:
        self.refunds.setdefault(refund.refund_id, refund)

    def settle(self, *, counts_money: bool) -> dict[Award, int]:
        """Bring what stands to what the order deserves; by how much each award changed."""
        changes = {}
        for award in self.awards:
            target = award.points - floor(award.points * self._gone(award, counts_money))
            if target != award.standing:
                changes[award] = target - award.standing
                award.standing = target
        return changes

    def _award_new_pieces(self, state: State) -> None:
        added: dict[int, int] = {}
        for line in state.lines:
            covered = sum(award.pieces.get(line.line_id, 0) for award in self.awards)
            if line.quantity > covered and line.basis_minor > 0:
                added[line.line_id] = line.quantity - covered
        basis = sum(_share(line, added.get(line.line_id, 0)) for line in state.lines)
        if added:
            since = state.updated_at if self.is_looked_at else None
            self.awards.append(Award(added, basis, basis // 100, since))
        self.is_looked_at = True

    def held_since(self, changes: dict[Award, int]) -> datetime:
        """When the hold on what is given now begins: with the youngest pieces that gain."""
        gaining = [award.since or self.begins_at for award, change in changes.items() if change > 0]
        return max(gaining)

    def due_back(self, points: int, code: str) -> int:
        """How many points of the code are called back by now."""
        assert self.state is not None
        line_ids, once = self.codes[code], self.once_cheaper.get(code, set())
        if self.state.cancelled_at is not None or (once and not line_ids):
            return points
        gross, removed = Fraction(0), Fraction(0)
        for line in self.state.lines:
            away = line.price_minor * self._pieces_gone(line)
            if line.line_id in line_ids:
                gross, removed = gross + line.price_minor * line.quantity, removed + away
            elif line.line_id in once:
                gross, removed = gross + away, removed + away
        return floor(points * removed / gross) if gross else 0

    def may_be_paid(self) -> bool:
        """Whether it is known, and neither paid nor cancelled."""
        state = self.state
        return state is not None and not state.is_paid and state.cancelled_at is None

    def is_gone(self) -> bool:
        """Whether it was cancelled, or nothing of it is left."""
        assert self.state is not None
        lines = self.state.lines
        is_empty = all(self._pieces_gone(line) == line.quantity for line in lines)
        return self.state.cancelled_at is not None or is_empty

    def _gone(self, award: Award, counts_money: bool) -> Fraction:
        assert self.state is not None
        if self.state.cancelled_at is not None or award.basis == 0:
            return Fraction(1)
        removed = Fraction(0)
        for line in self.state.lines:
            basis = _share(line, award.pieces.get(line.line_id, 0))
            removed += Fraction(basis * self._pieces_gone(line), line.quantity)
        money = sum(refund.money_minor for refund in self.refunds.values())
        by_money = Fraction(money, self.state.total_minor) if counts_money else Fraction(0)
        return min(Fraction(1), removed / award.basis + by_money)

    def _pieces_gone(self, line: SoldLine) -> int:
        late = sum(
            dict(refund.pieces).get(line.line_id, 0)
            for refund in self.refunds.values()
            if refund.refund_id not in self.counted
        )
        return min(line.quantity, line.quantity - line.current_quantity + late)


def remember(changes: dict[Award, int]) -> int:
    """How many points must still be credited once forgiven ones stand again."""
    points = sum(changes.values())
    for award in changes:
        share = min(points, award.forgiven)
        award.forgiven -= share
        points -= share
    return points


def forgive(changes: dict[Award, int], points: int) -> None:
    """Points that were reversed but not taken stay with the awards that lost them."""
    for award, change in changes.items():
        share = min(points, max(0, -change))
        award.forgiven += share
        points -= share


def _share(line: SoldLine, pieces: int) -> int:
    return line.basis_minor * pieces // line.quantity
