"""The facts of all members of a shop as SQL: for each source what is joined, and its columns.

The invariant: a column says of every member what `loading.py` loads of them, to the day and the
cent. A table is read only if a fact of it is asked for, and then once: fit for a million members.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import BigInteger, Text, case, cast, extract, false, func, literal, null, select

from loyalty.criteria import dealing_columns
from loyalty.criteria.facts import Source
from loyalty.criteria.frames import Column, Columns, Frame, Joined
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.tables import Order
from loyalty.tiers.ladder import NO_RANK, Ladder, Rung, load_ladder
from loyalty.tiers.tables import MemberTier


def columns_of(frame: Frame, source: Source, names: AbstractSet[str]) -> Joined:
    """The columns of the facts `names`, all of `source`."""
    joined = _COLUMNS[source](frame, names)
    assert names <= joined.columns.keys()
    return joined


def _of_members(frame: Frame, names: AbstractSet[str]) -> Joined:
    columns: dict[str, Column] = {
        "joined_on": frame.day(Member.joined_at),
        "member_years": _whole_years(frame),
        "customer_since_on": frame.day(Member.customer_since),
        "enrolled_by": Member.enrolled_by.expression,
        "has_verified_email": Member.email_verified_at.is_not(None),
        "has_birthday": Member.birthday_on.is_not(None),
        "birthday_month": extract("month", Member.birthday_on),
        "country": func.jsonb_extract_path_text(Member.address, "country_code", type_=Text),
        "has_email": Member.email_norm != "",
    }
    return Joined(None, columns)


def _whole_years(frame: Frame) -> Column:
    """One less before this year's anniversary; who joined on 29 February has it on the 28th."""
    joined_on, today = frame.day(Member.joined_at), frame.today
    month_and_day = extract("month", joined_on) * 100 + extract("day", joined_on)
    if not _is_leap(today.year):
        month_and_day = case((month_and_day == 229, 228), else_=month_and_day)
    is_ahead = case((month_and_day > today.month * 100 + today.day, 1), else_=0)
    return func.greatest(today.year - extract("year", joined_on) - is_ahead, 0)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _of_balances(frame: Frame, names: AbstractSet[str]) -> Joined:
    found = (
        select(
            MemberBalance.member_id,
            MemberBalance.available.label("available_points"),
            MemberBalance.pending.label("pending_points"),
            MemberBalance.lifetime_earned,
            MemberBalance.lifetime_burned,
            MemberBalance.active_on.label("last_active_on"),
        )
        .where(MemberBalance.shop_id == frame.shop.shop_id)
        .subquery("balances")
    )
    return Joined(found, dict(found.c))


def _of_orders(frame: Frame, names: AbstractSet[str]) -> Joined:
    """Paid orders, neither tests nor cancelled, summed up by member: only what is asked for."""
    count, spend = func.count(), cast(func.sum(Order.current_total_minor), BigInteger)
    placed_at = func.timezone(frame.shop.timezone, Order.processed_at)
    is_in_month = extract("month", placed_at) == extract("month", Member.birthday_on)
    figures: dict[str, Column] = {
        "order_count": count,
        "total_spend": spend,
        # As in Python, where // is the same of what is not negative.
        "average_order": (2 * spend + count) // (2 * count),
        "first_order_on": frame.day(func.min(Order.processed_at)),
        "last_order_on": frame.day(func.max(Order.processed_at)),
        "has_birthday_month_order": func.bool_or(is_in_month),
    }
    statement = select(Order.member_id, *(figures[name].label(name) for name in sorted(names)))
    if "has_birthday_month_order" in names:
        same = (Member.shop_id == Order.shop_id) & (Member.id == Order.member_id)
        statement = statement.join(Member, same)
    found = (
        statement.where(
            Order.shop_id == frame.shop.shop_id,
            Order.member_id.is_not(None),
            Order.is_paid,
            Order.is_test.is_(False),
            Order.cancelled_at.is_(None),
        )
        .group_by(Order.member_id)
        .subquery("orders")
    )
    return Joined(found, {name: found.c[name] for name in names})


def _of_tiers(frame: Frame, names: AbstractSet[str]) -> Joined:
    """Who has no row stands on the first rung; while tiers are off nobody is in one."""
    ladder = load_ladder(frame.session, frame.shop.shop_id)
    if not frame.programme.tiers_on or not ladder.rungs:
        return Joined(None, {"tier": cast(null(), SqlUuid), "is_in_top_tier": false()})
    held = (
        select(MemberTier.member_id, MemberTier.tier_id)
        .where(MemberTier.shop_id == frame.shop.shop_id)
        .subquery("tiers")
    )
    known = [(held.c.tier_id == each.id, ladder.rank_of(each.id)) for each in _all(ladder)]
    is_unmoved = held.c.member_id.is_(None)
    rank = case((is_unmoved, ladder.first_rank), *known, else_=NO_RANK)
    ids = [(rank == at, literal(rung.id, SqlUuid)) for at, rung in enumerate(ladder.rungs)]
    columns: dict[str, Column] = {
        "tier": case(*ids, else_=cast(null(), SqlUuid)),
        "is_in_top_tier": rank == ladder.top_rank,
    }
    return Joined(held, columns)


def _all(ladder: Ladder) -> tuple[Rung, ...]:
    """Those that are gone too: whoever holds one stands where it leads now."""
    return (*ladder.rungs, *ladder.gone)


_COLUMNS: Mapping[Source, Columns] = {
    Source.MEMBER: _of_members,
    Source.BALANCE: _of_balances,
    Source.ORDERS: _of_orders,
    Source.TIER: _of_tiers,
    **dealing_columns.COLUMNS,
}
