"""Orders as they lie on the desk: what is stored and what has just been told, in memory.

The invariant: `is_changed` and the like name all that must be written, and nothing that need not.
"""

from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.earning.sheets import AwardSheet
from loyalty.orders.facts import CodeFacts, LineFacts, OrderFacts, RefundFacts
from loyalty.orders.tables import DELETED
from loyalty.shops.tables import Shop

STATE = (
    "name", "currency", "taxes_included", "is_test", "is_paid", "source_name", "location_id",
    "total_minor", "current_total_minor", "created_at", "processed_at", "cancelled_at",
    "shipping_minor", "shipping_tax_minor", "ship_to", "email_mark",
)  # fmt: skip
"""What Shopify's facts say of an order itself, under the names of its columns."""
LINE_STATE = (
    "title", "product_id", "quantity", "current_quantity", "basis_minor", "is_gift_card",
    "gross_minor", "tax_minor",
)  # fmt: skip
"""What they say of a line."""


@dataclass(slots=True)
class LineSheet:
    """A line; `assessed_quantity`: pieces that earning has looked at."""

    line_id: int
    title: str
    product_id: int | None
    quantity: int
    current_quantity: int
    basis_minor: int
    is_gift_card: bool
    gross_minor: int
    tax_minor: int
    assessed_quantity: int = 0
    is_changed: bool = False


@dataclass(slots=True)
class RefundSheet:
    """A refund. `in_order`: the order's own state counts it already."""

    refund_id: int
    order_id: int
    created_at: datetime
    money_minor: int = 0
    shipping_minor: int = 0
    in_order: bool = False
    is_changed: bool = False
    lines: dict[int, int] = field(default_factory=dict)
    changed_lines: set[int] = field(default_factory=set)


@dataclass(slots=True)
class CodeSheet:
    """A discount code on an order; `lines`: what it takes off each that it ever made cheaper."""

    code: str
    amount_minor: int
    lines: dict[int, int] = field(default_factory=dict)
    is_changed: bool = False
    changed_lines: set[int] = field(default_factory=set)


@dataclass(slots=True)
class OrderSheet:
    """An order with all that hangs on it. `posted`: how many entries each rule wrote before.

    `counted_from`: what `counts_from` was when earning last looked, if it is earlier by now.
    """

    order_id: int
    member_id: UUID | None
    customer_id: int | None
    is_history: bool
    assessed_at: datetime | None
    held_back: str | None
    shopify_updated_at: datetime
    paid_at: datetime | None
    name: str
    currency: str
    taxes_included: bool
    is_test: bool
    is_paid: bool
    source_name: str | None
    location_id: int | None
    total_minor: int
    current_total_minor: int
    created_at: datetime
    processed_at: datetime
    cancelled_at: datetime | None
    shipping_minor: int
    shipping_tax_minor: int
    ship_to: str | None
    email_mark: str | None
    is_new: bool = False
    is_changed: bool = False
    lines: dict[int, LineSheet] = field(default_factory=dict)
    refunds: dict[int, RefundSheet] = field(default_factory=dict)
    codes: dict[str, CodeSheet] = field(default_factory=dict)
    awards: list[AwardSheet] = field(default_factory=list)
    posted: dict[str, int] = field(default_factory=dict)
    counted_from: datetime | None = None

    def set(self, name: str, value: object) -> None:
        """Let a column have this value."""
        if getattr(self, name) != value:
            setattr(self, name, value)
            self.is_changed = True

    @property
    def counts_from(self) -> datetime:
        """When it was both placed and paid: pauses ask for that moment, and holds run from it."""
        return max(self.processed_at, self.paid_at or self.processed_at)

    def hear_of_payment(self, facts: OrderFacts) -> bool:
        """Keep the first moment by which it was paid; whether that is earlier than we knew.

        News that is old otherwise may tell of it: the answer hangs on no order of arrival.
        """
        told, known = facts.paid_at, self.paid_at
        if told is None or (known is not None and known <= told):
            return False
        if self.assessed_at is not None:
            self.counted_from = self.counted_from or self.counts_from
        self.set("paid_at", told)
        return True

    def look_again(self) -> None:
        """Let earning look at all pieces as if it never had; nothing was awarded for them."""
        assert not self.awards
        self.set("assessed_at", None)
        for line in self.lines.values():
            if line.assessed_quantity:
                line.assessed_quantity, line.is_changed = 0, True

    @property
    def is_deleted(self) -> bool:
        """Whether Shopify has the order no more."""
        return self.shopify_updated_at >= DELETED

    def delete(self, now: datetime) -> None:
        """Be cancelled, and worth nothing, for good."""
        self.set("shopify_updated_at", DELETED)
        self.set("cancelled_at", self.cancelled_at or now)
        self.set("current_total_minor", 0)

    def is_news(self, facts: OrderFacts) -> bool:
        """Newer, or of the same second and further along: Shopify's times have no fractions."""
        counted = sum(refund.in_order for refund in self.refunds.values())
        return _progress(
            facts.updated_at, facts.cancelled_at, facts.is_paid, len(facts.refunds)
        ) >= _progress(self.shopify_updated_at, self.cancelled_at, self.is_paid, counted)

    def take(self, facts: OrderFacts) -> None:
        """Be what `facts` say, lines, refunds and codes included."""
        self.hear_of_payment(facts)
        self.set("shopify_updated_at", facts.updated_at)
        for name in STATE:
            self.set(name, getattr(facts, name))
        for line in facts.lines:
            self._take_line(line)
        for refund in facts.refunds:
            take_refund(self.refunds, refund, in_order=True)
        told = {code.code: code for code in facts.codes}
        for code in (*told.values(), *_gone(self.codes, told)):
            self._take_code(code)

    def forget_addresses(self, *, and_where_it_went: bool) -> None:
        """Keep an email for who may still claim the order by it alone.

        `and_where_it_went`: of somebody who was erased, late news tells no address either.
        """
        if self.member_id is not None or self.is_history:
            self.set("email_mark", None)
        if and_where_it_went:
            self.set("ship_to", None)

    def _take_line(self, facts: LineFacts) -> None:
        known = self.lines.get(facts.line_id)
        told: dict[str, Any] = {name: getattr(facts, name) for name in LINE_STATE}
        if known is None:
            self.lines[facts.line_id] = LineSheet(facts.line_id, **told, is_changed=True)
            return
        for name, value in told.items():
            if getattr(known, name) != value:
                setattr(known, name, value)
                known.is_changed = True

    def _take_code(self, facts: CodeFacts) -> None:
        sheet = self.codes.get(facts.code)
        if sheet is None:
            sheet = CodeSheet(facts.code, facts.amount_minor, is_changed=True)
            self.codes[facts.code] = sheet
        elif sheet.amount_minor != facts.amount_minor:
            sheet.amount_minor, sheet.is_changed = facts.amount_minor, True
        told = dict(facts.lines)
        for line_id in {*sheet.lines, *told}:
            amount_minor = told.get(line_id, 0)
            if sheet.lines.get(line_id, 0) != amount_minor:
                sheet.lines[line_id] = amount_minor
                sheet.changed_lines.add(line_id)


