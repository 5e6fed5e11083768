"""Which changes may make a phone speak: Google shows three notifications per card in 24 hours.

The important kinds keep places of that day for themselves; without a place the card still
changes, silently.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.preferences import Preferences
from wallet.google.tables import GoogleNotice
from wallet.notices import Kind

PLACES: dict[Kind, int] = {"tier": 3, "reward": 3, "balance": 2, "marketing": 1}
"""By rank: a kind may be among the first so many of a day's notices, and no later."""
DAY = timedelta(hours=24)


def highest(kinds: Iterable[str | None], preferences: Preferences) -> Kind | None:
    """The most important of `kinds` that the member has not paused."""
    changed = set(kinds)
    active = (kind for kind in PLACES if kind in changed and preferences.is_active(kind))
    return next(active, None)


def take_place(
    session: Session,
    shop_id: int,
    object_row_id: UUID,
    revision: int,
    kind: Kind | None,
    *,
    now: datetime,
) -> bool:
    """Whether `revision`, which is about `kind`, may notify; if so its place is taken now.

    The caller has locked the object's row. A revision that has its place keeps it.
    """
    if kind is None:
        return False
    if has_place(session, shop_id, object_row_id, revision):
        return True
    if not has_room(session, shop_id, object_row_id, kind, now=now):
        return False
    _forget_old(session, shop_id, object_row_id, now)
    place = {"shop_id": shop_id, "google_object_id": object_row_id, "revision": revision}
    session.execute(insert(GoogleNotice).values(**place, kind=kind, noticed_at=now))
    return True


def has_room(
    session: Session, shop_id: int, object_row_id: UUID, kind: Kind, *, now: datetime
) -> bool:
    """Whether a change of this kind has a place left in these 24 hours."""
    return _count(session, shop_id, object_row_id, now) < PLACES[kind]


def has_place(session: Session, shop_id: int, object_row_id: UUID, revision: int) -> bool:
    """Whether Google was asked to notify of this revision, and has not surely refused."""
    return session.get(GoogleNotice, (shop_id, object_row_id, revision)) is not None


def give_back(session: Session, shop_id: int, object_row_id: UUID, revision: int) -> None:
    """Free the place of a revision that Google surely did not take."""
    session.execute(
        delete(GoogleNotice).where(
            GoogleNotice.shop_id == shop_id,
            GoogleNotice.google_object_id == object_row_id,
            GoogleNotice.revision == revision,
        )
    )


def _count(session: Session, shop_id: int, object_row_id: UUID, now: datetime) -> int:
    found = session.scalar(
        select(func.count())
        .select_from(GoogleNotice)
        .where(
            GoogleNotice.shop_id == shop_id,
            GoogleNotice.google_object_id == object_row_id,
            GoogleNotice.noticed_at > now - DAY,
        )
    )
    return found or 0


def _forget_old(session: Session, shop_id: int, object_row_id: UUID, now: datetime) -> None:
    session.execute(
        delete(GoogleNotice).where(
            GoogleNotice.shop_id == shop_id,
            GoogleNotice.google_object_id == object_row_id,
            GoogleNotice.noticed_at < now - 7 * DAY,
        )
    )
