"""What a shop says its points are worth: checked, kept with its time, audited."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadLiabilitySetting
from loyalty.base.ids import new_id
from loyalty.base.money import minor_digits
from loyalty.liability.tables import LiabilitySetting
from loyalty.shops.tables import Shop

PAST = "past"
"""The word by which a shop leaves a setting to its own past again."""
_PLACES_MAX = 12


@dataclass(frozen=True, slots=True)
class Said:
    """What the shop says at some time; None for what it leaves to its own past."""

    point_value_minor: Decimal | None = None
    breakage: Decimal | None = None


def save(
    session: Session,
    shop: Shop,
    *,
    point_value: str | None,
    breakage_percent: str | None,
    actor: Actor,
    now: datetime,
) -> Said:
    """Say from now on what a point is worth, in the shop's currency, and what share is lost.

    None leaves it as it was said last; PAST leaves it to the shop's own redemptions. Raises
    BadLiabilitySetting with the field, also when nothing is said. Flushes; the caller commits.
    """
    if point_value is None and breakage_percent is None:
        raise BadLiabilitySetting("point_value", "Say what a point is worth, or the breakage")
    # Two who speak at once must not take each other's word back.
    session.get_one(Shop, shop.shop_id, with_for_update=True)
    last = _said_last(session, shop.shop_id)
    said = Said(
        _value(point_value, shop.currency, last.point_value_minor),
        _share(breakage_percent, last.breakage),
    )
    session.add(
        LiabilitySetting(
            shop_id=shop.shop_id,
            id=new_id(),
            point_value_minor=said.point_value_minor,
            breakage=said.breakage,
            saved_at=now,
        )
    )
    audit.record(
        session,
        shop.shop_id,
        actor,
        "liability_setting_saved",
        ("shop", str(shop.shop_id)),
        now=now,
        point_value_minor=_text(said.point_value_minor),
        breakage=_text(said.breakage),
    )
    session.flush()
    return said


def list_said(session: Session, shop_id: int) -> list[tuple[datetime, Said]]:
    """All that the shop ever said, oldest first."""
    rows = session.scalars(
        select(LiabilitySetting)
        .where(LiabilitySetting.shop_id == shop_id)
        .order_by(LiabilitySetting.saved_at, LiabilitySetting.id)
    )
    return [(row.saved_at, Said(row.point_value_minor, row.breakage)) for row in rows]


def in_force(said: list[tuple[datetime, Said]], before: datetime) -> Said:
    """What was said last before that moment."""
    return next((one for at, one in reversed(said) if at < before), Said())


def _said_last(session: Session, shop_id: int) -> Said:
    said = list_said(session, shop_id)
    return said[-1][1] if said else Said()


def _value(text: str | None, currency: str, last: Decimal | None) -> Decimal | None:
    if text is None or text == PAST:
        return None if text else last
    value = _number("point_value", text).scaleb(minor_digits(currency))
    if not 0 < value <= 10**9:
        raise BadLiabilitySetting("point_value", "A point is worth more than nothing")
    return value


def _share(text: str | None, last: Decimal | None) -> Decimal | None:
    if text is None or text == PAST:
        return None if text else last
    percent = _number("breakage", text)
    if not 0 <= percent < 100:
        raise BadLiabilitySetting("breakage", "Breakage is a percentage from 0 to below 100")
    return percent / 100


def _number(field: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise BadLiabilitySetting(field, "Enter a number, such as 0.01") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_PLACES_MAX:
        raise BadLiabilitySetting(field, f"At most {_PLACES_MAX} decimals")
    return number


def _text(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")
