"""A dry run: what a rule would have earned for the orders of some days. It writes nothing.

The invariant: it plans with what settles orders; only the writing is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.base.errors import BadRule, RuleNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.earning.assessing import earning_lines, view_of
from loyalty.earning.checking import Given, check_rule
from loyalty.earning.circumstances import Asker
from loyalty.earning.model import AwardPlan, Rule
from loyalty.earning.planning import plan_awards
from loyalty.earning.removal import Removal, removal_of, target_points
from loyalty.earning.rulebook import Rulebook, read_rulebook, settings_of
from loyalty.earning.saving import RULE_DEFAULTS
from loyalty.earning.sheets import AwardSheet
from loyalty.orders.loading import read_sheets
from loyalty.orders.sheets import OrderSheet
from loyalty.orders.tables import Order
from loyalty.programme.tables import EarningRule
from loyalty.shops.tables import Shop

DAYS_MAX = 366
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class DryRun:
    """`orders` looked at, `rewarded` of them and their `members` by this rule, its `points`.

    Points are net of what was refunded since. `others_before` and `others_after`: what all other
    rules in force give for the same orders without it and beside it, as an exclusive rule takes
    lines away from them. `unknown_products`: orders with a product that the mirror does not know.
    """

    orders: int
    rewarded: int
    members: int
    points: int
    others_before: int
    others_after: int
    unknown_products: int


def dry_run(
    session: Session,
    shop: Shop,
    given: Given,
    *,
    first_on: date,
    last_on: date,
    now: datetime,
    rule_id: UUID | None = None,
) -> DryRun:
    """What the rule with the settings `given` would have earned on these days of the shop, both
    included, whatever its own dates; with `rule_id` that rule, changed as given.

    Members' paid orders count, history too, with the tiers held today. Raises BadRule (of the
    field `period`, too), RuleNotFound. Writes and locks nothing.
    """
    if not timedelta(0) <= last_on - first_on < timedelta(days=DAYS_MAX):
        raise BadRule("period", said("is no time of 1 to %(most)s days", most=DAYS_MAX))
    candidate = _candidate(session, shop.shop_id, given, rule_id, now)
    book = read_rulebook(session, shop.shop_id)
    others = tuple(rule for rule in book.rules if rule.id != candidate.id)
    tried = _Tried(candidate.id)
    for page in _pages(session, shop, first_on, last_on):
        sheets = read_sheets(session, shop.shop_id, page)
        _try_page(
            session, shop, [sheets[order_id] for order_id in page], book, others, candidate, tried
        )
    return tried.result()


class _Tried:
    """Counts as the pages go by."""

    def __init__(self, rule_id: UUID) -> None:
        self._rule_id = rule_id
        self._members: set[UUID] = set()
        self._counts = dict.fromkeys(DryRun.__slots__, 0)

    def note(
        self,
        sheet: OrderSheet,
        removal: Removal,
        before: Sequence[AwardPlan],
        after: Sequence[AwardPlan],
        *,
        lacks_product: bool,
    ) -> None:
        """An order without the rule and with it."""
        mine = [plan for plan in after if plan.rule_id == self._rule_id]
        rest = [plan for plan in after if plan.rule_id != self._rule_id]
        self._counts["orders"] += 1
        self._counts["unknown_products"] += lacks_product
        self._counts["rewarded"] += bool(mine)
        self._counts["points"] += _net(sheet, removal, mine)
        self._counts["others_before"] += _net(sheet, removal, before)
        self._counts["others_after"] += _net(sheet, removal, rest)
        if mine and sheet.member_id is not None:
            self._members.add(sheet.member_id)

    def result(self) -> DryRun:
        """The counts so far."""
        return DryRun(**self._counts | {"members": len(self._members)})


def _candidate(
    session: Session, shop_id: int, given: Given, rule_id: UUID | None, now: datetime
) -> Rule:
    """The rule to be tried, without dates of its own."""
    base: Mapping[str, Any] = RULE_DEFAULTS
    version = 1
    if rule_id is not None:
        row = session.get(EarningRule, (shop_id, rule_id))
        if row is None:
            raise RuleNotFound(str(rule_id))
        base, version, now = settings_of(row), row.version, row.created_at
    settings = check_rule({**base, **given})
    if settings.kind != "order":
        raise BadRule("kind", said("only rules of orders can be tried on orders"))
    return Rule(
        id=rule_id or new_id(),
        version=version,
        name=settings.name,
        gives=settings.gives,
        points_per_unit=settings.points_per_unit,
        fixed_points=settings.fixed_points,
        rounding=settings.rounding,
        starts_on=None,
        ends_on=None,
        is_exclusive=settings.is_exclusive,
        priority=settings.priority,
        conditions=settings.conditions,
        created_at=now,
    )


def _pages(session: Session, shop: Shop, first_on: date, last_on: date) -> Iterator[list[int]]:
    """Ids of members' paid orders of these days, a page at a time, by time."""
    zone = ZoneInfo(shop.timezone)
    begun = datetime.combine(first_on, time.min, zone).astimezone(UTC)
    ended = datetime.combine(last_on + timedelta(days=1), time.min, zone).astimezone(UTC)
    place: tuple[datetime, int] = begun, 0
    while True:
        rows = session.execute(
            select(Order.processed_at, Order.order_id)
            .where(
                Order.shop_id == shop.shop_id,
                Order.is_paid,
                Order.is_test.is_(False),
                Order.cancelled_at.is_(None),
                Order.member_id.is_not(None),
                Order.processed_at < ended,
                tuple_(Order.processed_at, Order.order_id) > place,
            )
            .order_by(Order.processed_at, Order.order_id)
            .limit(_PAGE)
        ).all()
        if not rows:
            return
        yield [row.order_id for row in rows]
        place = rows[-1].processed_at, rows[-1].order_id


