"""What Shopify says of customers, orders and refunds becomes rows, then points; late or twice is
no matter, and neither is how many come at once.

Locks: customers, then the members' balances, then the orders; each in id order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.base.errors import ForeignCurrency
from loyalty.members.enrolment import joins_at_once
from loyalty.members.facts import CustomerFacts
from loyalty.members.matching import find_all_by_verified_email
from loyalty.members.roster import Roster
from loyalty.orders.claiming import adopt, list_unowned
from loyalty.orders.desk import Desk, find_known
from loyalty.orders.facts import OrderFacts, RefundFacts
from loyalty.orders.strays import can_be_claimed, list_proved
from loyalty.orders.tables import Order
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop

Facts = OrderFacts | RefundFacts | CustomerFacts


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an order is by what was told with it."""

    member_id: UUID | None
    customer_id: int | None


def record_order(
    session: Session, shop: Shop, facts: OrderFacts, *, now: datetime, is_backfill: bool
) -> Order:
    """Store the order's state unless we know a newer one, and settle its points.

    Raises ForeignCurrency when its shop money is not the shop's. Flushes; the caller commits.
    """
    record_all(session, shop, [facts], now=now, is_backfill=is_backfill)
    return session.get_one(Order, (shop.shop_id, facts.order_id), populate_existing=True)


def record_refund(session: Session, shop: Shop, facts: RefundFacts, *, now: datetime) -> None:
    """Store a refund, and settle its order's points if the order is here already."""
    record_all(session, shop, [facts], now=now, is_backfill=False)


def record_all(
    session: Session, shop: Shop, told: Sequence[Facts], *, now: datetime, is_backfill: bool
) -> set[int]:
    """Record each in turn, as if it had come alone: all of them, or none when it raises.

    The products without which orders of theirs must wait to earn. Raises ForeignCurrency when
    an order's shop money is not the shop's. Flushes; the caller commits.
    """
    for facts in told:
        check_currency(shop, facts)
    order_ids = {facts.order_id for facts in told if not isinstance(facts, CustomerFacts)}
    # What comes of them now was on its way before: it makes nobody a member.
    known, gone = find_known(session, shop.shop_id, sorted(order_ids))
    told = [f for f in told if isinstance(f, CustomerFacts) or f.order_id not in gone]
    order_ids -= gone
    owners = _Owners(session, shop, told, known, now=now, is_backfill=is_backfill)
    earlier = list_unowned(session, shop.shop_id, owners.enrolled)
    earlier |= list_proved(session, shop.shop_id, owners.vouched, now)
    if not order_ids and not earlier:
        return set()
    members = owners.members() | set(earlier.values())
    wanted = order_ids | earlier.keys()
    codes = {code.code for facts in told if isinstance(facts, OrderFacts) for code in facts.codes}
    desk = Desk.open(
        session,
        shop,
        wanted,
        member_ids=members,
        codes=codes,
        now=now,
        is_backfill=is_backfill,
    )
    adopt(desk, earlier, get_programme(session, shop.shop_id))
    desk.expect([facts for facts in told if isinstance(facts, OrderFacts)])
    for index in _in_waves(told, owners):
        facts = told[index]
        if isinstance(facts, OrderFacts):
            owner = owners.of(index)
            desk.record_order(facts, owner.member_id, owner.customer_id)
        elif isinstance(facts, RefundFacts):
            desk.record_refund(facts)
    desk.write()
    return desk.lacking_products()


def check_currency(shop: Shop, facts: Facts) -> None:
    """Raise ForeignCurrency for an order whose shop money is not the shop's."""
    if isinstance(facts, OrderFacts) and facts.currency != shop.currency:
        raise ForeignCurrency(f"{facts.name} is in {facts.currency}, the shop in {shop.currency}")


def enrols(facts: OrderFacts) -> bool:
    """Whether the order makes its customer a member."""
    return facts.is_paid and not facts.is_test


