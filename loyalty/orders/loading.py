"""Sheets of stored orders: one query per table for however many there are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.earning.sheets import AwardSheet, ShareSheet
from loyalty.earning.tables import Award, AwardLine
from loyalty.ledger.tables import LedgerEntry
from loyalty.orders.sheets import LINE_STATE, STATE, CodeSheet, LineSheet, OrderSheet, RefundSheet
from loyalty.orders.tables import (
    Order,
    OrderCode,
    OrderLine,
    OrderLineCode,
    Refund,
    RefundLine,
)

OWN = (
    "order_id", "member_id", "customer_id", "is_history", "assessed_at", "held_back",
    "shopify_updated_at", "paid_at",
)  # fmt: skip
SHARE = (
    "line_id", "quantity", "basis", "basis_minor", "promotion_id", "promotion_multiplier",
)  # fmt: skip
AWARD = (
    "rule_id", "number", "member_id", "rule_version", "basis", "points", "standing_points",
    "forgiven_points", "tier_id", "tier_multiplier", "awarded_at",
    "added_at",
)  # fmt: skip


def lock_sheets(session: Session, shop_id: int, order_ids: Iterable[int]) -> dict[int, OrderSheet]:
    """The known ones of these orders with all that hangs on them, locked in id order.

    Their refunds are loaded apart: they may be there before their order.
    """
    return _load(session, shop_id, _orders(shop_id, order_ids).with_for_update())


def read_sheets(session: Session, shop_id: int, order_ids: Iterable[int]) -> dict[int, OrderSheet]:
    """As `lock_sheets`, for who only looks: nothing is locked, and refunds are there."""
    wanted = sorted(order_ids)
    sheets = _load(session, shop_id, _orders(shop_id, wanted))
    for order_id, refunds in load_refunds(session, shop_id, wanted).items():
        if order_id in sheets:
            sheets[order_id].refunds = refunds
    return sheets


def _orders(shop_id: int, order_ids: Iterable[int]) -> Select[Any]:
    columns = (getattr(Order, name) for name in (*OWN, *STATE))
    return (
        select(*columns)
        .where(Order.shop_id == shop_id, among(Order.order_id, order_ids))
        .order_by(Order.order_id)
    )


def _load(session: Session, shop_id: int, orders: Select[Any]) -> dict[int, OrderSheet]:
    sheets = {row[0]: OrderSheet(*row) for row in session.execute(orders)}
    if sheets:
        _load_lines(session, shop_id, sheets)
        _load_codes(session, shop_id, sheets)
        _load_awards(session, shop_id, sheets)
        _count_posted(session, shop_id, sheets)
    return sheets


def load_refunds(
    session: Session, shop_id: int, order_ids: Iterable[int]
) -> dict[int, dict[int, RefundSheet]]:
    """The refunds of these orders, by order and refund; either may have come first."""
    names = ("refund_id", "order_id", "created_at", "money_minor", "shipping_minor", "in_order")
    found: dict[int, dict[int, RefundSheet]] = {}
    statement = (
        select(*(getattr(Refund, name) for name in names), RefundLine.line_id, RefundLine.quantity)
        .outerjoin(
            RefundLine,
            (Refund.shop_id == RefundLine.shop_id) & (Refund.refund_id == RefundLine.refund_id),
        )
        .where(Refund.shop_id == shop_id, among(Refund.order_id, order_ids))
    )
    for *values, line_id, quantity in session.execute(statement):
        refund_id, order_id = values[:2]
        of_order = found.setdefault(order_id, {})
        sheet = of_order.get(refund_id) or of_order.setdefault(refund_id, RefundSheet(*values))
        if line_id is not None:
            sheet.lines[line_id] = quantity
    return found


def _load_lines(session: Session, shop_id: int, sheets: dict[int, OrderSheet]) -> None:
    names = ("line_id", *LINE_STATE, "assessed_quantity")
    statement = (
        select(OrderLine.order_id, *(getattr(OrderLine, name) for name in names))
        .where(OrderLine.shop_id == shop_id, among(OrderLine.order_id, sheets))
        .order_by(OrderLine.order_id, OrderLine.line_id)
    )
    for order_id, *values in session.execute(statement):
        line = LineSheet(*values)
        sheets[order_id].lines[line.line_id] = line


def _load_codes(session: Session, shop_id: int, sheets: dict[int, OrderSheet]) -> None:
    statement = (
        select(
            OrderCode.order_id,
            OrderCode.code,
            OrderCode.amount_minor,
            OrderLineCode.line_id,
            OrderLineCode.amount_minor.label("line_minor"),
        )
        .outerjoin(
            OrderLineCode,
            (OrderLineCode.shop_id == OrderCode.shop_id)
            & (OrderLineCode.order_id == OrderCode.order_id)
            & (OrderLineCode.code == OrderCode.code),
        )
        .where(OrderCode.shop_id == shop_id, among(OrderCode.order_id, sheets))
        .order_by(OrderCode.order_id, OrderCode.code)
    )
    for order_id, code, amount_minor, line_id, line_minor in session.execute(statement):
        sheet = sheets[order_id].codes.setdefault(code, CodeSheet(code, amount_minor))
        if line_id is not None:
            sheet.lines[line_id] = line_minor


def _load_awards(session: Session, shop_id: int, sheets: dict[int, OrderSheet]) -> None:
    statement = (
        select(Award.order_id, *(getattr(Award, name) for name in AWARD))
        .where(Award.shop_id == shop_id, among(Award.order_id, sheets))
        .order_by(Award.order_id, Award.rule_id, Award.number)
    )
    awards: dict[Any, AwardSheet] = {}
    for order_id, *values in session.execute(statement):
        award = AwardSheet(*values)
        awards[order_id, award.rule_id, award.number] = award
        sheets[order_id].awards.append(award)
    if not awards:
        return
    shares = select(
        AwardLine.order_id,
        AwardLine.rule_id,
        AwardLine.number,
        *(getattr(AwardLine, name) for name in SHARE),
    ).where(AwardLine.shop_id == shop_id, among(AwardLine.order_id, sheets))
    for order_id, rule_id, number, *values in session.execute(shares):
        awards[order_id, rule_id, number].shares.append(ShareSheet(*values))


def _count_posted(session: Session, shop_id: int, sheets: dict[int, OrderSheet]) -> None:
    """How many entries an order and a rule wrote before: the next one's key counts on from it."""
    awarded = [order_id for order_id, sheet in sheets.items() if sheet.awards]
    if not awarded:
        return
    statement = (
        select(LedgerEntry.source_id, func.count())
        .where(
            LedgerEntry.shop_id == shop_id,
            among(LedgerEntry.order_id, awarded),
            LedgerEntry.source_kind == "order_rule",
        )
        .group_by(LedgerEntry.source_id)
    )
    for source_id, count in session.execute(statement):
        order_id, _, rule_id = source_id.partition(":")
        sheets[int(order_id)].posted[rule_id] = count
