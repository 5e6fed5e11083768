"""A shop in the database and the same shop kept by hand: each command goes to both.

It speaks to the product through its entry functions alone, and reads plain tables.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from loyalty.adjustments import adjust
from loyalty.audit import Actor
from loyalty.base.errors import InsufficientPoints, PointsSpent
from loyalty.ledger.giving_back import return_points
from loyalty.ledger.posting import Cause, debit, lock_balance, release_due
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.undoing import undo
from loyalty.members.enrolment import record_customer
from loyalty.merging.merging import merge
from loyalty.merging.undoing import undo as undo_merge
from loyalty.orders.recording import record_order, record_refund
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import install_shop
from tests.proofs.model_accounts import Account, Debit, Expiry, Home, Lot
from tests.proofs.model_orders import KnownOrder, forgive, remember
from tests.proofs.model_people import Merged, People
from tests.proofs.model_redemptions import Redemptions
from tests.proofs.shopify_side import Back, State, refund_facts

CUSTOMERS = (501, 502, 503)
STAFF = Actor("staff", "42")
NEVER_EXPIRES = Expiry()
_ZONE = ZoneInfo("Europe/Madrid")
_FIGURES = """
SELECT available, pending, lifetime_earned, lifetime_burned FROM member_balance
WHERE member_id = :id
"""
# Each of these sums is what available + pending must be.
_SUMS = """
SELECT coalesce((SELECT sum(points) FROM ledger_entry WHERE member_id = :id), 0),
    coalesce((SELECT sum(points_left) FROM lot WHERE member_id = :id), 0)
        - coalesce((SELECT sum(points_left) FROM deficit WHERE member_id = :id), 0)
