"""Points for an order, always worked out from its present state; only the difference is written.

The invariant: per rule, what the ledger holds for an order = Σ targets of its awards.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.earning.removal import removal_of, target_points
from loyalty.earning.rounding import points_for
from loyalty.earning.tables import Award, AwardLine
from loyalty.ledger.posting import Cause, credit, debit
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.orders.tables import Order, OrderLine
from loyalty.programme.rules import get_programme, list_active_rules
from loyalty.programme.tables import EarningRule, Programme

Awards = dict[Award, list[AwardLine]]


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
    lines = _list_lines(session, order)
    awards = _list_awards(session, order)
    if order.is_paid and order.cancelled_at is None:
        for rule in list_active_rules(session, order.shop_id):
            _award_new_lines(session, order, rule, lines, awards, now)
    gone = removal_of(session, order, lines, counts_money=programme.money_refunds == "prorate")
    differences: dict[str, int] = defaultdict(int)
    for award, award_lines in awards.items():
        target = target_points(award.points, gone.share_of(award, award_lines))
        differences[str(award.rule_id)] += target - award.standing_points
        award.standing_points = target
    for rule_id, difference in differences.items():
        if difference:
            _post(session, order, balance, rule_id, difference, programme, happened_at, now)


def _list_lines(session: Session, order: Order) -> list[OrderLine]:
    """The order's lines as the database has them: they are written past the session."""
    statement = (
        select(OrderLine)
        .where(OrderLine.shop_id == order.shop_id, OrderLine.order_id == order.order_id)
        .order_by(OrderLine.line_id)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))


def _list_awards(session: Session, order: Order) -> Awards:
    awards = session.scalars(
        select(Award)
        .where(Award.shop_id == order.shop_id, Award.order_id == order.order_id)
        .order_by(Award.rule_id, Award.number)
    )
    found: Awards = {award: [] for award in awards}
    by_key = {(award.rule_id, award.number): shares for award, shares in found.items()}
    if found:
        shares = session.scalars(
            select(AwardLine).where(
                AwardLine.shop_id == order.shop_id, AwardLine.order_id == order.order_id
            )
        )
        for share in shares:
            by_key[share.rule_id, share.number].append(share)
    return found


def _award_new_lines(
    session: Session,
    order: Order,
    rule: EarningRule,
    lines: list[OrderLine],
    awards: Awards,
    now: datetime,
) -> None:
    """Fix an award for the pieces that no award of this rule covers yet."""
    earlier = [award for award in awards if award.rule_id == rule.id]
    covered: dict[int, int] = defaultdict(int)
    for award in earlier:
        for share in awards[award]:
            covered[share.line_id] += share.quantity
    added = {
        line: line.quantity - covered[line.line_id]
        for line in lines
        if line.quantity > covered[line.line_id] and line.basis_minor > 0
    }
    if added:
        award = _new_award(order, rule, 1 + len(earlier), added, now)
        awards[award] = [_share(award, line, pieces) for line, pieces in added.items()]
        session.add(award)
        session.flush()
        session.add_all(awards[award])
        session.flush()


def _new_award(
    order: Order, rule: EarningRule, number: int, added: dict[OrderLine, int], now: datetime
) -> Award:
    basis = sum((_basis(line, pieces) for line, pieces in added.items()), Decimal(0))
    return Award(
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


def _share(award: Award, line: OrderLine, pieces: int) -> AwardLine:
    return AwardLine(
        shop_id=award.shop_id,
        order_id=award.order_id,
        rule_id=award.rule_id,
        number=award.number,
        line_id=line.line_id,
        quantity=pieces,
        basis=_basis(line, pieces),
    )


def _basis(line: OrderLine, pieces: int) -> Decimal:
    """What `pieces` of the line count for, in whole minor units."""
    return Decimal(line.basis_minor * pieces // line.quantity)


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
