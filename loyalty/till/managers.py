"""Managers of the till and their PINs: a PIN vouches for a redemption, and says whose word it was.

The invariant: a PIN names one manager of one shop, and is kept as a keyed digest alone.
"""

import re
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadSetting
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.till.digests import digest_of
from loyalty.till.tables import TillManager

NAME_MAX = 60
# Five tries in a quarter of an hour: six digits take years, four would take days.
_PIN = re.compile(r"\d{6,8}", re.ASCII)


def set_pin(
    session: Session,
    shop_id: int,
    name: str,
    pin: str,
    *,
    secret: bytes,
    actor: Actor,
    now: datetime,
) -> TillManager:
    """The manager of this name with this PIN from now on; the one before no longer counts.

    Raises BadSetting. Flushes; the caller commits.
    """
    name = _read_name(name)
    _check_pin(pin)
    digest = digest_of(secret, "pin", shop_id, pin)
    holder = _find(session, shop_id, digest)
    if holder is not None and holder.name != name:
        raise BadSetting("pin", said("Choose another PIN"))
    row = session.scalar(_named(shop_id, name).with_for_update())
    if row is None:
        row = TillManager(shop_id=shop_id, id=new_id(), name=name)
        session.add(row)
    row.pin_digest, row.set_at = digest, now
    _audit(session, row, actor, "till_manager_pin_set", now)
    return row


def remove_manager(
    session: Session, shop_id: int, name: str, *, actor: Actor, now: datetime
) -> None:
    """Let the PIN of this manager count no longer; raises BadSetting. Flushes."""
    row = session.scalar(_named(shop_id, name.strip()).with_for_update())
    if row is None:
        raise BadSetting("name", said("There is no manager of this name"))
    session.delete(row)
    _audit(session, row, actor, "till_manager_removed", now)


def list_managers(session: Session, shop_id: int) -> list[TillManager]:
    """The shop's managers by name."""
    rows = session.scalars(
        select(TillManager).where(TillManager.shop_id == shop_id).order_by(TillManager.name)
    )
    return list(rows)


def find_by_pin(session: Session, shop_id: int, pin: str, *, secret: bytes) -> TillManager | None:
    """Whose PIN this is. Count the try before you ask (loyalty/till/tries.py)."""
    return _find(session, shop_id, digest_of(secret, "pin", shop_id, pin))


def _read_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise BadSetting("name", said("Use 1 to %(most)s characters", most=NAME_MAX))
    return name


def _check_pin(pin: str) -> None:
    if not _PIN.fullmatch(pin):
        raise BadSetting("pin", said("A PIN has 6 to 8 digits"))
    steps = {(ord(after) - ord(before)) for before, after in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise BadSetting("pin", said("Choose a PIN that is harder to guess"))


def _find(session: Session, shop_id: int, digest: bytes) -> TillManager | None:
    return session.scalar(
        select(TillManager).where(TillManager.shop_id == shop_id, TillManager.pin_digest == digest)
    )


def _named(shop_id: int, name: str) -> Select[TillManager]:
    return select(TillManager).where(TillManager.shop_id == shop_id, TillManager.name == name)


def _audit(session: Session, row: TillManager, actor: Actor, action: str, now: datetime) -> None:
    subject = ("till_manager", str(row.id))
    audit.record(session, row.shop_id, actor, action, subject, now=now, name=row.name)
    session.flush()
