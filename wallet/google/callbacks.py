"""What Google tells of a card that was saved or deleted. Each message counts once, newest wins.

Messages come twice, late and in any order: their own times say which is newer. A card is on a
phone or it is not, so an old message changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import outbox, timeline
from loyalty.actions.awarding import award_action
from loyalty.base.errors import MemberHasMoved
from loyalty.ledger.posting import lock_balance
from loyalty.shops.directory import get_shop
from wallet.google.ecv2 import Forged, moment
from wallet.google.objects import find_class, find_holder, find_object_for_update
from wallet.google.tables import GoogleCallback, GoogleObject
from wallet.hops import note_hop

Verdict = Literal["done", "duplicate", "late", "unknown"]

_ID_MAX, _NONCE_MAX = 200, 255
_SKEW = timedelta(days=1)
"""How long a nonce is kept past its message's time: another clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One event of one object; `expires_at` is when the message stops counting."""

    class_id: str
    object_id: str
    event: Literal["save", "del"]
    nonce: str
    expires_at: datetime


def read_callback(message: dict[str, Any], *, now: datetime) -> Callback:
    """The event in a verified message. Raises Forged when it is too old or no event."""
    expires_at = moment(message.get("expTimeMillis"))
    if expires_at <= now:
        raise Forged("the message's time is over")
    event = message.get("eventType")
    if event not in ("save", "del"):
        raise Forged("an event we do not know")
    class_id, object_id = (_text(message, name, _ID_MAX) for name in ("classId", "objectId"))
    return Callback(class_id, object_id, event, _text(message, "nonce", _NONCE_MAX), expires_at)


def apply_callback(session: Session, shop_id: int, callback: Callback, *, now: datetime) -> Verdict:
    """Note that the card was saved or deleted. "unknown" if it is not this shop's; no writes then.

    The member's first card ever may be worth points. The caller commits.
    """
    of_shop = find_class(session, shop_id, lock=False)
    if of_shop is None or of_shop.class_id != callback.class_id:
        return "unknown"
    card = _lock(session, shop_id, callback.object_id)
    if card is None:
        return "unknown"
    if not _is_first(session, shop_id, callback, now):
        return "duplicate"
    if card.heard_at is not None and callback.expires_at < card.heard_at:
        return "late"
    card.heard_at = callback.expires_at
    _set_saved(session, card, callback.event == "save", now)
    return "done"


def _lock(session: Session, shop_id: int, object_id: str) -> GoogleObject | None:
    """The card, after its member: the order in which an erasure locks them too."""
    holder = find_holder(session, shop_id, object_id)
    if holder is None:
        return None
    try:
        lock_balance(session, shop_id, holder)
    except MemberHasMoved:
        # Merged in this very moment: the card says by now whose it is.
        lock_balance(session, shop_id, find_holder(session, shop_id, object_id) or holder)
    return find_object_for_update(session, shop_id, object_id)


def _is_first(session: Session, shop_id: int, callback: Callback, now: datetime) -> bool:
    session.execute(
        delete(GoogleCallback).where(
            GoogleCallback.shop_id == shop_id, GoogleCallback.expires_at < now - _SKEW
        )
    )
    values = {"shop_id": shop_id, "nonce": callback.nonce, "expires_at": callback.expires_at}
    stored = session.execute(
        insert(GoogleCallback)
        .values(values)
        .on_conflict_do_nothing()
        .returning(GoogleCallback.nonce)
    ).first()
    return stored is not None


def _set_saved(session: Session, card: GoogleObject, is_saved: bool, now: datetime) -> None:
    if card.is_saved == is_saved:
        return
    if is_saved:
        card.saved_at, card.removed_at = now, None
    else:
        card.removed_at = now
    kind = timeline.PASS_INSTALLED if is_saved else timeline.PASS_REMOVED
    timeline.note_event(session, card.shop_id, card.member_id, kind, now, platform="google")
    outbox.stage(session, card.shop_id, outbox.SHOWN_ASKED, member_id=card.member_id, now=now)
    note_hop(
        session,
        card.shop_id,
        card.member_id,
        platform="google",
        pass_id=card.id,
        revision=card.revision,
        hop="callback",
        now=now,
        reason="saved" if is_saved else "deleted",
    )
    if is_saved:
        shop = get_shop(session, card.shop_id)
        award_action(session, shop, card.member_id, "pass_installed", occurred_at=now, now=now)


def _text(message: dict[str, Any], name: str, length_max: int) -> str:
    value = message.get(name)
    # Printable rules out NUL and lone surrogates, which PostgreSQL's text cannot hold.
    if not isinstance(value, str) or not 0 < len(value) <= length_max or not value.isprintable():
        raise Forged(f"no {name}")
    return value