def _try_page(
    session: Session,
    shop: Shop,
    sheets: Sequence[OrderSheet],
    book: Rulebook,
    others: tuple[Rule, ...],
    candidate: Rule,
    tried: _Tried,
) -> None:
    members = {sheet.member_id for sheet in sheets if sheet.member_id is not None}
    whole = replace(book, rules=(*others, candidate))
    asker = Asker(session, shop, members, book=whole)
    asker.expect_products(
        line.product_id
        for sheet in sheets
        for line in sheet.lines.values()
        if line.product_id is not None
    )
    counts_money = asker.terms().programme.money_refunds == "prorate"
    for sheet in sheets:
        removal = removal_of(sheet, counts_money=counts_money)
        before = _plan(shop, asker, sheet, removal, others)
        after = _plan(shop, asker, sheet, removal, whole.rules)
        lacks = whole.asks_for_products and _lacks_product(asker, sheet)
        tried.note(sheet, removal, before, after, lacks_product=lacks)


def _lacks_product(asker: Asker, sheet: OrderSheet) -> bool:
    known = asker.circumstances_of(sheet).products
    products = {line.product_id for line in sheet.lines.values()} - {None}
    return not products <= known.keys()


def _plan(
    shop: Shop, asker: Asker, sheet: OrderSheet, removal: Removal, rules: tuple[Rule, ...]
) -> list[AwardPlan]:
    """What these rules give for the whole order, as if nothing had looked at it yet."""
    asked, terms = asker.circumstances_of(sheet), asker.terms()
    return plan_awards(
        view_of(sheet, frozenset()),
        earning_lines(terms.programme, sheet, sheet.lines.values(), removal),
        covered={},
        rules=rules,
        promotions=terms.rulebook.promotions,
        tier=asked.tier,
        products=asked.products,
        is_first_order=asked.is_first_order,
        today=day_in(shop.timezone, sheet.processed_at),
    )


def _net(sheet: OrderSheet, removal: Removal, plans: Sequence[AwardPlan]) -> int:
    """What would stand of the awards by now."""
    assert sheet.member_id is not None
    awards = (AwardSheet.of(plan, 1, sheet.member_id, sheet.processed_at) for plan in plans)
    return sum(target_points(award.points, removal.share_of(award)) for award in awards)
