"""Why N points: what each rule gave for an order, line by line, and what was taken back. Reads.

The invariant: the standing points of the awards are what the ledger holds for the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.errors import OrderNotFound
from loyalty.earning.model import SHIPPING
from loyalty.earning.removal import Removal, removal_of
from loyalty.earning.rounding import exact_points
from loyalty.earning.sheets import AwardSheet, ShareSheet
from loyalty.orders.loading import read_sheets
from loyalty.orders.sheets import OrderSheet
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import EarningRuleVersion, Promotion
from loyalty.tiers.tables import Tier


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line's share: `basis_minor` × `multiplier` (tier × promotion) = `weighted` minor units.

    `points` is what the line gives before rounding; None for an award of fixed points.
    `removed`: the share of the line that was refunded, removed or cancelled, from 0 to 1.
    """

    title: str
    quantity: int
    basis_minor: int
    promotion: str | None
    multiplier: Decimal
    weighted: Decimal
    points: Decimal | None
    removed: Fraction


@dataclass(frozen=True, slots=True)
class ExplainedAward:
    """One award: Σ lines, rounded = `points`; less `reversed_points` = `standing_points`.

    `points_per_unit` is None where the rule gives fixed points.
    """

    rule: str
    rule_version: int
    points_per_unit: Decimal | None
    rounding: str
    tier: str | None
    lines: tuple[ExplainedLine, ...]
    points: int
    removed: Fraction
    reversed_points: int
    forgiven_points: int
    standing_points: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`state`: earned, nobody's, test, history, unpaid, cancelled, or waits for paused | product.

    `without_award`: titles of lines that no rule gave anything for.
    """

    order_id: int
    name: str
    currency: str
    state: str
    points: int
    awards: tuple[ExplainedAward, ...]
    without_award: tuple[str, ...]


def explain_order(session: Session, shop_id: int, order_id: int) -> Explanation:
    """Why the order has the points it has; raises OrderNotFound."""
    sheet = read_sheets(session, shop_id, [order_id]).get(order_id)
    if sheet is None:
        raise OrderNotFound(str(order_id))
    counts_money = get_programme(session, shop_id).money_refunds == "prorate"
    removal = removal_of(sheet, counts_money=counts_money)
    names = _Names(session, shop_id, sheet.awards)
    awards = tuple(_explain(sheet, award, removal, names) for award in sheet.awards)
    given = {share.line_id for award in sheet.awards for share in award.shares}
    return Explanation(
        order_id=sheet.order_id,
        name=sheet.name,
        currency=sheet.currency,
        state=_state(sheet),
        points=sum(award.standing_points for award in awards),
        awards=awards,
        without_award=tuple(
            line.title for line in sheet.lines.values() if line.line_id not in given
        ),
    )


class _Names:
    """The rules as they were, and the names of promotions and tiers."""

    def __init__(self, session: Session, shop_id: int, awards: Sequence[AwardSheet]) -> None:
        version = EarningRuleVersion
        rules = session.execute(
            select(version.rule_id, version.version, version.facts).where(
                version.shop_id == shop_id,
                version.rule_id.in_({award.rule_id for award in awards}),
            )
        )
        self._rules = {(row.rule_id, row.version): row.facts for row in rules}
        promotions = {share.promotion_id for award in awards for share in award.shares}
        self.promotions = _names_of(session, shop_id, Promotion, promotions)
        self.tiers = _names_of(session, shop_id, Tier, {award.tier_id for award in awards})

    def rule(self, award: AwardSheet) -> Mapping[str, Any]:
        """The settings of the award's rule in the version that made it."""
        return self._rules[award.rule_id, award.rule_version]


def _names_of(
    session: Session, shop_id: int, table: type[Promotion] | type[Tier], ids: set[UUID | None]
) -> dict[UUID | None, str]:
    rows = session.execute(
        select(table.id, table.name).where(table.shop_id == shop_id, table.id.in_(ids - {None}))
    )
    return {row.id: row.name for row in rows}


def _explain(
    sheet: OrderSheet, award: AwardSheet, removal: Removal, names: _Names
) -> ExplainedAward:
    rule = names.rule(award)
    rate = Decimal(rule["points_per_unit"]) if rule["gives"] == "per_unit" else None
    removed = removal.share_of(award)
    return ExplainedAward(
        rule=rule["name"],
        rule_version=award.rule_version,
        points_per_unit=rate,
        rounding=rule["rounding"],
        tier=names.tiers.get(award.tier_id),
        lines=tuple(
            _line(sheet, award, share, rate, removal, names.promotions)
            for share in sorted(award.shares, key=_place)
        ),
        points=award.points,
        removed=removed,
        reversed_points=floor(award.points * removed),
        forgiven_points=award.forgiven_points,
        standing_points=award.standing_points,
    )


def _place(share: ShareSheet) -> tuple[bool, int]:
    """Lines as they came, shipping at the end."""
    return share.line_id == SHIPPING, share.line_id


def _line(
    sheet: OrderSheet,
    award: AwardSheet,
    share: ShareSheet,
    rate: Decimal | None,
    removal: Removal,
    promotions: Mapping[UUID | None, str],
) -> ExplainedLine:
    line = sheet.lines.get(share.line_id)
    gone = Fraction(1) if removal.is_cancelled else removal.by_line.get(share.line_id, Fraction(0))
    return ExplainedLine(
        title="Shipping" if share.line_id == SHIPPING else line.title if line else "",
        quantity=share.quantity,
        basis_minor=share.basis_minor,
        promotion=promotions.get(share.promotion_id),
        multiplier=share.promotion_multiplier * award.tier_multiplier,
        weighted=share.basis,
        points=exact_points(share.basis, sheet.currency, rate) if rate is not None else None,
        removed=gone,
    )


def _state(sheet: OrderSheet) -> str:
    if sheet.is_test:
        return "test"
    if sheet.is_history:
        return "history"
    if sheet.member_id is None:
        return "nobody's"
    if sheet.cancelled_at is not None:
        return "cancelled"
    if not sheet.is_paid:
        return "unpaid"
    return f"waits for {sheet.held_back}" if sheet.held_back else "earned"
