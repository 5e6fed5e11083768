"""Points for an order, always worked out from its present state; only the difference is written.

The invariant: per rule, what the ledger holds for an order = Σ targets of its awards.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.earning.removal import removed_share, target_points
from loyalty.earning.rounding import points_for
from loyalty.earning.tables import Award, AwardLine
from loyalty.ledger.posting import Cause, credit, debit
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.orders.tables import Order, OrderLine
from loyalty.programme.rules import get_programme, list_active_rules
from loyalty.programme.tables import EarningRule, Programme


def settle_order(
    session: Session, order: Order, balance: MemberBalance, *, happened_at: datetime, now: datetime
) -> None:
    """Bring the ledger to what the order deserves now. `order` and `balance` are locked.

    `happened_at`: when the change that we settle took place. Flushes; writes nothing
    when nothing changed.
    """
    if order.is_test or order.is_history:
        return
    programme = get_programme(session, order.shop_id)
    if order.is_paid and order.cancelled_at is None:
        for rule in list_active_rules(session, order.shop_id):
            _award_new_lines(session, order, rule, now)
    standing: dict[str, int] = defaultdict(int)
    for award in _list_awards(session, order):
        target = target_points(award.points, _removed(session, order, award, programme))
        standing[str(award.rule_id)] += target - award.standing_points
        award.standing_points = target
    for rule_id, difference in standing.items():
        if difference:
            _post(session, order, balance, rule_id, difference, programme, happened_at, now)


def _award_new_lines(session: Session, order: Order, rule: EarningRule, now: datetime) -> None:
    """Fix an award for the pieces that no award of this rule covers yet."""
    covered = _covered_quantities(session, order, rule)
    shares = {
        line.line_id: (added, Decimal(line.basis_minor * added // line.quantity))
        for line in _list_lines(session, order)
        if (added := line.quantity - covered.get(line.line_id, 0)) > 0 and line.basis_minor > 0
    }
    if not shares:
        return
    basis = sum((share for _, share in shares.values()), Decimal(0))
    number = 1 + sum(1 for award in _list_awards(session, order) if award.rule_id == rule.id)
    award = Award(
        shop_id=order.shop_id,
        order_id=order.order_id,
        rule_id=rule.id,
        number=number,
        member_id=order.member_id,
        rule_version=rule.version,
        basis=basis,
        points=points_for(basis, order.currency, rule.points_per_unit, rule.rounding),
        standing_points=0,
        awarded_at=now,
    )
    session.add(award)
    session.flush()
    session.add_all(_award_line(award, line_id, *share) for line_id, share in shares.items())
    session.flush()


def _award_line(award: Award, line_id: int, quantity: int, basis: Decimal) -> AwardLine:
    return AwardLine(
        shop_id=award.shop_id,
        order_id=award.order_id,
        rule_id=award.rule_id,
        number=award.number,
        line_id=line_id,
        quantity=quantity,
        basis=basis,
    )


def _covered_quantities(session: Session, order: Order, rule: EarningRule) -> dict[int, int]:
    statement = (
        select(AwardLine.line_id, func.sum(AwardLine.quantity))
        .where(
            AwardLine.shop_id == order.shop_id,
            AwardLine.order_id == order.order_id,
            AwardLine.rule_id == rule.id,
        )
        .group_by(AwardLine.line_id)
    )
    return {line_id: int(quantity) for line_id, quantity in session.execute(statement)}


def _list_lines(session: Session, order: Order) -> list[OrderLine]:
    statement = (
        select(OrderLine)
        .where(OrderLine.shop_id == order.shop_id, OrderLine.order_id == order.order_id)
        .order_by(OrderLine.line_id)
    )
    return list(session.scalars(statement))


def _list_awards(session: Session, order: Order) -> list[Award]:
    statement = (
        select(Award)
        .where(Award.shop_id == order.shop_id, Award.order_id == order.order_id)
        .order_by(Award.rule_id, Award.number)
    )
    return list(session.scalars(statement))


def _removed(session: Session, order: Order, award: Award, programme: Programme) -> Fraction:
    lines = session.scalars(
        select(AwardLine).where(
            AwardLine.shop_id == award.shop_id,
            AwardLine.order_id == award.order_id,
            AwardLine.rule_id == award.rule_id,
            AwardLine.number == award.number,
        )
    )
    return removed_share(
        session, order, award, list(lines), counts_money=programme.money_refunds == "prorate"
    )


def _post(
    session: Session,
    order: Order,
    balance: MemberBalance,
    rule_id: str,
    difference: int,
    programme: Programme,
    happened_at: datetime,
    now: datetime,
) -> None:
    cause = Cause(
        kind="earn_order" if difference > 0 else "earn_reversal",
        idempotency_key=_next_key(session, order, rule_id),
        source_kind="order_rule",
        source_id=f"{order.order_id}:{rule_id}",
        actor="system:encore",
        occurred_at=order.processed_at if difference > 0 else happened_at,
        order_id=order.order_id,
        order_name=order.name,
        reason_code="cancelled" if order.cancelled_at else None,
    )
    if difference > 0:
        # Without a hold points are free at once, even when Shopify's clock runs ahead of ours.
        held = timedelta(days=programme.hold_days)
        available_at = order.processed_at + held if held else None
        credit(session, balance, cause, points=difference, now=now, available_at=available_at)
    else:
        debit(session, balance, cause, points=-difference, now=now, may_go_negative=True)


def _next_key(session: Session, order: Order, rule_id: str) -> str:
    """order:<id>:rule:<id>:v<n>: n counts what this order and rule wrote before, under the lock."""
    written = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(
            LedgerEntry.shop_id == order.shop_id,
            LedgerEntry.order_id == order.order_id,
            LedgerEntry.source_kind == "order_rule",
            LedgerEntry.source_id == f"{order.order_id}:{rule_id}",
        )
    )
    return f"order:{order.order_id}:rule:{rule_id}:v{(written or 0) + 1}"
