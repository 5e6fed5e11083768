"""Criteria as SQL: one SELECT of the members they mean, whatever the size of the shop.

The invariant: it means whom `evaluating.holds` means on the same day. Every test is true or
false and never null, so that not, all and any mean the same here as there.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from loyalty.criteria.columns import columns_of
from loyalty.criteria.facts import NUMBERS, Fact, Kind, Source
from loyalty.criteria.frames import Column, Frame, frame_of
from loyalty.criteria.language import Criteria, Group, Not, Test, facts_of
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop


def select_meant(
    session: Session,
    shop: Shop,
    criteria: Criteria | None,
    *,
    now: datetime,
    by_hand: FromClause | None = None,
) -> Select[UUID] | CompoundSelect[UUID]:
    """The active members who are meant on the shop's day of `now`: one column, member_id.

    No criteria mean nobody. `by_hand`: rows of member_id and word; whom it names is in or out,
    whatever the criteria say. Reads the programme and the ladder; the members not yet.
    """
    statement = _Statement(frame_of(session, shop, now=now), criteria)
    if by_hand is None:
        return statement.select()
    # Two parts, for one condition of both would be asked only once all sources are joined, while
    # each part of the rule's own lets fewer members into the next join.
    is_named = exists().where(by_hand.c.member_id == Member.id)
    put_in = _select_active(shop).join(by_hand, by_hand.c.member_id == Member.id)
    return union_all(statement.select().where(~is_named), put_in.where(by_hand.c.word == "in"))


class _Statement:
    """Joins each source once that the criteria ask for."""

    def __init__(self, frame: Frame, criteria: Criteria | None) -> None:
        self.frame, self.criteria = frame, criteria
        names = _names_by_source(criteria) if criteria is not None else {}
        self.joins = [columns_of(frame, source, names[source]) for source in names]
        self.columns: Mapping[str, Column] = {
            name: column for joined in self.joins for name, column in joined.columns.items()
        }

    def select(self) -> Select[UUID]:
        statement = _select_active(self.frame.shop)
        for table in (joined.table for joined in self.joins):
            if table is not None:
                statement = statement.outerjoin(table, table.c.member_id == Member.id)
        return statement.where(
            self._condition(self.criteria) if self.criteria is not None else false()
        )

    def _condition(self, criteria: Criteria) -> Column:
        if isinstance(criteria, Not):
            return not_(self._condition(criteria.part))
        if isinstance(criteria, Group):
            join = and_ if criteria.word == "all" else or_
            return join(*map(self._condition, criteria.parts)).self_group()
        return self._test(criteria)

    def _test(self, test: Test) -> Column:
        actual = _known(test.fact, self.columns[test.fact.name])
        if test.operator == "known":
            return actual.is_not(None) if test.value else actual.is_(None)
        return func.coalesce(_compared(test, actual, self.frame.today), false())


def _select_active(shop: Shop) -> Select[UUID]:
    is_active = (Member.shop_id == shop.shop_id) & (Member.state == "active")
    return select(Member.id.label("member_id")).where(is_active)


def _names_by_source(criteria: Criteria) -> dict[Source, set[str]]:
    found: dict[Source, set[str]] = defaultdict(set)
    for fact in facts_of(criteria):
        found[fact.source].add(fact.name)
    return {source: found[source] for source in Source if source in found}


def _known(fact: Fact, column: Column) -> Column:
    """Who has no row has none of what is counted, and it is not true of them."""
    if fact.kind in NUMBERS and not fact.may_be_unknown:
        # As wide as the values that it may be held against.
        return func.coalesce(column, 0, type_=BigInteger)
    return func.coalesce(column, false()) if fact.kind == Kind.TRUTH else column


def _compared(test: Test, actual: Column, today: date) -> Column:
    value: Any = test.value
    if test.operator == "within_days":
        return actual.between(today - timedelta(days=value), today)
    if test.operator == "longer_ago_than_days":
        return actual < today - timedelta(days=value)
    if test.operator == "one_of":
        return actual.in_(value)
    return _COMPARISONS[test.operator](actual, value)


_COMPARISONS = {
    "equals": lambda actual, value: actual == literal(value),
    "on": lambda actual, value: actual == value,
    "at_least": lambda actual, value: actual >= value,
    "at_most": lambda actual, value: actual <= value,
    "more_than": lambda actual, value: actual > value,
    "less_than": lambda actual, value: actual < value,
    "before": lambda actual, value: actual < value,
    "after": lambda actual, value: actual > value,
}
