"""What changed on the sheets of orders is written, a few statements for all of them.

The invariant: what did not change is not written, so that a re-delivery writes nothing.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Session

from loyalty.base.bulk import insert_rows, put_rows, update_rows
from loyalty.base.db import Base
from loyalty.earning.sheets import AwardSheet
from loyalty.earning.tables import Award, AwardLine
from loyalty.orders.loading import AWARD, OWN, SHARE
from loyalty.orders.sheets import LINE_STATE, STATE, OrderSheet, RefundSheet
from loyalty.orders.tables import (
    Order,
    OrderCode,
    OrderLine,
    OrderLineCode,
    Refund,
    RefundLine,
)

_ORDER = (*OWN, *STATE)
_LINE = ("line_id", *LINE_STATE, "assessed_quantity")
_REFUND = ("refund_id", "order_id", "created_at", "money_minor", "shipping_minor", "in_order")


def store_orders(session: Session, shop_id: int, sheets: Iterable[OrderSheet]) -> list[OrderSheet]:
    """Write orders with all that hangs on them; the sheets then say that nothing has changed.

    Returns those of which something had.
    """
    changed = [sheet for sheet in sheets if _has_news(sheet)]
    own = [sheet for sheet in changed if sheet.is_changed]
    new = [_row(shop_id, sheet, _ORDER) for sheet in own if sheet.is_new]
    old = [_row(shop_id, sheet, _ORDER) for sheet in own if not sheet.is_new]
    insert_rows(session, Order, new)
    update_rows(session, Order, ("shop_id", "order_id"), old)
    _store_lines(session, shop_id, changed)
    _store_codes(session, shop_id, changed)
    _store_awards(session, shop_id, changed)
    for sheet in changed:
        _settle_down(sheet)
    _forget(session, (Order, OrderLine, OrderCode, OrderLineCode, Award, AwardLine))
    return changed


def store_refunds(session: Session, shop_id: int, refunds: Iterable[RefundSheet]) -> None:
    """Write refunds and what they took back of lines; they then say that nothing has changed."""
    held = list(refunds)
    changed = [_row(shop_id, refund, _REFUND) for refund in held if refund.is_changed]
    put_rows(session, Refund, changed, joined=_together)
    lines = [
        {"shop_id": shop_id, "refund_id": refund.refund_id}
        | {"line_id": line_id, "quantity": refund.lines[line_id]}
        for refund in held
        for line_id in sorted(refund.changed_lines)
    ]
    put_rows(session, RefundLine, lines)
    for refund in held:
        refund.is_changed = False
        refund.changed_lines.clear()
    _forget(session, (Refund, RefundLine))


def _store_lines(session: Session, shop_id: int, sheets: Iterable[OrderSheet]) -> None:
    rows = [
        _row(shop_id, line, _LINE) | {"order_id": sheet.order_id}
        for sheet in sheets
        for line in sheet.lines.values()
        if line.is_changed
    ]
    put_rows(session, OrderLine, rows)


def _store_codes(session: Session, shop_id: int, sheets: Iterable[OrderSheet]) -> None:
    codes = [(sheet.order_id, code) for sheet in sheets for code in sheet.codes.values()]
    changed = [
        _row(shop_id, code, ("code", "amount_minor")) | {"order_id": order_id}
        for order_id, code in codes
        if code.is_changed
    ]
    put_rows(session, OrderCode, changed)
    lines = [
        {"shop_id": shop_id, "order_id": order_id, "code": code.code}
        | {"line_id": line_id, "amount_minor": code.lines[line_id]}
        for order_id, code in codes
        for line_id in sorted(code.changed_lines)
    ]
    put_rows(session, OrderLineCode, lines)


def _store_awards(session: Session, shop_id: int, sheets: Iterable[OrderSheet]) -> None:
    awards = [(sheet.order_id, award) for sheet in sheets for award in sheet.awards]
    new = [
        _row(shop_id, award, AWARD) | {"order_id": order_id}
        for order_id, award in awards
        if award.is_new
    ]
    insert_rows(session, Award, new)
    shares = [
        _row(shop_id, share, SHARE) | _key(order_id, award)
        for order_id, award in awards
        if award.is_new
        for share in award.shares
    ]
    insert_rows(session, AwardLine, shares)
    changed = [
        _key(order_id, award)
        | {
            "shop_id": shop_id,
            "standing_points": award.standing_points,
            "forgiven_points": award.forgiven_points,
        }
        for order_id, award in awards
        if award.is_changed and not award.is_new
    ]
    update_rows(session, Award, ("shop_id", "order_id", "rule_id", "number"), changed)


def _key(order_id: int, award: AwardSheet) -> dict[str, Any]:
    return {"order_id": order_id, "rule_id": award.rule_id, "number": award.number}


def _has_news(sheet: OrderSheet) -> bool:
    return (
        sheet.is_changed
        or any(line.is_changed for line in sheet.lines.values())
        or any(code.is_changed or code.changed_lines for code in sheet.codes.values())
        or any(award.is_new or award.is_changed for award in sheet.awards)
    )


def _settle_down(sheet: OrderSheet) -> None:
    sheet.is_new = sheet.is_changed = False
    for line in sheet.lines.values():
        line.is_changed = False
    for code in sheet.codes.values():
        code.is_changed = False
        code.changed_lines.clear()
    for award in sheet.awards:
        award.is_new = award.is_changed = False


def _row(shop_id: int, sheet: Any, names: Iterable[str]) -> dict[str, Any]:
    return {"shop_id": shop_id} | {name: getattr(sheet, name) for name in names}


def _together(name: str, old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    """Two deliveries may tell of a new refund at once: what either of them knew is known."""
    if name == "in_order":
        return old | new
    return func.greatest(old, new) if name.endswith("_minor") else new


def _forget(session: Session, models: tuple[type[Base], ...]) -> None:
    """What the session itself holds of these tables is read anew when it is asked for."""
    for held in list(session.identity_map.values()):
        if isinstance(held, models):
            session.expire(held)
