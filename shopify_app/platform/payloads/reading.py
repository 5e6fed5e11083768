"""How a field is read: with its type, or a ShapeError that names the place, not the value."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.base.errors import ForeignCurrency
from loyalty.base.money import parse_minor
from shopify_app.platform.errors import ShapeError

_GID = re.compile(r"gid://shopify/[A-Za-z]+/(\d{1,19})(?:\?.*)?")
_ID_MAX = 2**63 - 1
_QUANTITY_MAX = 10**9


def identifier(value: object, place: str) -> int:
    """Shopify's number for a thing, from the number, its digits, or its gid."""
    if isinstance(value, str):
        matched = _GID.fullmatch(value)
        digits = matched[1] if matched else value
        if digits.isascii() and digits.isdigit() and len(digits) <= 19:
            value = int(digits)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _ID_MAX:
        return value
    raise ShapeError(f"{place} is no id")


def identifier_or_none(value: object, place: str) -> int | None:
    """As `identifier`, or None where there is none."""
    return None if value is None else identifier(value, place)


def own_id(payload: dict[str, Any], place: str) -> int:
    """The id of an object: its gid where it has one, for a big number may have passed a float."""
    gid = payload.get("admin_graphql_api_id")
    return identifier(gid if gid is not None else payload.get("id"), f"{place}.id")


def object_at(payload: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`."""
    value = payload.get(key)
    if not isinstance(value, dict):
        raise ShapeError(f"{key} is no object")
    return value


def objects_at(payload: dict[str, Any], key: str) -> Sequence[dict[str, Any]]:
    """The list of objects under `key`; empty when it is missing."""
    value = payload.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ShapeError(f"{key} is no list of objects")
    return value


def text_or_none(payload: dict[str, Any], key: str) -> str | None:
    """The text under `key`, as PostgreSQL can hold it; None when missing, null or empty."""
    value = payload.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ShapeError(f"{key} is no text")
    # JSON may carry NUL and half surrogate pairs; PostgreSQL's text may not.
    return value.replace("\0", "").encode("utf-8", "replace").decode() or None


def text(payload: dict[str, Any], key: str) -> str:
    """The text under `key`, which must be there."""
    found = text_or_none(payload, key)
    if found is None:
        raise ShapeError(f"{key} is missing")
    return found


def flag(payload: dict[str, Any], key: str) -> bool:
    """The truth under `key`; missing is false."""
    value = payload.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ShapeError(f"{key} is neither true nor false")


def quantity(payload: dict[str, Any], key: str) -> int:
    """The whole number ≥ 0 under `key`."""
    value = payload.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _QUANTITY_MAX:
        return value
    raise ShapeError(f"{key} is no quantity")


def moment_or_none(payload: dict[str, Any], key: str) -> datetime | None:
    """The aware time under `key`, or None."""
    value = payload.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{key} is no time") from error
    if moment.tzinfo is None:
        raise ShapeError(f"{key} has no time zone")
    return moment


def moment(payload: dict[str, Any], key: str) -> datetime:
    """The aware time under `key`, which must be there."""
    found = moment_or_none(payload, key)
    if found is None:
        raise ShapeError(f"{key} is missing")
    return found


def shop_money(money_set: object, place: str) -> tuple[str, str]:
    """(amount as text, currency) of a money set in shop money, of a webhook or of GraphQL."""
    if isinstance(money_set, dict):
        money = money_set.get("shop_money", money_set.get("shopMoney"))
        if isinstance(money, dict):
            currency = money.get("currency_code", money.get("currencyCode"))
            amount = money.get("amount")
            if isinstance(currency, str) and isinstance(amount, str):
                return amount, currency
    raise ShapeError(f"{place} has no shop money")


def shop_minor(money_set: object, currency: str, place: str) -> int:
    """Minor units of a money set's shop money, which must be in `currency`."""
    amount, found = shop_money(money_set, place)
    if found != currency:
        raise ForeignCurrency(f"{place} is in {found[:3]}, not in {currency}")
    return parse_minor(amount, currency)
