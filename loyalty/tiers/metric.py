"""The metric of members: what it is now, and the most of it that still gives a tier. Reads only.

A cycle counts with the most it ever reached (points that expire later were there); lifetime and
rolling count with the most they were on any of the last days of grace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Date,
    TableValuedAlias,
    Uuid,
    cast,
    func,
    literal,
    select,
    union,
)
from sqlalchemy.orm import Session

from loyalty.tiers.cycles import ROLLING_DAYS, Cycle, Span, live_cycles, rolling_since
from loyalty.tiers.events import tier_events

_OLDEST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a shop measures: its settings without the ladder, and its zone."""

    metric: str
    cycle: Cycle
    grace_days: int
    counts_grants: bool
    counts_imports: bool
    zone: str


@dataclass(frozen=True, slots=True)
class Measured:
    """`now`: the metric of the present period. `counting`: the most that still gives a tier.

    Minor units or points. `by_span`: by cycle, the most reached in each one that still counts.
    """

    now: int
    counting: int
    by_span: tuple[tuple[Span, int], ...] = ()


NOTHING = Measured(0, 0)


def measure(
    session: Session, shop_id: int, joined: Mapping[UUID, date], terms: Terms, today: date
) -> dict[UUID, Measured]:
    """The figures of each member in `joined` (the shop's day they joined); few statements for all.

    Whoever has done nothing measures NOTHING.
    """
    if not joined:
        return {}
    if terms.cycle in ("calendar", "enrolment"):
        found = _by_cycle(session, shop_id, joined, terms, today)
    elif terms.cycle == "rolling":
        found = _rolling(session, shop_id, joined, terms, today)
    else:
        found = _lifetime(session, shop_id, joined, terms, today)
    return {member_id: found.get(member_id, NOTHING) for member_id in joined}


def _by_cycle(
    session: Session, shop_id: int, joined: Mapping[UUID, date], terms: Terms, today: date
) -> dict[UUID, Measured]:
    spans = {
        member_id: live_cycles(terms.cycle, joined_on, today, terms.grace_days)
        for member_id, joined_on in joined.items()
    }
    earliest = min(span.since_on for of_member in spans.values() for span in of_member)
    event, span = _events(shop_id, joined, terms, earliest), _span_rows(spans)
    running = func.sum(event.c.amount).over(
        partition_by=(span.c.member_id, span.c.number), order_by=event.c.felt_on
    )
    steps = (
        select(span.c.member_id, span.c.number, event.c.amount, running.label("reached"))
        .join(
            event,
            (event.c.member_id == span.c.member_id)
            & event.c.day_on.between(span.c.since_on, span.c.until_on),
        )
        .subquery()
    )
    most = select(
        steps.c.member_id,
        steps.c.number,
        func.sum(steps.c.amount).label("now"),
        func.max(steps.c.reached).label("most"),
    ).group_by(steps.c.member_id, steps.c.number)
    rows = session.execute(most.order_by(steps.c.member_id, steps.c.number))
    return {
        member_id: _over_spans(spans[member_id], {r.number: (r.now, r.most) for r in of_member})
        for member_id, of_member in groupby(rows, lambda row: row.member_id)
    }


def _span_rows(spans: Mapping[UUID, list[Span]]) -> TableValuedAlias:
    """The cycles of all members as rows: member_id, number, since_on, until_on."""
    rows = [(m, n, span) for m, found in spans.items() for n, span in enumerate(found)]
    arrays = (
        cast([m for m, _, _ in rows], ARRAY(Uuid())),
        cast([n for _, n, _ in rows], ARRAY(BigInteger())),
        cast([span.since_on for _, _, span in rows], ARRAY(Date())),
        cast([span.until_on for _, _, span in rows], ARRAY(Date())),
    )
    names = ("member_id", "number", "since_on", "until_on")
    return func.unnest(*arrays).table_valued(*names, name="span").render_derived()


def _over_spans(spans: list[Span], found: dict[int, tuple[Any, Any]]) -> Measured:
    most = tuple(
        (span, max(0, int(found[number][1])) if number in found else 0)
        for number, span in enumerate(spans)
    )
    now = int(found[0][0]) if 0 in found else 0
    return Measured(now, max(reached for _, reached in most), most)


def _lifetime(
    session: Session, shop_id: int, joined: Mapping[UUID, date], terms: Terms, today: date
) -> dict[UUID, Measured]:
    event = _events(shop_id, joined, terms, _OLDEST)
    running = func.sum(event.c.amount).over(
        partition_by=event.c.member_id, order_by=event.c.felt_on
    )
    steps = select(event, running.label("reached")).subquery()
    grace_on = today - timedelta(days=terms.grace_days)
    before = func.sum(steps.c.amount).filter(steps.c.felt_on <= grace_on)
    most = select(
        steps.c.member_id,
        func.sum(steps.c.amount).label("now"),
        func.greatest(
            func.coalesce(before, 0), func.max(steps.c.reached).filter(steps.c.felt_on > grace_on)
        ).label("most"),
    ).group_by(steps.c.member_id)
    return {r.member_id: Measured(int(r.now), max(0, int(r.most))) for r in session.execute(most)}


def _rolling(
    session: Session, shop_id: int, joined: Mapping[UUID, date], terms: Terms, today: date
) -> dict[UUID, Measured]:
    """The sum of 365 days can only grow on a day with an event, so few days need a look."""
    grace_on = today - timedelta(days=terms.grace_days)
    event = _events(shop_id, joined, terms, rolling_since(grace_on))
    member_id = func.unnest(cast(list(joined), ARRAY(Uuid()))).column_valued("member_id")
    days = union(
        select(member_id.label("member_id"), literal(grace_on, Date()).label("day_on")),
        select(member_id.label("member_id"), literal(today, Date())),
        select(event.c.member_id, event.c.felt_on).where(event.c.felt_on.between(grace_on, today)),
    ).subquery()
    sums = (
        select(days.c.member_id, days.c.day_on, func.sum(event.c.amount).label("amount"))
        .join(
            event,
            (event.c.member_id == days.c.member_id)
            & (event.c.day_on <= days.c.day_on)
            & (event.c.day_on > days.c.day_on - ROLLING_DAYS)
            & (event.c.felt_on <= days.c.day_on),
        )
        .group_by(days.c.member_id, days.c.day_on)
        .subquery()
    )
    most = select(
        sums.c.member_id,
        func.sum(sums.c.amount).filter(sums.c.day_on == today).label("now"),
        func.max(sums.c.amount).label("most"),
    ).group_by(sums.c.member_id)
    return {
        r.member_id: Measured(int(r.now or 0), max(0, int(r.most))) for r in session.execute(most)
    }


def _events(shop_id: int, joined: Mapping[UUID, date], terms: Terms, since_on: date) -> CTE:
    return tier_events(
        shop_id,
        list(joined),
        metric=terms.metric,
        counts_grants=terms.counts_grants,
        counts_imports=terms.counts_imports,
        since_on=since_on,
        zone=terms.zone,
    ).cte("event")