class _Owners:
    """Whose each order of a batch is: its first member, or who its customer is or becomes."""

    def __init__(
        self,
        session: Session,
        shop: Shop,
        told: Sequence[Facts],
        known: Mapping[int, UUID],
        *,
        now: datetime,
        is_backfill: bool,
    ) -> None:
        self._session, self._shop, self._now = session, shop, now
        self._known = known
        self._owners: dict[int, Owner] = {}
        self.enrolled: dict[int, UUID] = {}
        """Customers who became members' just now."""
        self._roster = Roster(session, shop, now=now, is_backfill=is_backfill)
        news = {
            index: customer
            for index, facts in enumerate(told)
            if (customer := self._customer_told(facts)) is not None
        }
        named = {
            facts.customer_id
            for facts in told
            if isinstance(facts, OrderFacts) and facts.order_id not in self._known
        }
        self._roster.lock((each for each in named if each is not None), news.values())
        for customer in news.values():
            self._roster.take(customer)
        self._roster.write()
        for index, facts in enumerate(told):
            self._enrol(index, facts)
        self._give_proved(told)
        self.vouched = self._roster.vouched(self.enrolled)
        """Emails that Shopify has verified, of whom there was news."""

    def of(self, index: int) -> Owner:
        """Whose the order told at this place is."""
        return self._owners[index]

    def members(self) -> set[UUID]:
        """All of them."""
        return {owner.member_id for owner in self._owners.values() if owner.member_id is not None}

    def wave_keys(self, index: int, facts: OrderFacts | RefundFacts) -> Iterable[object]:
        """What must not be told of out of turn: the order, and its member."""
        yield facts.order_id
        owner = self._owners.get(index)
        member_id = owner.member_id if owner else self._known.get(facts.order_id)
        if member_id is not None:
            yield member_id

    def _customer_told(self, facts: Facts) -> CustomerFacts | None:
        """What was told of a customer, alone or with an order that is nobody's yet."""
        if isinstance(facts, OrderFacts):
            return facts.customer if facts.order_id not in self._known else None
        return facts if isinstance(facts, CustomerFacts) else None

    def _enrol(self, index: int, facts: Facts) -> None:
        if isinstance(facts, CustomerFacts):
            if joins_at_once(facts, 0):
                self._make_member(facts.customer_id)
        elif isinstance(facts, OrderFacts):
            self._owners[index] = self._owner_of(facts)

    def _owner_of(self, facts: OrderFacts) -> Owner:
        """The member whose order this is, the one it had first or its customer's."""
        if facts.order_id in self._known:
            return Owner(self._known[facts.order_id], facts.customer_id)
        customer = self._roster.find(facts.customer_id)
        if customer is None:
            return Owner(None, facts.customer_id)
        if customer.redacted_at is not None:
            return Owner(None, None)
        if enrols(facts) or (facts.customer is not None and joins_at_once(facts.customer, 0)):
            self._make_member(customer.customer_id)
        return Owner(customer.member_id, facts.customer_id)

    def _give_proved(self, told: Sequence[Facts]) -> None:
        """What no customer placed is whose who has proved its email: one query for all."""
        emails = {
            index: facts.email
            for index, facts in enumerate(told)
            if isinstance(facts, OrderFacts) and self._is_stray(facts)
        }
        if not emails:
            return
        found = find_all_by_verified_email(self._session, self._shop.shop_id, emails.values())
        for index, email in emails.items():
            self._owners[index] = Owner(found.get(email), None)

    def _is_stray(self, facts: OrderFacts) -> bool:
        """Whether an order that is nobody's can be claimed by an email that was told with it."""
        if facts.customer_id is not None or facts.order_id in self._known or not facts.email:
            return False
        return can_be_claimed(self._session, self._shop, facts, self._now)

    def _make_member(self, customer_id: int) -> None:
        customer = self._roster.find(customer_id)
        assert customer is not None
        if customer.member_id is None:
            self._roster.enrol(customer)
            joined = self._roster.find(customer_id)
            if joined is not None and joined.member_id is not None:
                self.enrolled[customer_id] = joined.member_id


def _in_waves(told: Sequence[Facts], owners: _Owners) -> list[int]:
    """The places of orders and refunds: first those that are their member's first, then the next.

    What an order gives may hang on what its member's last one led to, and nobody else's.
    """
    next_wave: dict[object, int] = {}
    waves: list[tuple[int, int]] = []
    for index, facts in enumerate(told):
        if isinstance(facts, CustomerFacts):
            continue
        keys = list(owners.wave_keys(index, facts))
        wave = max(next_wave.get(key, 0) for key in keys)
        next_wave.update(dict.fromkeys(keys, wave + 1))
        waves.append((wave, index))
    return [index for _, index in sorted(waves)]