"""
_REVERSED_TOO_MUCH = """
SELECT order_id, sum(points) FROM ledger_entry
WHERE kind IN ('earn_order', 'earn_reversal') AND order_id IS NOT NULL
GROUP BY order_id, source_id HAVING sum(points) < 0
"""
_WRITTEN = (
    *("ledger_entry", "lot", "lot_debit", "deficit", "outbox_event", "timeline_event"),
    *("redemption", "redemption_use", "order_code", "order_line_code"),
)


@dataclass(frozen=True)
class Terms:
    """How the programme is set."""

    hold_days: int = 0
    counts_money: bool = True
    clamps: bool = False
    expiry: Expiry = NEVER_EXPIRES


@dataclass(eq=False)
class ByHand:
    """An entry that staff or the member made, and what the model keeps of it."""

    entry_id: UUID
    member_id: UUID
    points: int
    lot: Lot | None = None
    debit: Debit | None = None
    is_undone: bool = False


class Shop:
    """Aurora with three members and nothing earned, in a transaction that is undone."""

    def __init__(self, engine: Engine, terms: Terms) -> None:
        self._connection = engine.connect()
        self._undone = self._connection.begin()
        self.session = Session(
            self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        self.terms, self.now = terms, NOON
        self.shop = install_shop(self.session, "aurora", currency="EUR", timezone=_ZONE.key)
        self._write_terms()
        self.known: dict[int, KnownOrder] = {}
        self.by_hand: list[ByHand] = []
        self.people = People()
        self.redemptions = Redemptions(self.people)
        self.merge_ids: dict[Merged, UUID] = {}
        for customer_id in CUSTOMERS:
            self._enrol(customer_id)
        self._last_id = 0

    def close(self) -> None:
        self.session.close()
        self._undone.rollback()
        self._connection.close()

    @property
    def today(self) -> date:
        return self.day(self.now)

    @staticmethod
    def day(moment: datetime) -> date:
        """The shop's day."""
        return moment.astimezone(_ZONE).date()

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def member(self, customer_id: int) -> UUID:
        """Who the customer is by now."""
        found = self.people.of_customer[customer_id]
        assert isinstance(found, UUID)
        return found

    def account(self, customer_id: int) -> Account:
        return self.people.accounts[self.member(customer_id)]

    def wait(self, time: timedelta) -> None:
        """Time goes on, and the jobs of the minute have run."""
        self.now += time
        release_due(self.session, self.shop.shop_id, now=self.now)
        for account in self.people.accounts.values():
            due = [lot for lot in account.lots if not lot.is_free and lot.available_at <= self.now]
            for lot in sorted(due, key=lambda lot: lot.available_at):
                account.free(lot, self.today, self.day(lot.available_at))

    def tell(self, message: State | Back, order_id: int) -> None:
        """A webhook's facts arrive, at the product alone."""
        if isinstance(message, Back):
            facts = refund_facts(order_id, message)
            record_refund(self.session, self.shop, facts, now=self.now)
        else:
            record_order(self.session, self.shop, message.facts(), now=self.now, is_backfill=False)

    def receive(self, message: State | Back, order_id: int, customer_id: int) -> None:
        """A webhook's facts arrive, at the product and at the model."""
        self.tell(message, order_id)
        known = self.known.setdefault(order_id, KnownOrder())
        begun_at = known.begins_at if known.state is not None and known.paid_by else None
        if isinstance(message, Back):
            known.hear_refund(message)
        else:
            known.hear(message)
        if known.state is not None:
            if begun_at is not None and known.begins_at < begun_at:
                self._shorten_holds(known, customer_id, begun_at)
            self._settle(known, customer_id)
            placed_on = self.day(known.state.placed_at)
            self.redemptions.settle(known, placed_on, self.today, self.now)

    def grant(self, customer_id: int, points: int) -> None:
        member_id, account = self.member(customer_id), self.account(customer_id)
        entry_id = self._adjust(member_id, points)
        lot = Lot(points, ("member", member_id), self.now, self.now)
        account.credit(lot, self.today, self.today)
        account.free(lot, self.today, self.today)
        self.by_hand.append(ByHand(entry_id, member_id, points, lot=lot))

    def deduct(self, customer_id: int, points: int) -> None:
        member_id = self.member(customer_id)
        taken = self._take(customer_id, points, is_burn=False)
        try:
            entry_id = self._adjust(member_id, -points)
        except InsufficientPoints:
            assert taken is None
        else:
            assert taken is not None
            self.by_hand.append(ByHand(entry_id, member_id, -points, debit=taken))

    def redeem(self, customer_id: int, points: int) -> None:
        member_id = self.member(customer_id)
        taken = self._take(customer_id, points, is_burn=True)
        balance = lock_balance(self.session, self.shop.shop_id, member_id)
        try:
            entry = debit(self.session, balance, self._cause("redeem"), points=points, now=self.now)
        except InsufficientPoints:
            assert taken is None
        else:
            assert taken is not None
            self.by_hand.append(ByHand(entry.id, member_id, -points, debit=taken))

    def return_redeemed(self, redeemed: ByHand, points: int) -> None:
        assert redeemed.debit
        cause = self._cause("redeem_reversal")
        return_points(
            self.session, self.shop.shop_id, redeemed.entry_id, cause, points=points, now=self.now
        )
        self.people.give_back(redeemed.debit, points, self.today, self.now)

    def undo(self, done: ByHand, *, is_forced: bool) -> None:
        """Undo a grant or a deduction; again it changes nothing."""
        wanted = done.is_undone or self._undo_by_hand(done, is_forced)
        try:
            undo(
                self.session,
                self.shop.shop_id,
                done.entry_id,
                actor=STAFF,
                now=self.now,
                is_forced=is_forced,
            )
        except PointsSpent:
            assert not wanted
        else:
            assert wanted
            done.is_undone = True

    def merge(self, survivor: int, merged: int) -> None:
        """Make one of the members of two customers."""
        two = self.member(survivor), self.member(merged)
        made = merge(self.session, self.shop, *two, actor=STAFF, now=self.now)
        told = self.people.merge(*two, self.now, self.today)
        self.merge_ids[told] = made.id

    def undo_merge(self, told: Merged) -> None:
        undo_merge(self.session, self.shop, self.merge_ids[told], actor=STAFF, now=self.now)
        self.people.undo(told, self.today)

    def check(self) -> None:
        """The books say what the model says, and agree with themselves."""
        for account, figures in zip(self.people.accounts.values(), self.figures(), strict=True):
            available, pending, *lifetime = figures
            assert (available, pending) == (account.available, account.pending)
            assert lifetime == [account.earned.total(), account.burned.total()]
            assert account.moved == available + pending

    def figures(self) -> list[tuple[int, ...]]:
        """The four figures of each member, which agree with entries, lots and the self-check."""
        figures = []
        for member_id in self.people.accounts:
            available, pending, *lifetime = self._row(_FIGURES, id=member_id)
            assert self._row(_SUMS, id=member_id) == (available + pending,) * 2
            figures.append((available, pending, *lifetime))
        assert find_differences(self.session, self.shop.shop_id) == []
        assert self.session.execute(text(_REVERSED_TOO_MUCH)).all() == []
        return figures

    def written(self) -> Counter[str]:
        """How many rows each table of the books holds."""
        self.session.flush()
        counts = {name: self._row(f"SELECT count(*) FROM {name}")[0] for name in _WRITTEN}
        return Counter(counts)

    def _settle(self, known: KnownOrder, customer_id: int) -> None:
        """Bring the model to what the order deserves now."""
        assert known.state is not None
        account, state = self.account(customer_id), known.state
        home: Home = ("customer", customer_id)
        changes = known.settle(counts_money=self.terms.counts_money)
        difference = sum(changes.values())
        if difference < 0:
            forgive(changes, account.reverse(-difference, state.order_id, home, self.today))
        elif difference > 0 and (difference := remember(changes)):
            hold = timedelta(days=self.terms.hold_days)
            free_at = known.held_since(changes) + hold if hold else self.now
            lot = Lot(difference, home, state.placed_at, free_at, state.order_id)
            account.credit(lot, self.day(state.placed_at), self.today)
            if free_at <= self.now:
                account.free(lot, self.today, self.today)

    def _shorten_holds(self, known: KnownOrder, customer_id: int, begun_at: datetime) -> None:
        """What was held from a later payment is held from the one that we know of by now."""
        assert known.state is not None
        account, hold = self.account(customer_id), timedelta(days=self.terms.hold_days)
        for lot in account.lots:
            is_own = lot.order_id == known.state.order_id and not lot.is_free
            if is_own and lot.left and lot.available_at == begun_at + hold:
                lot.available_at = known.begins_at + hold
                if lot.available_at <= self.now:
                    account.free(lot, self.today, self.day(lot.available_at))

    def _take(self, customer_id: int, points: int, *, is_burn: bool) -> Debit | None:
        home: Home = ("member", self.member(customer_id))
        return self.account(customer_id).debit(points, home, self.today, is_burn=is_burn)

    def _undo_by_hand(self, done: ByHand, is_forced: bool) -> bool:
        """Undo it in the model; False when it must be refused."""
        if done.debit:
            self.people.give_back(done.debit, done.debit.points, self.today, self.now)
            return True
        assert done.lot
        owner = self.people.accounts[self.people.present(done.member_id)]
        return owner.undo_credit(done.lot, done.points, self.today, is_forced=is_forced)

    def _adjust(self, member_id: UUID, points: int) -> UUID:
        entry = adjust(
            self.session,
            self.shop.shop_id,
            member_id,
            points=points,
            reason="other",
            note=None,
            order_reference=None,
            client_key=f"by-hand-{self.new_id()}",
            actor=STAFF,
            now=self.now,
        )
        return entry.id

    def _cause(self, kind: str) -> Cause:
        number = self.new_id()
        return Cause(
            kind=kind,
            idempotency_key=f"{kind}:{number}",
            source_kind="redemption",
            source_id=str(number),
            actor=str(STAFF),
            occurred_at=self.now,
        )

    def _enrol(self, customer_id: int) -> None:
        facts = a_customer(customer_id, email=f"{customer_id}@example.com")
        customer = record_customer(self.session, self.shop, facts, now=self.now, is_backfill=False)
        assert customer.member_id
        self.people.of_customer[customer_id] = customer.member_id
        account = Account(self.terms.expiry, self.terms.clamps)
        self.people.accounts[customer.member_id] = account

    def _write_terms(self) -> None:
        expiry = self.terms.expiry
        values: dict[str, Any] = {
            "hold_days": self.terms.hold_days,
            "money_refunds": "prorate" if self.terms.counts_money else "ignore",
            "negative_balance": "clamp" if self.terms.clamps else "allow",
            "expiry_mode": expiry.mode,
            "expiry_days": None if expiry.mode in ("never", "months") else expiry.length,
            "expiry_months": expiry.length if expiry.mode == "months" else None,
            "expiry_since": None if expiry.mode == "never" else expiry.since,
        }
        names = ", ".join(f"{name} = :{name}" for name in values)
        self.session.execute(text(f"UPDATE programme SET {names}"), values)
        self.session.expire_all()

    def _row(self, query: str, **values: object) -> tuple[Any, ...]:
        return tuple(self.session.execute(text(query), values).one())
