"""A referral brought to what the friend's orders say now; late, twice or out of order is no matter.

Locks: both members' balances in id order, then the referral. Once reversed it stays so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.ledger.books import Books
from loyalty.members.identity import survivor_of, with_merged
from loyalty.programme.pausing import NEVER, WAITS, read_pauses
from loyalty.programme.rules import get_programme
from loyalty.referrals import paying
from loyalty.referrals.claiming import was_brought_before
from loyalty.referrals.deciding import (
    FirstOrder,
    find_first_order,
    has_earlier_order,
    is_deleted,
)
from loyalty.referrals.likeness import Traits, likeness, traits_of
from loyalty.referrals.namesakes import Namesakes, find_namesakes
from loyalty.referrals.rules import find_referral_rule
from loyalty.referrals.tables import OPEN, Referral
from loyalty.shops.tables import Shop

LOOK_AGAIN = timedelta(minutes=15)
"""While the programme is paused a referral waits for its end."""
AFTER_FAILURE = timedelta(hours=1)
"""What cannot be settled is left alone for so long, and stands behind all that is due by then."""


def settle_of_friend(session: Session, shop: Shop, friend_id: UUID, *, now: datetime) -> None:
    """Settle whatever referral brought this member. Raises MemberHasMoved. The caller commits."""
    ids = session.scalars(
        select(Referral.id)
        .where(
            Referral.shop_id == shop.shop_id,
            Referral.friend_id.in_(with_merged(session, shop.shop_id, [friend_id])),
            Referral.state.in_(OPEN),
        )
        .order_by(Referral.claimed_at, Referral.id)
    )
    for referral_id in list(ids):
        settle(session, shop, referral_id, now=now)


def list_due(session: Session, shop_id: int, *, now: datetime, limit: int) -> Sequence[UUID]:
    """The open referrals whose time has come, the longest due first."""
    return session.scalars(
        select(Referral.id)
        .where(Referral.shop_id == shop_id, Referral.due_at <= now, Referral.state.in_(OPEN))
        .order_by(Referral.due_at, Referral.id)
        .limit(limit)
    ).all()


def put_off(session: Session, shop_id: int, referral_id: UUID, *, now: datetime) -> None:
    """Let a referral that could not be settled wait for AFTER_FAILURE. The caller commits."""
    session.execute(
        update(Referral)
        .where(Referral.shop_id == shop_id, Referral.id == referral_id, Referral.due_at <= now)
        .values(due_at=now + AFTER_FAILURE)
        .execution_options(synchronize_session=False)
    )


def settle(session: Session, shop: Shop, referral_id: UUID, *, now: datetime) -> str | None:
    """Bring one referral up to date; its state, or None for one that is not open.

    Raises MemberHasMoved when either side is merged at this very moment. Flushes; the caller
    commits.
    """
    known = session.get(Referral, (shop.shop_id, referral_id), populate_existing=True)
    if known is None or known.friend_id is None:
        return None
    people = {
        paying.FRIEND: survivor_of(session, shop.shop_id, known.friend_id),
        paying.ADVOCATE: survivor_of(session, shop.shop_id, known.advocate_id),
    }
    owners = paying.find_owners(session, shop.shop_id, referral_id)
    books = Books.open(session, shop.shop_id, {*people.values(), *owners.values()}, now=now)
    referral = session.get_one(
        Referral, (shop.shop_id, referral_id), with_for_update=True, populate_existing=True
    )
    if referral.state not in OPEN:
        return None
    _Settling(session, shop, referral, books, people).run()
    session.flush()
    return referral.state


class _Settling:
    """One open referral under its locks."""

    def __init__(
        self,
        session: Session,
        shop: Shop,
        referral: Referral,
        books: Books,
        people: paying.People,
    ) -> None:
        self._session, self._shop, self._referral = session, shop, referral
        self._books, self._people, self._now = books, people, books.now

    def run(self) -> None:
        """Find what the state is to be, and let it be so."""
        reason = self._blocked_by()
        if reason is not None:
            self._end("blocked", reason)
            return
        first = find_first_order(
            self._session,
            self._shop,
            self._people[paying.FRIEND],
            claimed_at=self._referral.claimed_at,
        )
        if first is None:
            self._wait()
        elif first.is_gone:
            self._decide(first)
            self._end("failed", "cancelled")
        else:
            self._weigh(first)

    def _blocked_by(self) -> str | None:
        """What is known by now that would have kept the friend from being brought."""
        friend_id, advocate_id = self._people[paying.FRIEND], self._people[paying.ADVOCATE]
        friend = traits_of(self._session, self._shop.shop_id, friend_id)
        if self._has_bought_before(friend):
            return "earlier_order"
        if self._referral.state == "paid":
            # Two who move in together later were two when it counted.
            return None
        if was_brought_before(self._session, self._referral, friend):
            return "brought_before"
        return likeness(friend, traits_of(self._session, self._shop.shop_id, advocate_id))

    def _has_bought_before(self, friend: Traits) -> bool:
        known_by = Namesakes(friend.member_ids, friend.customer_ids)
        if self._referral.state != "paid":
            # An address that somebody has taken over since takes back nothing that was paid.
            known_by = find_namesakes(self._session, self._shop.shop_id, friend)
        return has_earlier_order(
            self._session, self._shop.shop_id, known_by, claimed_at=self._referral.claimed_at
        )

    def _wait(self) -> None:
        """The order that decided went to somebody else or is gone, or there is none yet."""
        order_id = self._referral.order_id
        if self._referral.state == "paid" and order_id is not None:
            if is_deleted(self._session, self._shop.shop_id, order_id):
                self._end("failed", "cancelled")
        elif self._referral.state in ("waiting", "held", "failed"):
            # No time is due: the friend's order wakes it. Else who never buys keeps its place in
            # front of those whose hold is over.
            self._set("waiting", None, None)

    def _weigh(self, first: FirstOrder) -> None:
        """The order stands: is it enough, and is it time?"""
        pauses = read_pauses(self._session, get_programme(self._session, self._shop.shop_id))
        fate = pauses.fate(first.counts_from)
        if self._referral.state != "paid" and fate == WAITS:
            again = self._now + LOOK_AGAIN
            # What is on hold stays so until its own time at least.
            self._referral.due_at = max(self._referral.due_at or again, again)
            return
        due_at = self._decide(first)
        if fate == NEVER:
            self._end("failed", "paused")
        elif self._referral.rule_id is None:
            self._end("failed", "no_rule")
        elif first.basis_minor < self._referral.minimum_minor:
            self._end("failed", "below_minimum")
        elif self._referral.state != "paid":
            self._pay_when(due_at)

    def _decide(self, first: FirstOrder) -> datetime:
        """Fix the rule and the hold for this order, once; when that hold is over."""
        referral = self._referral
        if referral.order_id != first.order_id and referral.state != "paid":
            rule = find_referral_rule(self._session, self._shop, at=first.processed_at)
            referral.rule_id = rule.id if rule else None
            referral.rule_version = rule.version if rule else None
            referral.minimum_minor = rule.minimum_minor if rule else 0
            referral.advocate_points = rule.advocate_points if rule else 0
            referral.friend_points = rule.friend_points if rule else 0
            referral.hold_days = get_programme(self._session, self._shop.shop_id).hold_days
            referral.decided_at, referral.due_at = self._now, None
        referral.order_id = first.order_id
        # By the order's own time: we may hear late that it was paid earlier.
        hold = timedelta(days=referral.hold_days)
        return first.counts_from + hold if hold else self._now

    def _pay_when(self, due_at: datetime) -> None:
        if due_at > self._now:
            self._set("held", None, due_at)
            return
        paying.pay(self._session, self._shop, self._referral, self._books, self._people)
        self._referral.paid_at = self._now
        self._set("paid", None, None)

    def _end(self, state: str, reason: str) -> None:
        """It counts for nothing; what was paid is taken back, for good."""
        if self._referral.state == "paid":
            paying.take_back(self._session, self._shop, self._referral, self._books, reason=reason)
            self._referral.reversed_at = self._now
            state = "reversed"
        self._set(state, reason, None)

    def _set(self, state: str, reason: str | None, due_at: datetime | None) -> None:
        self._referral.state, self._referral.reason = state, reason
        self._referral.due_at = due_at
