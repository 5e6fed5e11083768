"""Takes churn bands over into the list's rows once a run of insight has written them.

The invariant: rows are locked in id order, as whoever looks at some members locks them, and only
so many at once.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, SmallInteger, and_, case, cast, func, or_, select
from sqlalchemy import update as updating
from sqlalchemy.orm import Session, aliased

from loyalty.insights.tables import MemberInsight
from loyalty.listing.tables import CHURNS, MemberListing
from loyalty.segments.filling import making_room

_ROW = aliased(MemberListing, name="row")


def find_bounds(session: Session, shop_id: int, *, at_once: int) -> Sequence[UUID]:
    """Of the rows that say another band than the scores, every `at_once`-th and the last, by id.

    One statement for the whole shop. Nothing is changed.
    """
    found = _differing(shop_id, None, None).subquery("found")
    numbered = select(
        found.c.member_id,
        func.row_number().over(order_by=found.c.member_id).label("number"),
        func.count().over().label("in_all"),
    ).subquery("numbered")
    is_bound = or_(numbered.c.number % at_once == 0, numbered.c.number == numbered.c.in_all)
    bounds = select(numbered.c.member_id).where(is_bound).order_by(numbered.c.member_id)
    with making_room(session):
        return session.scalars(bounds).all()


def take_churn(session: Session, shop_id: int, after: UUID | None, upto: UUID) -> int:
    """Let the rows past `after` up to `upto` say the band of the scores; how many did not.

    Again it changes nothing. One statement; the caller commits.
    """
    # A row that somebody holds meanwhile is read anew; scores are written by runs alone.
    news = _differing(shop_id, after, upto).order_by("member_id").with_for_update(of=_ROW)
    found = news.cte("news")
    statement = (
        updating(MemberListing)
        .where(MemberListing.shop_id == shop_id, MemberListing.member_id == found.c.member_id)
        .where(*_between(MemberListing.member_id, after, upto))
        .values(churn=found.c.churn)
        .execution_options(synchronize_session=False, preserve_rowcount=True)
    )
    with making_room(session):
        done: Any = session.execute(statement)
    return int(done.rowcount)


def _differing(shop_id: int, after: UUID | None, upto: UUID | None) -> Select[UUID, int]:
    """`member_id` and the `churn` that the row is to say."""
    scores = and_(
        MemberInsight.shop_id == _ROW.shop_id,
        MemberInsight.member_id == _ROW.member_id,
        *_between(MemberInsight.member_id, after, upto),
    )
    bands = ((MemberInsight.band == word, number) for number, word in enumerate(CHURNS))
    churn = cast(case(*bands, else_=0), SmallInteger).label("churn")
    return (
        select(_ROW.member_id, churn)
        .outerjoin(MemberInsight, scores)
        .where(_ROW.shop_id == shop_id, _ROW.churn != churn.element)
        .where(*_between(_ROW.member_id, after, upto))
    )


def _between(column: Any, after: UUID | None, upto: UUID | None) -> list[Any]:
    """Ranges on both sides of a join: the planner does not carry them over."""
    past = [] if after is None else [column > after]
    return past if upto is None else [*past, column <= upto]
