"""Points for an order, always worked out from its present state; only the difference is written.

The invariant: per rule, what the ledger holds for an order = Σ what stands of its awards + what
of them was forgiven.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from loyalty.earning import holds
from loyalty.earning.assessing import (
    Circumstances,
    Terms,
    added_when,
    assess,
    is_waiting_to_be_assessed,
)
from loyalty.earning.removal import Removal, removal_of, target_points
from loyalty.earning.sheets import AwardSheet
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.orders.sheets import OrderSheet


@dataclass(frozen=True, slots=True)
class Settling:
    """What it takes to settle an order: the shop's terms, the open books, and what must be asked
    of others, which is asked only of an order that has something to earn.
    """

    terms: Terms
    books: Books
    circumstances_of: Callable[[OrderSheet], Circumstances]
    now: datetime


def settle(sheet: OrderSheet, by: Settling, *, happened_at: datetime) -> None:
    """Bring the books to what the order deserves now; nothing moves when nothing changed.

    The order has a member, whose books are open. `happened_at`: when the change that we settle
    took place.
    """
    if sheet.is_test or sheet.is_history:
        return
    _bring_forward(sheet, by)
    lines = list(sheet.lines.values())
    counts_money = by.terms.programme.money_refunds == "prorate"
    removal = removal_of(sheet, counts_money=counts_money)
    if is_waiting_to_be_assessed(sheet, lines):
        _assess(sheet, removal, by)
    else:
        sheet.set("held_back", None)
    moved: dict[str, list[tuple[AwardSheet, int]]] = defaultdict(list)
    for award in sheet.awards:
        target = 0
        if not _is_skipped(sheet, award, by):
            target = target_points(award.points, removal.share_of(award))
        if target != award.standing_points:
            moved[str(award.rule_id)].append((award, target - award.standing_points))
            award.standing_points, award.is_changed = target, True
    for rule_id, changes in moved.items():
        _post(sheet, rule_id, changes, by, happened_at)


def _bring_forward(sheet: OrderSheet, by: Settling) -> None:
    """Let the books be as if we had known at first by when the order was paid."""
    before, sheet.counted_from = sheet.counted_from, None
    if before is None:
        return
    skips, since = by.terms.pauses.skips, sheet.counts_from
    if skips(before) and not skips(since) and not sheet.awards:
        sheet.look_again()
    if since < before:
        holds.bring_forward(sheet, by.books, before - since)


def _is_skipped(sheet: OrderSheet, award: AwardSheet, by: Settling) -> bool:
    """Whether an order that was looked at turns out to have been paid in a pause since skipped."""
    return award.added_at is None and by.terms.pauses.skips(sheet.counts_from)


def _assess(sheet: OrderSheet, removal: Removal, by: Settling) -> None:
    """Fix awards for the pieces that earning has not looked at, and mark them all as looked at."""
    lines = list(sheet.lines.values())
    found = assess(by.terms, sheet, lines, removal, by.circumstances_of(sheet))
    sheet.set("held_back", found.held_back)
    if found.held_back is not None:
        return
    assert sheet.member_id is not None
    added_at = added_when(sheet)
    for plan in found.plans:
        earlier = sum(award.rule_id == plan.rule_id for award in sheet.awards)
        sheet.awards.append(
            AwardSheet.of(plan, 1 + earlier, sheet.member_id, by.now, added_at=added_at)
        )
    sheet.set("assessed_at", sheet.assessed_at or by.now)
    for line in lines:
        if line.assessed_quantity < line.quantity:
            line.assessed_quantity, line.is_changed = line.quantity, True


def _post(
    sheet: OrderSheet,
    rule_id: str,
    changes: list[tuple[AwardSheet, int]],
    by: Settling,
    happened_at: datetime,
) -> None:
    """One entry for what the rule's awards gained or lost together."""
    assert sheet.member_id is not None
    difference = sum(change for _, change in changes)
    if difference > 0:
        difference = _unforgive(changes, difference)
    if difference == 0:
        return
    cause = _cause(sheet, rule_id, difference, happened_at)
    by.books.vouch(cause.idempotency_key)
    posted = abs(difference)
    if difference > 0:
        # Without a hold points are free at once, even when Shopify's clock runs ahead of ours.
        gaining = [award for award, change in changes if change > 0]
        available_at = holds.free_at(sheet, gaining, by.books, by.terms.programme.hold_days)
        by.books.credit(sheet.member_id, cause, points=difference, available_at=available_at)
    else:
        forgiven = by.books.reverse(
            sheet.member_id, cause, points=-difference, order_id=sheet.order_id
        )
        _forgive(changes, forgiven)
        posted -= forgiven
    if posted:
        sheet.posted[rule_id] = sheet.posted.get(rule_id, 0) + 1


def _unforgive(changes: list[tuple[AwardSheet, int]], points: int) -> int:
    """What is left to credit once points that were forgiven, and so never taken, stand again."""
    for award, _ in changes:
        share = min(points, award.forgiven_points)
        award.forgiven_points -= share
        points -= share
    return points


def _forgive(changes: list[tuple[AwardSheet, int]], points: int) -> None:
    for award, change in changes:
        share = min(points, max(0, -change))
        award.forgiven_points += share
        points -= share


def _cause(sheet: OrderSheet, rule_id: str, difference: int, happened_at: datetime) -> Cause:
    # v<n>: n counts what this order and rule wrote before, under the lock.
    version = sheet.posted.get(rule_id, 0) + 1
    return Cause(
        kind="earn_order" if difference > 0 else "earn_reversal",
        idempotency_key=holds.key_of(sheet, rule_id, version),
        source_kind="order_rule",
        source_id=f"{sheet.order_id}:{rule_id}",
        actor="system:encore",
        occurred_at=sheet.processed_at if difference > 0 else happened_at,
        order_id=sheet.order_id,
        order_name=sheet.name,
        reason_code="cancelled" if sheet.cancelled_at else None,
    )
