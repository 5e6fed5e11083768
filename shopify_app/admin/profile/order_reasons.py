"""Why N points: each award of an order in words, line by line. Reads only.

The invariant: the standing points of the awards add up to what the ledger holds for the order.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from babel.lists import format_list
from flask import g, render_template
from sqlalchemy.orm import Session

from loyalty.base.db import shop_transaction
from loyalty.base.errors import OrderNotFound
from loyalty.base.money import Money
from loyalty.earning.explaining import ExplainedAward, ExplainedLine, explain_order
from loyalty.members.identity import with_merged
from loyalty.orders.tables import Order
from loyalty.queries.profile import get_profile
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import _, language
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.words import ROUNDINGS, STATES
from shopify_app.platform.admin_auth import admin_page


@dataclass(frozen=True, slots=True)
class ShownAward:
    """What one rule gave: the rule, its lines, the sum, and what was taken back since."""

    title: str
    points: int
    lines: list[str]
    sums: list[str]


@blueprint.get("/app/members/<member_id>/orders/<int:order_id>/points")
@admin_page
def why_points(member_id: str, order_id: int) -> str:
    """The explanation below the order's row; 404 for an order of nobody or somebody else."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        _check_own(session, member, order_id)
        found = explain_order(session, g.shop_id, order_id)
    words = g.shop_format
    return render_template(
        "admin/profile/_why_points.html",
        order=found,
        state="" if found.state == "earned" else STATES[found.state],
        awards=[_say_award(award, found.currency, words) for award in found.awards],
    )


def _check_own(session: Session, member_id: UUID, order_id: int) -> None:
    order = session.get(Order, (g.shop_id, order_id)) if order_id < 2**63 else None
    family = with_merged(session, g.shop_id, [member_id])
    if order is None or order.member_id not in family:
        raise OrderNotFound(str(order_id))


def _say_award(award: ExplainedAward, currency: str, words: ShopFormat) -> ShownAward:
    return ShownAward(
        title=award.rule,
        points=award.standing_points,
        lines=[_say_line(line, award, currency, words) for line in award.lines],
        sums=_say_sums(award, words),
    )


def _say_line(line: ExplainedLine, award: ExplainedAward, currency: str, words: ShopFormat) -> str:
    """`Mug × 2: €20.00 × 1.5 (Gold, Summer) × 1 per unit = 30`, and what went of it."""
    money = words.money(Money(line.basis_minor, currency))
    told = f"{line.title} × {words.number(line.quantity)}: {money}"
    if line.multiplier != 1:
        names = [name for name in (award.tier, line.promotion) if name]
        why = format_list(names, "unit", locale=language()) if names else ""
        told += f" × {words.exact(line.multiplier)}{f' ({why})' if why else ''}"
    if line.points is not None and award.points_per_unit is not None:
        told = _(
            "%(sum)s × %(rate)s per unit = %(points)s",
            sum=told,
            rate=words.exact(award.points_per_unit),
            points=words.exact(line.points),
        )
    if line.removed:
        share = words.whole_percent(_decimal(line.removed))
        told = _("%(sum)s, %(share)s refunded, removed or cancelled", sum=told, share=share)
    return told


def _say_sums(award: ExplainedAward, words: ShopFormat) -> list[str]:
    told = [_say_first(award, words.points(award.points))]
    if award.reversed_points:
        told.append(_("Taken back: %(points)s", points=words.points(award.reversed_points)))
    if award.forgiven_points:
        forgiven = words.points(award.forgiven_points)
        told.append(_("Spent already and forgiven: %(points)s", points=forgiven))
    return told


def _say_first(award: ExplainedAward, given: str) -> str:
    if award.points_per_unit is None:
        return _("A fixed award of %(points)s", points=given)
    rounding = ROUNDINGS.get(award.rounding, award.rounding)
    return _("Together, %(rounding)s: %(points)s", rounding=rounding, points=given)


def _decimal(share: Fraction) -> Decimal:
    return Decimal(share.numerator) / Decimal(share.denominator)
