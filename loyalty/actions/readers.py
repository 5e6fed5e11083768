"""Readers: who may tell of a tap, and where it was. A reader's key is shown once and kept hashed.

The key names its shop and its reader, so that a request is one look-up; an unknown reader takes
the comparison of a known one.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.actions.tables import Reader
from loyalty.audit import Actor
from loyalty.base.errors import BadReader, LocationNotFound, ReaderNotFound, TooManyRequests
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.shops.tables import Location

PER_MINUTE = 120
"""More than two taps a second is no queue of people at one reader."""
_NAME_MAX = 60
_KEY = re.compile(r"er1_([1-9]\d{0,17})_([0-9a-f]{32})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODYS = bytes(32)


@dataclass(frozen=True, slots=True)
class ReaderKey:
    """A key in its parts, as it was shown; nothing in it is proved yet."""

    shop_id: int
    reader_id: UUID
    secret: str


def read_key(text: str) -> ReaderKey | None:
    """The parts of what looks like one of our keys."""
    found = _KEY.fullmatch(text)
    return ReaderKey(int(found[1]), UUID(found[2]), found[3]) if found else None


def find_reader(session: Session, key: ReaderKey) -> Reader | None:
    """The reader whose present key this is; None says nothing of what was wrong with it."""
    reader = session.get(Reader, (key.shop_id, key.reader_id), populate_existing=True)
    known = reader.key_hash if reader is not None else _NOBODYS
    is_own = hmac.compare_digest(known, _hash(key.secret))
    return reader if reader is not None and is_own and reader.revoked_at is None else None


def count_request(session: Session, reader: Reader, *, now: datetime) -> None:
    """Count a request against the reader's minute; raises TooManyRequests. The caller commits."""
    session.refresh(reader, with_for_update=True)
    if reader.asked_since is None or not timedelta() <= now - reader.asked_since < _MINUTE:
        reader.asked_since, reader.asked = now, 0
    if reader.asked >= PER_MINUTE:
        raise TooManyRequests("too many taps at one reader")
    reader.asked += 1
    session.flush()


_MINUTE = timedelta(minutes=1)


def add_reader(
    session: Session, shop_id: int, *, name: str, location_id: int, actor: Actor, now: datetime
) -> tuple[Reader, str]:
    """A new reader at one of the shop's open places, and its key, which nobody sees again.

    Raises BadReader, LocationNotFound. Audited; the caller commits.
    """
    text = " ".join(name.split())
    if not text or len(text) > _NAME_MAX or not text.isprintable():
        raise BadReader(
            "name", said("Give it a name of at most %(most)s characters", most=_NAME_MAX)
        )
    get_open_location(session, shop_id, location_id)
    secret = secrets.token_urlsafe(32)
    reader = Reader(
        shop_id=shop_id,
        id=new_id(),
        location_id=location_id,
        name=text,
        key_hash=_hash(secret),
        made_at=now,
        asked=0,
    )
    session.add(reader)
    _audit(session, reader, actor, "reader_added", now)
    return reader, _show(reader, secret)


def rotate_key(
    session: Session, shop_id: int, reader_id: UUID, *, actor: Actor, now: datetime
) -> str:
    """A new key for the reader; the old one is dead at once. Raises ReaderNotFound."""
    reader = _get_locked(session, shop_id, reader_id)
    secret = secrets.token_urlsafe(32)
    reader.key_hash, reader.rotated_at = _hash(secret), now
    _audit(session, reader, actor, "reader_key_rotated", now)
    return _show(reader, secret)


def revoke_reader(
    session: Session, shop_id: int, reader_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """End the reader for good; what it told stays. Raises ReaderNotFound."""
    reader = _get_locked(session, shop_id, reader_id)
    reader.revoked_at = now
    _audit(session, reader, actor, "reader_revoked", now)


def list_readers(session: Session, shop_id: int) -> Sequence[Reader]:
    """The shop's readers, revoked ones too, the oldest first."""
    return session.scalars(
        select(Reader).where(Reader.shop_id == shop_id).order_by(Reader.made_at, Reader.id)
    ).all()


def get_open_location(session: Session, shop_id: int, location_id: int) -> Location:
    """The shop's place; raises LocationNotFound for another shop's, a closed or a deleted one."""
    place = session.get(Location, (shop_id, location_id), populate_existing=True)
    if place is None or not place.is_active:
        raise LocationNotFound(str(location_id))
    return place


def _get_locked(session: Session, shop_id: int, reader_id: UUID) -> Reader:
    reader = session.get(Reader, (shop_id, reader_id), with_for_update=True, populate_existing=True)
    if reader is None or reader.revoked_at is not None:
        raise ReaderNotFound(str(reader_id))
    return reader


def _hash(secret: str) -> bytes:
    # 256 random bits cannot be guessed, so a fast hash is as good as a slow one.
    return sha256(secret.encode()).digest()


def _show(reader: Reader, secret: str) -> str:
    return f"er1_{reader.shop_id}_{reader.id.hex}_{secret}"


def _audit(session: Session, reader: Reader, actor: Actor, action: str, now: datetime) -> None:
    details = {"name": reader.name, "location_id": reader.location_id}
    subject = ("reader", str(reader.id))
    audit.record(session, reader.shop_id, actor, action, subject, now=now, **details)
    session.flush()
