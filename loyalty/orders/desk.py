"""The desk: the one path on which orders and refunds become rows and points, many or one.

Everything is loaded with one query per table, settled in memory and written with one statement per
table. Locks: members' balances in id order, then orders in id order, then redemptions.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.earning.assessing import NO_PRODUCT, Circumstances
from loyalty.earning.awards import Settling, settle
from loyalty.earning.circumstances import Asker
from loyalty.earning.faults import report_faults
from loyalty.ledger.books import Books
from loyalty.orders.erased import Erased, find_erased
from loyalty.orders.facts import OrderFacts, RefundFacts
from loyalty.orders.loading import load_refunds, lock_sheets
from loyalty.orders.sheets import (
    OrderSheet,
    RefundSheet,
    blank_sheet,
    new_sheet,
    take_refund,
)
from loyalty.orders.storing import store_orders, store_refunds
from loyalty.orders.tables import Order
from loyalty.redemption.using import find_spenders, settle_codes
from loyalty.referrals.noticing import notice_orders
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import after_changes


class Desk:
    """Some orders of one shop and their members' books, locked until the transaction ends.

    Nothing is in the database before `write()`. Flushes; the caller commits.
    """

    def __init__(
        self,
        session: Session,
        shop: Shop,
        sheets: dict[int, OrderSheet],
        refunds: dict[int, dict[int, RefundSheet]],
        books: Books,
        member_ids: Collection[UUID],
        is_backfill: bool,
    ) -> None:
        self.session, self.shop, self.now, self.books = session, shop, books.now, books
        self._sheets = sheets
        self._refunds = refunds
        for order_id, sheet in sheets.items():
            sheet.refunds = refunds.setdefault(order_id, {})
        self._asker = Asker(session, shop, member_ids)
        self._settling: Settling | None = None
        self._touched: dict[UUID, None] = {}
        self._told: dict[int, OrderSheet] = {}
        self._erased = Erased()
        self._is_backfill = is_backfill
        books.tells_rewards = not is_backfill

    @classmethod
    def open(
        cls,
        session: Session,
        shop: Shop,
        order_ids: Iterable[int],
        *,
        member_ids: Iterable[UUID] = (),
        codes: Iterable[str] = (),
        now: datetime,
        is_backfill: bool = False,
    ) -> Self:
        """Lock the books of `member_ids` and of these orders' members, then the orders.

        `codes`: discount codes that will be told with them; whose points they cost is locked too.
        `is_backfill`: what plain history does to tiers and badges is looked at when all is read.
        """
        wanted, members, told = sorted(set(order_ids)), set(member_ids), set(codes)
        members |= set(find_owners(session, shop.shop_id, wanted).values())
        members |= find_spenders(session, shop.shop_id, wanted, told)
        while True:
            books = Books.open(session, shop.shop_id, members, now=now)
            sheets = lock_sheets(session, shop.shop_id, wanted)
            owners = {sheet.member_id for sheet in sheets.values() if sheet.member_id is not None}
            carried = {code for sheet in sheets.values() for code in sheet.codes}
            if told or carried:
                owners |= find_spenders(session, shop.shop_id, (), told | carried)
            if owners <= members:
                break
            members |= owners  # One was given to somebody else while we waited for a lock.
        refunds = load_refunds(session, shop.shop_id, wanted)
        return cls(session, shop, sheets, refunds, books, members, is_backfill)

    def expect(self, told: Collection[OrderFacts]) -> None:
        """These are to be recorded: what they need of the catalogue is asked for at once, and who
        of theirs was erased.
        """
        sheets = ((self._sheets.get(facts.order_id), facts) for facts in told)
        known = [(sheet, facts) for sheet, facts in sheets if sheet is not None]
        self._erased = find_erased(self.session, self.shop.shop_id, known)
        self._asker.expect_products(
            line.product_id for facts in told for line in facts.lines if line.product_id is not None
        )

    def find(self, order_id: int) -> OrderSheet | None:
        """The order as it lies on the desk, if we know it."""
        return self._sheets.get(order_id)

    def record_order(
        self, facts: OrderFacts, member_id: UUID | None, customer_id: int | None
    ) -> OrderSheet:
        """Take the order's state unless we know a newer one, and settle its points.

        All orders that are to be recorded were expected.
        """
        sheet, was_let_go = self._sheets.get(facts.order_id), False
        if sheet is None:
            sheet = self._add(new_sheet(self.shop, facts, member_id, customer_id))
        elif sheet.is_deleted:
            return sheet  # Whatever comes of it now was on its way before.
        elif not sheet.is_news(facts):
            if sheet.hear_of_payment(facts):
                self.settle(sheet, happened_at=_happened_at(facts))
            return sheet
        elif self._erased.have(sheet, facts):
            customer_id, was_let_go = None, True  # They were erased, whoever names them again.
        sheet.set("member_id", sheet.member_id or member_id)
        sheet.set("customer_id", customer_id)
        sheet.take(facts)
        sheet.forget_addresses(and_where_it_went=was_let_go)
        self._told[sheet.order_id] = sheet
        self.settle(sheet, happened_at=_happened_at(facts))
        return sheet

    def record_refund(self, facts: RefundFacts) -> None:
        """Keep a refund, and settle its order's points if the order is here already."""
        known = self._sheets.get(facts.order_id)
        if known is not None and known.is_deleted:
            return
        refunds = self._refunds.setdefault(facts.order_id, {})
        take_refund(refunds, facts, in_order=False)
        sheet = self._sheets.get(facts.order_id)
        if sheet is not None:
            self._told[sheet.order_id] = sheet
            self.settle(sheet, happened_at=facts.created_at)

    def delete_order(self, order_id: int) -> None:
        """Let the order be cancelled for good, and settle its points; one unknown is kept out."""
        sheet = self._sheets.get(order_id)
        if sheet is None:
            sheet = self._add(blank_sheet(self.shop, order_id, self.now))
        if sheet.is_deleted:
            return
        sheet.delete(self.now)
        self._told[order_id] = sheet
        self.settle(sheet, happened_at=self.now)

    def settle(self, sheet: OrderSheet, *, happened_at: datetime) -> None:
        """Bring the books to what the order deserves now; nobody's order deserves nothing."""
        if sheet.member_id is not None:
            settle(sheet, self._settled_by(), happened_at=happened_at)
            if not (self._is_backfill and sheet.is_history):
                self._touched[sheet.member_id] = None

    def lacking_products(self) -> set[int]:
        """The products without which orders on this desk wait to be looked at."""
        return {
            product_id
            for sheet in self._sheets.values()
            if sheet.held_back == NO_PRODUCT
            for product_id in self._asker.unknown_products(sheet)
        }

    def write(self) -> None:
        """Write what changed, and lift the members whose orders have taken them to a new tier."""
        notice_orders(self.session, self.shop.shop_id, self._sheets.values(), now=self.now)
        changed = store_orders(self.session, self.shop.shop_id, self._sheets.values())
        refunds = (refund for found in self._refunds.values() for refund in found.values())
        store_refunds(self.session, self.shop.shop_id, refunds)
        settle_codes(self.books, self._told.values())
        self._told = {}
        self._tell_owners(changed)
        self.books.write()
        if self._settling is not None:
            book = self._settling.terms.rulebook
            report_faults(self.session, self.shop.shop_id, book, now=self.now)
        after_changes(self.session, self.shop, list(self._touched), now=self.now)
        self._asker.forget_tiers(self._touched)
        self._touched = {}

    def _tell_owners(self, changed: Iterable[OrderSheet]) -> None:
        """An order without points is news too: segments and the members list ask for orders."""
        for sheet in changed:
            if sheet.member_id is not None and not (self._is_backfill and sheet.is_history):
                self.books.tell(sheet.member_id)

    def _add(self, sheet: OrderSheet) -> OrderSheet:
        sheet.refunds = self._refunds.setdefault(sheet.order_id, {})
        self._sheets[sheet.order_id] = sheet
        return sheet

    def _settled_by(self) -> Settling:
        if self._settling is None:
            self._settling = Settling(
                self._asker.terms(), self.books, self._circumstances_of, self.now
            )
        return self._settling

    def _circumstances_of(self, sheet: OrderSheet) -> Circumstances:
        if self._asker.has_tiers() and sheet.member_id in self._touched:
            # The tier held before the order counts: an earlier one may have lifted the member.
            self.write()
        return self._asker.circumstances_of(sheet)


