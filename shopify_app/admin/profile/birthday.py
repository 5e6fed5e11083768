"""The birthday in the details of a member: a month and a day, of no year, read and shown.

The invariant: what cannot be a day of a year is refused beside its field, and nothing is stored.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from loyalty.actions.birthdays import set_birthday
from loyalty.base.errors import BadBirthday
from loyalty.base.said import said
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop

PARTS = ("birthday_month", "birthday_day")


def standing_birthday(member: Member) -> dict[str, str]:
    """The two fields as they stand."""
    on = member.birthday_on
    return dict(zip(PARTS, (str(on.month), str(on.day)) if on else ("", ""), strict=True))


def save_birthday(
    session: Session, shop: Shop, member_id: UUID, typed: Mapping[str, str], now: datetime
) -> None:
    """Store what was typed over, "" twice for none. Raises BadBirthday with the field at fault."""
    month, day = (_number(name, typed[name]) for name in PARTS)
    try:
        set_birthday(session, shop, member_id, month=month, day=day, actor=g.actor, now=now)
    except BadBirthday as refusal:
        raise BadBirthday(f"birthday_{refusal.field}", refusal.args[0]) from refusal


def _number(name: str, typed: str) -> int | None:
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise BadBirthday(name, said("Enter the number of a day, such as 20"))
    return int(text)
