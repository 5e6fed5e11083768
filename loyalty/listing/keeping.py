"""Keeps the list's rows true: written whenever a member is looked at, and mended once a day.

The invariant: whoever writes a row has locked it before looking, so that nothing older ever
overwrites something newer.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import (
    BigInteger,
    Date,
    SmallInteger,
    Table,
    case,
    cast,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.bulk import among, put_rows
from loyalty.criteria.columns import columns_of
from loyalty.criteria.facts import MemberFacts, Source
from loyalty.criteria.frames import Column, Frame, frame_of
from loyalty.criteria.loading import members_facts
from loyalty.listing.tables import CARDS, CHURNS, CONSENTS, NEVER, MemberListing
from loyalty.members.tables import Member
from loyalty.segments.filling import making_room
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import NO_RANK, Ladder, load_ladder

_NAMES = {
    Source.BALANCE: {"available_points"},
    Source.ORDERS: {"last_order_on"},
    Source.TIER: {"tier"},
    Source.CONSENT: {"email_consent"},
    Source.CARDS: {"has_apple_card", "has_google_card"},
    Source.BOUNCES: {"has_hard_bounce", "has_soft_bounce"},
    Source.INSIGHT: {"churn_risk"},
}
_COLUMNS = tuple(column.name for column in MemberListing.__table__.columns)


def refresh_members(
    session: Session, shop: Shop, member_ids: Collection[UUID], *, now: datetime
) -> int:
    """Bring the rows of these members to what is true by now; how many were not.

    Who is not active has none. Again it changes nothing. Flushes; the caller commits.
    """
    session.flush()
    known = _lock(session, shop.shop_id, member_ids)
    wanted = {row["member_id"]: row for row in _look(session, shop, member_ids, now)}
    gone = [each for each in known if each not in wanted]
    changed = [row for each, row in wanted.items() if known.get(each) != row]
    put_rows(session, MemberListing, changed)
    if gone:
        session.execute(
            delete(MemberListing).where(
                MemberListing.shop_id == shop.shop_id, among(MemberListing.member_id, gone)
            ),
            execution_options={"synchronize_session": False},
        )
    return len(changed) + len(gone)


def add_missing(session: Session, shop: Shop, *, now: datetime) -> int:
    """Make the rows that are not there, in one statement for the whole shop; how many."""
    facts = _facts(session, shop, now).subquery("facts")
    names = [column.name for column in facts.c]
    rows = select(literal(shop.shop_id, BigInteger), *facts.c)
    table = MemberListing.__table__
    assert isinstance(table, Table)
    added = insert(table).from_select(["shop_id", *names], rows).on_conflict_do_nothing()
    counted = {"preserve_rowcount": True}
    with making_room(session):
        done: Any = session.execute(added, execution_options=counted)
    return int(done.rowcount)


def find_differing(session: Session, shop: Shop, *, now: datetime) -> list[UUID]:
    """Whose row does not say what the facts as SQL say; also who has none, or one too many.

    One statement for the whole shop. Nothing is changed.
    """
    facts = _facts(session, shop, now).subquery("facts")
    rows = select(MemberListing).where(MemberListing.shop_id == shop.shop_id).subquery("rows")
    differs = or_(
        rows.c.member_id.is_(None),
        *(rows.c[name].is_distinct_from(facts.c[name]) for name in facts.c.keys()),  # noqa: SIM118
    )
    wrong = (
        select(facts.c.member_id)
        .outerjoin(rows, rows.c.member_id == facts.c.member_id)
        .where(differs)
    )
    left_over = (
        select(rows.c.member_id)
        .outerjoin(facts, facts.c.member_id == rows.c.member_id)
        .where(facts.c.member_id.is_(None))
    )
    with making_room(session):
        return list(session.scalars(union_all(wrong, left_over)))


def _lock(
    session: Session, shop_id: int, member_ids: Collection[UUID]
) -> dict[UUID, dict[str, Any]]:
    table = MemberListing.__table__
    rows = session.execute(
        select(table)
        .where(table.c.shop_id == shop_id, among(MemberListing.member_id, member_ids))
        .order_by(table.c.member_id)
        .with_for_update()
    )
    return {row.member_id: dict(row._mapping) for row in rows}


def _look(
    session: Session, shop: Shop, member_ids: Collection[UUID], now: datetime
) -> list[dict[str, Any]]:
    facts = members_facts(session, shop, member_ids, now=now, sources=frozenset(_NAMES))
    ladder = load_ladder(session, shop.shop_id)
    joined = session.execute(
        select(Member.id, Member.joined_at).where(
            Member.shop_id == shop.shop_id, among(Member.id, facts)
        )
    )
    return [_row(shop.shop_id, row.id, row.joined_at, facts[row.id], ladder) for row in joined]


def _row(
    shop_id: int, member_id: UUID, joined_at: datetime, facts: MemberFacts, ladder: Ladder
) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "member_id": member_id,
        "joined_at": joined_at,
        "points": facts.available_points,
        "tier_id": facts.tier,
        "last_order_on": facts.last_order_on or NEVER,
        "tier_rank": ladder.rank_of(facts.tier),
        "churn": CHURNS.index(facts.churn_risk),
        "consent": CONSENTS.index(facts.email_consent),
        "bounce": 2 if facts.has_hard_bounce else 1 if facts.has_soft_bounce else 0,
        "card": facts.has_apple_card + 2 * facts.has_google_card,
    }


def _facts(session: Session, shop: Shop, now: datetime) -> Any:
    """What the rows are to say, as one SELECT over all active members."""
    frame = frame_of(session, shop, now=now)
    joins = [columns_of(frame, source, names) for source, names in _NAMES.items()]
    known = {name: column for joined in joins for name, column in joined.columns.items()}
    statement = select(*_expressions(frame, known))
    for table in (joined.table for joined in joins if joined.table is not None):
        statement = statement.outerjoin(table, table.c.member_id == Member.id)
    return statement.where(Member.shop_id == shop.shop_id, Member.state == "active")


def _expressions(frame: Frame, known: dict[str, Column]) -> list[Any]:
    ladder = load_ladder(frame.session, frame.shop.shop_id)

    def is_true(name: str) -> Column:
        return func.coalesce(known[name], false())

    ranks = [(known["tier"] == literal(r.id, SqlUuid), at) for at, r in enumerate(ladder.rungs)]
    words = [(known["email_consent"] == word, at) for at, word in enumerate(CONSENTS)]
    risks = [(known["churn_risk"] == word, at) for at, word in enumerate(CHURNS)]
    values: dict[str, Any] = {
        "member_id": Member.id,
        "joined_at": Member.joined_at,
        "points": func.coalesce(known["available_points"], 0, type_=BigInteger),
        "tier_id": known["tier"],
        "last_order_on": func.coalesce(known["last_order_on"], cast(literal(NEVER), Date)),
        "tier_rank": case(*ranks, else_=NO_RANK) if ranks else literal(NO_RANK),
        "churn": case(*risks, else_=0),
        "consent": case(*words, else_=0),
        "bounce": case((is_true("has_hard_bounce"), 2), (is_true("has_soft_bounce"), 1), else_=0),
        "card": case((is_true("has_apple_card"), 1), else_=0)
        + case((is_true("has_google_card"), CARDS.index("google")), else_=0),
    }
    assert {"shop_id", *values} == set(_COLUMNS)
    numbers = ("tier_rank", "churn", "consent", "bounce", "card")
    return [
        (cast(value, SmallInteger) if name in numbers else value).label(name)
        for name, value in values.items()
    ]