def find_owners(session: Session, shop_id: int, order_ids: Collection[int]) -> dict[int, UUID]:
    """The members that these orders have, by order, as committed by now."""
    if not order_ids:
        return {}
    statement = select(Order.order_id, Order.member_id).where(
        Order.shop_id == shop_id,
        among(Order.order_id, order_ids),
        Order.member_id.is_not(None),
    )
    return {row.order_id: row.member_id for row in session.execute(statement) if row.member_id}


def find_known(
    session: Session, shop_id: int, order_ids: Collection[int]
) -> tuple[dict[int, UUID], set[int]]:
    """As `find_owners`, and those of the orders that Shopify has deleted: one query for both."""
    if not order_ids:
        return {}, set()
    statement = select(Order.order_id, Order.member_id, Order.is_there().label("is_there")).where(
        Order.shop_id == shop_id,
        among(Order.order_id, order_ids),
        or_(Order.member_id.is_not(None), ~Order.is_there()),
    )
    rows = session.execute(statement).all()
    owners = {row.order_id: row.member_id for row in rows if row.member_id is not None}
    return owners, {row.order_id for row in rows if not row.is_there}


def _happened_at(facts: OrderFacts) -> datetime:
    """When what we settle took place: the payment at first, later the last change."""
    return facts.cancelled_at or (facts.updated_at if facts.refunds else facts.processed_at)
