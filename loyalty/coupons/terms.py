"""A coupon as it was typed, checked whole before anything of it is kept.

The invariant: what is kept can be made a discount of, in the shop's own currency and days.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.base.errors import BadCoupon, UnreadableMoney
from loyalty.base.money import parse_minor
from loyalty.base.said import said
from loyalty.coupons.tables import COUPON_KINDS, Coupon

SOURCES = ("made", "imported")
CLASSES = ("order", "product", "shipping")
"""What a discount may be combined with."""
PER_MEMBER_MAX = 100
_NAME_MAX = 60
_AMOUNT_MAX = 10**11
_PREFIX = re.compile(r"[A-Z0-9]{2,12}", re.ASCII)
_KNOWN = frozenset(
    (
        *("name", "kind", "amount", "percentage", "minimum_cart", "combines_with"),
        *("per_member", "starts_on", "ends_on", "code_source", "prefix"),
    )
)


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What a coupon gives, checked. Money in minor units of the shop's currency."""

    name: str
    kind: str
    amount_minor: int | None
    percentage: Decimal | None
    minimum_cart_minor: int
    combines_with: dict[str, bool]
    per_member: int
    starts_on: date | None
    ends_on: date | None
    code_source: str
    prefix: str


def read_terms(given: Mapping[str, Any], *, currency: str, today: date) -> CouponTerms:
    """The terms in `given`, whose values are as typed; raises BadCoupon with the field at fault.

    `name` and `kind` are needed, and `amount` (major units) or `percentage` by the kind.
    """
    for unknown in sorted(given.keys() - _KNOWN):
        raise BadCoupon(unknown, said("is nothing that a coupon has"))
    kind = _one_of(given, "kind", COUPON_KINDS)
    starts_on, ends_on = _day(given, "starts_on"), _day(given, "ends_on")
    if ends_on is not None and ends_on < max(today, starts_on or today):
        raise BadCoupon("ends_on", said("Choose a day from today and from the first day on"))
    return CouponTerms(
        name=_name(given),
        kind=kind,
        amount_minor=_amount(given, kind, currency),
        percentage=_percentage(given, kind),
        minimum_cart_minor=_money(given, "minimum_cart", currency) or 0,
        combines_with=_combines_with(given),
        per_member=_per_member(given),
        starts_on=starts_on,
        ends_on=ends_on,
        code_source=_one_of(given, "code_source", SOURCES, "made"),
        prefix=_prefix(given),
    )


def is_over(coupon: Coupon, today: date) -> bool:
    """Whether the coupon's last day has gone by."""
    return coupon.ends_on is not None and coupon.ends_on < today


def _name(given: Mapping[str, Any]) -> str:
    name = " ".join(str(given.get("name") or "").split())
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        raise BadCoupon("name", said("Use 1 to %(most)s characters", most=_NAME_MAX))
    return name


def _one_of(
    given: Mapping[str, Any], field: str, known: tuple[str, ...], default: str | None = None
) -> str:
    value = given.get(field) or default
    if value not in known:
        raise BadCoupon(field, said("is none of %(known)s", known=", ".join(known)))
    return str(value)


def _amount(given: Mapping[str, Any], kind: str, currency: str) -> int | None:
    amount = _money(given, "amount", currency)
    if kind == "fixed_amount":
        if not amount:
            raise BadCoupon("amount", said("Say how much, more than 0"))
    elif amount is not None:
        raise BadCoupon("amount", said("Only a coupon of a fixed amount has one"))
    return amount


def _percentage(given: Mapping[str, Any], kind: str) -> Decimal | None:
    text = given.get("percentage")
    if kind != "percentage":
        if text is not None:
            raise BadCoupon("percentage", said("Only a percentage coupon has one"))
        return None
    try:
        value = Decimal(str(text))
    except InvalidOperation as error:
        raise BadCoupon("percentage", said("is no number")) from error
    # Shopify takes hundredths of a percent.
    if not value.is_finite() or not 0 < value <= 100 or value != round(value, 2):
        raise BadCoupon(
            "percentage", said("Use more than 0, at most 100, and at most two decimals")
        )
    return value


def _money(given: Mapping[str, Any], field: str, currency: str) -> int | None:
    text = given.get(field)
    if text is None:
        return None
    try:
        minor = parse_minor(text, currency)
    except UnreadableMoney as error:
        raise BadCoupon(field, said("is no amount in %(currency)s", currency=currency)) from error
    if not 0 <= minor <= _AMOUNT_MAX:
        raise BadCoupon(field, said("is not an amount that one can use"))
    return minor


def _combines_with(given: Mapping[str, Any]) -> dict[str, bool]:
    wanted = given.get("combines_with") or ()
    for name in wanted:
        if name not in CLASSES:
            raise BadCoupon(
                "combines_with",
                said("%(name)s is none of %(known)s", name=name, known=", ".join(CLASSES)),
            )
    return {name: name in wanted for name in CLASSES}


def _per_member(given: Mapping[str, Any]) -> int:
    text = str(given.get("per_member", 1)).strip()
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    if not is_number or not 1 <= int(text) <= PER_MEMBER_MAX:
        raise BadCoupon(
            "per_member", said("Use a whole number from 1 to %(most)s", most=PER_MEMBER_MAX)
        )
    return int(text)


def _day(given: Mapping[str, Any], field: str) -> date | None:
    value = given.get(field)
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadCoupon(field, said("is no day such as 2026-12-24")) from error


def _prefix(given: Mapping[str, Any]) -> str:
    prefix = str(given.get("prefix") or "GIFT").strip().upper()
    if not _PREFIX.fullmatch(prefix):
        raise BadCoupon("prefix", said("Use 2 to 12 letters and digits"))
    return prefix