def new_sheet(
    shop: Shop, facts: OrderFacts, member_id: UUID | None, customer_id: int | None
) -> OrderSheet:
    """The sheet of an order that we did not know; it has yet to `take` the facts."""
    return OrderSheet(
        order_id=facts.order_id,
        member_id=member_id,
        customer_id=customer_id,
        is_history=is_history(shop, facts),
        assessed_at=None,
        held_back=None,
        shopify_updated_at=facts.updated_at,
        paid_at=facts.paid_at,
        is_new=True,
        is_changed=True,
        **{name: getattr(facts, name) for name in STATE},
    )


def blank_sheet(shop: Shop, order_id: int, now: datetime) -> OrderSheet:
    """The sheet of an order that we never heard of, and of which nothing is to be told."""
    return OrderSheet(
        order_id=order_id,
        member_id=None,
        customer_id=None,
        # Nobody can claim it.
        is_history=True,
        assessed_at=None,
        held_back=None,
        shopify_updated_at=now,
        paid_at=None,
        name="",
        currency=shop.currency,
        taxes_included=False,
        is_test=False,
        is_paid=False,
        source_name=None,
        location_id=None,
        total_minor=0,
        current_total_minor=0,
        created_at=now,
        processed_at=now,
        cancelled_at=now,
        shipping_minor=0,
        shipping_tax_minor=0,
        ship_to=None,
        email_mark=None,
        is_new=True,
        is_changed=True,
    )


def is_history(shop: Shop, facts: OrderFacts) -> bool:
    """Whether the order was placed before the shop began to earn.

    Whether it was paid by then is not asked: the answer would hang on which webhook came first.
    """
    return min(facts.created_at, facts.processed_at) < shop.earning_since


def take_refund(refunds: dict[int, RefundSheet], facts: RefundFacts, *, in_order: bool) -> None:
    """Keep a refund among `refunds`, once; what an order's state has counted stays counted.

    A copy that knows the money or the lines completes one that did not.
    """
    sheet = refunds.get(facts.refund_id)
    if sheet is None:
        sheet = RefundSheet(facts.refund_id, facts.order_id, facts.created_at, is_changed=True)
        refunds[facts.refund_id] = sheet
    known = sheet.money_minor, sheet.shipping_minor, sheet.in_order
    told = facts.money_minor, facts.shipping_minor, in_order
    completed = tuple(max(pair) for pair in zip(known, told, strict=True))
    if completed != known:
        sheet.money_minor, sheet.shipping_minor, sheet.in_order = completed  # type: ignore[assignment]
        sheet.is_changed = True
    for line_id, quantity in _by_line(facts).items():
        if sheet.lines.get(line_id) != quantity:
            sheet.lines[line_id] = quantity
            sheet.changed_lines.add(line_id)


def _gone(codes: dict[str, CodeSheet], told: Container[str]) -> list[CodeFacts]:
    """Codes that an order no longer carries: they were on it, and take nothing off any more."""
    return [CodeFacts(code, 0) for code in codes if code not in told]


def _by_line(facts: RefundFacts) -> dict[int, int]:
    """Pieces by line: one that goes back to two places is told twice."""
    pieces: dict[int, int] = defaultdict(int)
    for line_id, quantity in facts.lines:
        pieces[line_id] += quantity
    return pieces


def _progress(
    updated_at: datetime, cancelled_at: datetime | None, is_paid: bool, refunds: int
) -> tuple[datetime, bool, bool, int]:
    return updated_at, cancelled_at is not None, is_paid, refunds
