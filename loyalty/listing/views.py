"""Views of the members list: filters and an order under a name, for all staff of a shop.

The invariant: a name stands for one view, whatever its letters' size; each change is audited.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadView, ViewNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.listing.tables import SavedView

VIEWS_MAX = 50
_NAME_MAX = 60


def list_views(session: Session, shop_id: int) -> Sequence[SavedView]:
    """All of the shop's, by name."""
    return session.scalars(
        select(SavedView).where(SavedView.shop_id == shop_id).order_by(SavedView.name_norm)
    ).all()


def save_view(
    session: Session,
    shop_id: int,
    name: str,
    asked: Mapping[str, Sequence[str]],
    *,
    actor: Actor,
    now: datetime,
) -> SavedView:
    """Keep what was `asked` of the list, as texts by name, under `name`.

    The same again is the same view. Raises BadView. Flushes; the caller commits.
    """
    shown, norm = _read_name(name)
    known = _find(session, shop_id, norm)
    if known is not None and known.asked == asked:
        return known
    count = session.scalar(select(func.count()).where(SavedView.shop_id == shop_id)) or 0
    if count >= VIEWS_MAX:
        raise BadView("name", said("There are %(most)s views. Delete one first", most=VIEWS_MAX))
    view_id = new_id()
    added = session.scalar(
        insert(SavedView)
        .values(
            shop_id=shop_id,
            id=view_id,
            name=shown,
            name_norm=norm,
            asked=dict(asked),
            created_by=str(actor),
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(SavedView)
    )
    if added is None:
        raise BadView("name", said("There is a view of this name. Choose another"))
    _record(session, added, "view_saved", actor, now)
    return added


def remove_view(
    session: Session, shop_id: int, view_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """The view is no more; raises ViewNotFound. Flushes; the caller commits."""
    view = session.get(SavedView, (shop_id, view_id), with_for_update=True)
    if view is None:
        raise ViewNotFound(str(view_id))
    _record(session, view, "view_removed", actor, now)
    session.delete(view)
    session.flush()


def _read_name(typed: str) -> tuple[str, str]:
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    if not name:
        raise BadView("name", said("Enter a name"))
    if len(name) > _NAME_MAX or not name.isprintable():
        raise BadView("name", said("Use 1 to %(most)s letters, digits and signs", most=_NAME_MAX))
    return name, name.casefold()


def _find(session: Session, shop_id: int, norm: str) -> SavedView | None:
    return session.scalar(
        select(SavedView).where(SavedView.shop_id == shop_id, SavedView.name_norm == norm)
    )


def _record(session: Session, view: SavedView, action: str, actor: Actor, now: datetime) -> None:
    subject = ("saved_view", str(view.id))
    audit.record(session, view.shop_id, actor, action, subject, now=now, name=view.name)
    session.flush()
