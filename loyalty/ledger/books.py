"""The books of some members of one shop, opened, posted to in memory, and written at once.

The invariant: available + pending = Σ entries = Σ lots left − Σ deficits left, and while
available is not negative nobody lacks anything.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import outbox
from loyalty.base import bulk
from loyalty.base.clock import day_in
from loyalty.base.db import ring_after_commit
from loyalty.base.errors import InsufficientPoints, MemberHasMoved, MemberNotFound
from loyalty.base.ids import new_id
from loyalty.expiry import terms
from loyalty.ledger import dying, reversal
from loyalty.ledger.figures import COLUMNS, Figures, write_figures
from loyalty.ledger.journal import Cause, Journal
from loyalty.ledger.shelf import OpenLot, Shelf
from loyalty.ledger.tables import EARNING_KINDS, FigureMove, LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.outbox import OutboxEvent
from loyalty.programme.tables import Programme
from loyalty.rewards.crossing import note_crossings
from loyalty.shops.tables import Shop

_ACTIVITY = (*EARNING_KINDS, "redeem")


class Books:
    """The locked balances of some members, and what is posted to them until `write()`.

    Reads as little as it can: lots only for debits, deficits only where available is negative.
    """

    def __init__(
        self, session: Session, shop_id: int, figures: Iterable[Figures], *, now: datetime
    ) -> None:
        self.session, self.shop_id, self.now = session, shop_id, now
        self._figures = {figure.member_id: figure for figure in figures}
        self._told = {one: figure.available for one, figure in self._figures.items()}
        self.tells_rewards = True
        """Whether rewards that come within reach are told; what history earns tells of none."""
        self.journal = Journal(session, shop_id, now)
        self.shelf = Shelf(session, shop_id, self._figures)
        self._changed: dict[UUID, None] = {}
        self._news: dict[UUID, None] = {}
        self._moves: list[dict[str, Any]] = []
        self._rule: tuple[Programme, str] | None = None

    @classmethod
    def open(
        cls,
        session: Session,
        shop_id: int,
        member_ids: Iterable[UUID],
        *,
        now: datetime,
        admits_merged: bool = False,
    ) -> Self:
        """Lock the balances of these members, in id order; raises MemberNotFound.

        Raises MemberHasMoved for one who was merged into another meanwhile: nothing is posted
        to them but by the merge itself, which `admits_merged`.
        """
        asked = set(member_ids)
        statement = (
            select(*(getattr(MemberBalance, name) for name in COLUMNS), MemberBalance.merged_into)
            .where(MemberBalance.shop_id == shop_id, bulk.among(MemberBalance.member_id, asked))
            .order_by(MemberBalance.member_id)
            .with_for_update()
        )
        rows = session.execute(statement).all() if asked else []
        for row in rows:
            if row.merged_into is not None and not admits_merged:
                raise MemberHasMoved(str(row.merged_into))
        figures = [Figures(*row[:-1]) for row in rows]
        if missing := asked - {figure.member_id for figure in figures}:
            raise MemberNotFound(str(min(missing)))
        return cls(session, shop_id, figures, now=now)

    @classmethod
    def of(cls, session: Session, balance: MemberBalance, *, now: datetime) -> Self:
        """The books of one member whose balance the caller has locked."""
        figures = Figures(*(getattr(balance, name) for name in COLUMNS))
        return cls(session, balance.shop_id, [figures], now=now)

    def balance(self, member_id: UUID) -> Figures:
        """The member's figures with all that was posted so far; change them by posting alone."""
        return self._figures[member_id]

    def expect(self, keys: Iterable[str]) -> None:
        """Look all these idempotency keys up at once."""
        self.journal.expect(keys)

    def vouch(self, key: str) -> None:
        """The caller knows under the lock that this key was never posted."""
        self.journal.vouch(key)

    def credit(
        self,
        member_id: UUID,
        cause: Cause,
        *,
        points: int,
        available_at: datetime | None = None,
        last_valid_on: date | None = None,
    ) -> LedgerEntry:
        """Credit whole `points` (> 0) and open a lot, pending until `available_at`.

        The lot's last day is the programme's, counted from its release, unless
        `last_valid_on` names one. The same key again returns the first entry; with other
        facts it raises IdempotencyConflict.
        """
        assert points > 0
        known = self.journal.find_same(member_id, cause, points)
        if known is not None:
            return known
        # Who comes back after the last day finds the old points gone; the new ones stay.
        dying.expire_idle(self, member_id)
        entry = self.post(member_id, cause, points)
        lot = self.open_lot(entry, available_at=available_at, last_valid_on=last_valid_on)
        if lot.available_at <= self.now:
            self.release(lot, from_at=self.now)
        return entry

    def debit(
        self, member_id: UUID, cause: Cause, *, points: int, may_go_negative: bool = False
    ) -> LedgerEntry:
        """Take `points` (> 0), soonest-expiring lot first; what has expired is gone before.

        Raises InsufficientPoints unless it may go negative: then what the lots lack
        becomes a deficit that later points fill.
        """
        assert points > 0
        known = self.journal.find_same(member_id, cause, -points)
        if known is not None:
            return known
        dying.expire_dead(self, member_id)
        available = self.balance(member_id).available
        if not may_go_negative and available < points:
            raise InsufficientPoints(f"{points} asked, {available} available")
        entry = self.post(member_id, cause, -points)
        order_id = cause.order_id if cause.kind == "earn_reversal" else None
        self.take(entry, points, [lot.id for lot in self.lots_of_order(member_id, order_id)])
        return entry

    def reverse(self, member_id: UUID, cause: Cause, *, points: int, order_id: int) -> int:
        """Take earned `points` (> 0) of an order back; how many were forgiven.

        See loyalty.ledger.reversal.
        """
        return reversal.reverse_order(self, member_id, cause, points=points, order_id=order_id)

    def post(self, member_id: UUID, cause: Cause, points: int) -> LedgerEntry:
        """The bare entry, for who moves lots and figures by themselves."""
        entry = self.journal.append(member_id, cause, points)
        if cause.kind in _ACTIVITY and (points > 0 or cause.kind == "redeem"):
            self._note_activity(member_id, cause.occurred_at)
        self.touch(member_id)
        return entry

    def open_lot(
        self,
        entry: LedgerEntry,
        *,
        available_at: datetime | None = None,
        last_valid_on: date | None = None,
        points: int | None = None,
        replaces: OpenLot | None = None,
    ) -> OpenLot:
        """A pending lot for the entry's points, or for so many of them.

        One that `replaces` a lot which expired is its order's like that one.
        """
        held = points or entry.points
        lot = OpenLot(
            id=new_id(),
            member_id=entry.member_id,
            entry_id=entry.id,
            order_id=replaces.order_id if replaces else entry.order_id,
            points=held,
            points_left=held,
            opened_at=entry.occurred_at,
            available_at=available_at or self.now,
            released_at=None,
            last_valid_on=last_valid_on,
            has_own_date=last_valid_on is not None,
            replaces_id=replaces.id if replaces else None,
            is_earned=entry.kind in EARNING_KINDS,
        )
        self.shelf.add(lot)
        self.balance(entry.member_id).pending += held
        return lot

    def release(self, lot: OpenLot, *, from_at: datetime) -> None:
        """Make a pending lot spendable; it first fills what earlier debits lacked.

        Its expiry runs from `from_at`: the end of its hold, or now where it had none.
        """
        figures, programme_and_zone = self.balance(lot.member_id), self.rule()
        lot.released_at = self.now
        if not lot.has_own_date:
            lot.last_valid_on = terms.last_valid_on(*programme_and_zone, from_at)
        self.shelf.touch(lot)
        is_lacking = figures.available < 0
        figures.pending -= lot.points_left
        figures.available += lot.points_left
        if lot.is_earned:
            figures.lifetime_earned += lot.points_left
        self.touch(lot.member_id)
        if is_lacking:
            self.shelf.fill_deficits(lot)

    def bring_forward(self, lot: OpenLot, by: timedelta) -> None:
        """End the hold on a pending lot of a member at hand so much earlier."""
        lot.available_at -= by
        self.shelf.touch(lot)
        if lot.available_at <= self.now:
            self.release(lot, from_at=lot.available_at)

    def take(self, entry: LedgerEntry, points: int, first: Iterable[UUID] = ()) -> None:
        """Take an entry's `points`: pending lots among `first`, then lots of `first`, then others.

        What they lack becomes a deficit.
        """
        own = set(first)
        pending = [lot for lot in self.shelf.pending(entry.member_id) if lot.id in own]
        held_back = self.shelf.take(entry, pending, points)
        spendable = self.shelf.spendable(entry.member_id)
        spendable.sort(key=lambda lot: lot.id not in own)
        taken = self.shelf.take(entry, spendable, points - held_back)
        if lacking := points - held_back - taken:
            self.shelf.lack(entry, lacking)
        self.count(entry, -(points - held_back), pending=-held_back)

    def count(self, entry: LedgerEntry, available: int, *, pending: int = 0) -> None:
        """Add what an entry moved to the member's figures, lifetime ones by its kind."""
        figures = self.balance(entry.member_id)
        figures.available += available
        figures.pending += pending
        self.count_lifetime(entry, available)

    def count_lifetime(self, entry: LedgerEntry, points: int) -> None:
        """Add `points` of an entry to the lifetime figure of its kind, if it has one."""
        self.balance(entry.member_id).count_lifetime(entry.kind, points)

    def move_figures(
        self, member_id: UUID, *, earned: int = 0, burned: int = 0, source: tuple[str, str]
    ) -> None:
        """Lifetime figures that come to the member, or go where below 0, without points."""
        if not earned and not burned:
            return
        figures = self.balance(member_id)
        figures.lifetime_earned += earned
        figures.lifetime_burned += burned
        self._moves.append(
            {
                "shop_id": self.shop_id,
                "id": new_id(),
                "member_id": member_id,
                "earned": earned,
                "burned": burned,
                "source_kind": source[0],
                "source_id": source[1],
                "posted_at": self.now,
            }
        )
        self.touch(member_id)

    def lots_of_order(self, member_id: UUID, order_id: int | None) -> list[OpenLot]:
        """The member's lots of an order that hold points, pending ones first."""
        if order_id is None:
            return []
        lots = self.shelf.pending(member_id) + self.shelf.spendable(member_id)
        return [lot for lot in lots if lot.order_id == order_id]

    def rule(self) -> tuple[Programme, str]:
        """The shop's settings and zone."""
        if self._rule is None:
            shop = self.session.get_one(Shop, self.shop_id)
            self._rule = self.session.get_one(Programme, self.shop_id), shop.timezone
        return self._rule

    def today(self) -> date:
        """The shop's day."""
        return day_in(self.rule()[1], self.now)

    def touch(self, member_id: UUID) -> None:
        """The member's figures or lots have changed."""
        self._changed[member_id] = None
        self.tell(member_id)

    def tell(self, member_id: UUID) -> None:
        """Something of the member has changed, be it no points: whoever asks for it looks."""
        self._news[member_id] = None

    def write(self) -> None:
        """Write everything, one statement per table, and tell of each member once."""
        self.write_rows()
        self._tell_rewards()
        events = [self._event(member_id) for member_id in self._news]
        bulk.insert_rows(self.session, OutboxEvent, events)
        if events:
            ring_after_commit(self.session, "relay", self.shop_id)
        self._news = {}

    def write_rows(self) -> None:
        """Write what was posted so far without telling yet, for who must read it back."""
        self.session.flush()
        self.journal.write()
        self.shelf.write()
        bulk.insert_rows(self.session, FigureMove, self._moves)
        self._moves = []
        write_figures(self.session, self.shop_id, [self.balance(one) for one in self._changed])
        self._changed = {}

    def _tell_rewards(self) -> None:
        # Over all that was posted since the last telling: what rows written halfway had for a
        # moment was never anybody's to spend.
        after = {one: self.balance(one).available for one in self._news}
        if self.tells_rewards:
            risen = {one: (self._told[one], points) for one, points in after.items()}
            note_crossings(self.session, self.shop_id, risen, now=self.now)
        self._told |= after

    def _note_activity(self, member_id: UUID, occurred_at: datetime) -> None:
        day = day_in(self.rule()[1], min(occurred_at, self.now))
        self.balance(member_id).note_activity(day)

    def _event(self, member_id: UUID) -> dict[str, object]:
        return {
            "shop_id": self.shop_id,
            "id": new_id(),
            "kind": outbox.MEMBER_CHANGED,
            "member_id": member_id,
            "body": {},
            "state": "new",
            "created_at": self.now,
        }
