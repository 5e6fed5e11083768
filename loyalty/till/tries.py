"""Second proofs that are tried at the till: counted before they are looked at, so none is free.

The invariant: a user has five tries in a quarter of an hour, however many they send at once.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.errors import TooManyTries
from loyalty.till.tables import TillTry

TRIES_MAX = 5
WINDOW = timedelta(minutes=15)


def count_try(session: Session, shop_id: int, user_id: int, *, now: datetime) -> None:
    """Take one of the user's tries; raises TooManyTries. The caller commits before it looks."""
    is_over = TillTry.since_at <= now - WINDOW
    statement = (
        insert(TillTry)
        .values(shop_id=shop_id, user_id=user_id, tries=1, since_at=now)
        .on_conflict_do_update(
            index_elements=["shop_id", "user_id"],
            set_={
                "tries": case((is_over, 1), else_=TillTry.tries + 1),
                "since_at": case((is_over, now), else_=TillTry.since_at),
            },
            where=or_(is_over, TillTry.tries < TRIES_MAX),
        )
        .returning(TillTry.tries)
    )
    if session.scalar(statement) is None:
        raise TooManyTries(_until(session, shop_id, user_id))


def forget_tries(session: Session, shop_id: int, user_id: int) -> None:
    """A manager vouched: the user's tries before it count no longer."""
    session.execute(delete(TillTry).where(_of(shop_id, user_id)))


def give_try_back(session: Session, shop_id: int, user_id: int) -> None:
    """A member's own code was right: it is no guess, and says nothing of the guesses before it."""
    session.execute(delete(TillTry).where(_of(shop_id, user_id), TillTry.tries == 1))
    session.execute(update(TillTry).where(_of(shop_id, user_id)).values(tries=TillTry.tries - 1))


def _of(shop_id: int, user_id: int) -> ColumnElement[bool]:
    return (TillTry.shop_id == shop_id) & (TillTry.user_id == user_id)


def _until(session: Session, shop_id: int, user_id: int) -> datetime:
    since = session.scalar(
        select(TillTry.since_at).where(TillTry.shop_id == shop_id, TillTry.user_id == user_id)
    )
    assert since is not None
    return since + WINDOW
