"""Whether a rule or promotion can work, field by field. Pure; used when saved and when met.

The invariant: what passes here earns something for some order; what does not names its field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.base.errors import BadRule
from loyalty.base.said import said
from loyalty.earning.conditions import Conditions, read_conditions
from loyalty.earning.rounding import ROUNDINGS
from loyalty.programme.tables import RULE_KINDS

POINTS_MAX = 1_000_000
RATE_MAX = Decimal(10_000)
MULTIPLIER_MAX = Decimal(100)
PRIORITY_MAX = 1000
PERIODS = ("once", "week", "month", "quarter", "year")
_LIMITS = {"check_in": {"check_in"}, "referral": {"friend_points"}}
"""What a kind's limits may name: how often a visit earns; what the friend gets beside `fixed`."""
_NAME_MAX = 100
_DECIMALS_MAX = 4

Given = Mapping[str, object]
"""Settings by name as a form, a command or a row has them."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Everything about a rule that a merchant chooses, known to work."""

    name: str
    kind: str
    gives: str
    points_per_unit: Decimal | None
    fixed_points: int | None
    rounding: str
    starts_on: date | None
    ends_on: date | None
    is_exclusive: bool
    priority: int
    conditions: Conditions
    limits: dict[str, Any]
    is_active: bool


@dataclass(frozen=True, slots=True)
class PromotionSettings:
    """Everything about a promotion that a merchant chooses, known to work."""

    name: str
    multiplier: Decimal
    starts_on: date | None
    ends_on: date | None
    conditions: Conditions
    is_active: bool


def check_rule(given: Given) -> RuleSettings:
    """The rule's settings; raises BadRule naming the first field that cannot work, and why."""
    kind = _one_of(given, "kind", RULE_KINDS)
    gives = _one_of(given, "gives", ("per_unit", "fixed"))
    if gives == "per_unit" and kind != "order":
        raise BadRule("gives", said("%(kind)s has no amount to give points for", kind=kind))
    starts_on, ends_on = _dates(given)
    return RuleSettings(
        name=_name(given),
        kind=kind,
        gives=gives,
        points_per_unit=_rate(given, gives),
        fixed_points=_fixed(given, gives),
        rounding=_one_of(given, "rounding", ROUNDINGS),
        starts_on=starts_on,
        ends_on=ends_on,
        is_exclusive=_exclusive(given, kind),
        priority=_whole(given, "priority", 1, PRIORITY_MAX),
        conditions=_conditions(given, kind),
        limits=_limits(given, kind),
        is_active=_flag(given, "is_active"),
    )


def check_promotion(given: Given) -> PromotionSettings:
    """The promotion's settings; raises BadRule naming the first field that cannot work."""
    multiplier = _decimal(given.get("multiplier"), "multiplier")
    if not 1 < multiplier <= MULTIPLIER_MAX:
        raise BadRule(
            "multiplier", said("is not above 1 and at most %(most)s", most=MULTIPLIER_MAX)
        )
    starts_on, ends_on = _dates(given)
    return PromotionSettings(
        name=_name(given),
        multiplier=multiplier,
        starts_on=starts_on,
        ends_on=ends_on,
        conditions=read_conditions(given.get("conditions") or {}),
        is_active=_flag(given, "is_active"),
    )


def _name(given: Given) -> str:
    name = given.get("name")
    if not isinstance(name, str) or not name.strip() or len(name.strip()) > _NAME_MAX:
        raise BadRule("name", said("is no text of 1–%(most)s characters", most=_NAME_MAX))
    if not name.isprintable():
        raise BadRule("name", said("holds characters that nobody can read"))
    return name.strip()


def _one_of(given: Given, field: str, choices: tuple[str, ...]) -> str:
    value = given.get(field)
    if value not in choices:
        raise BadRule(field, said("is none of %(known)s", known=", ".join(choices)))
    return str(value)


def _rate(given: Given, gives: str) -> Decimal | None:
    value = given.get("points_per_unit")
    if gives == "fixed":
        if value is not None:
            raise BadRule("points_per_unit", said("has no place in a rule that gives fixed points"))
        return None
    rate = _decimal(value, "points_per_unit")
    if not 0 < rate <= RATE_MAX:
        raise BadRule("points_per_unit", said("is not above 0 and at most %(most)s", most=RATE_MAX))
    return rate


def _fixed(given: Given, gives: str) -> int | None:
    value = given.get("fixed_points")
    if gives == "per_unit":
        if value is not None:
            raise BadRule(
                "fixed_points", said("has no place in a rule that gives points per amount")
            )
        return None
    return _whole(given, "fixed_points", 1, POINTS_MAX)


def _decimal(value: object, field: str) -> Decimal:
    if value is None or value == "":
        raise BadRule(field, said("is missing"))
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadRule(field, said("is no decimal number"))
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise BadRule(field, said("is no decimal number")) from error
    if not number.is_finite():
        raise BadRule(field, said("is no number"))
    if int(number.as_tuple().exponent) < -_DECIMALS_MAX:
        raise BadRule(field, said("has more than %(most)s decimals", most=_DECIMALS_MAX))
    return number


def _whole(given: Given, field: str, least: int, most: int, *, title: str = "") -> int:
    value = given.get(field)
    if isinstance(value, str) and value.isascii() and value.strip().isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadRule(
            title or field,
            said("is no whole number from %(least)s to %(most)s", least=least, most=most),
        )
    return value


def _dates(given: Given) -> tuple[date | None, date | None]:
    starts_on, ends_on = (_date(given, field) for field in ("starts_on", "ends_on"))
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise BadRule("ends_on", said("is before the first day"))
    return starts_on, ends_on


def _date(given: Given, field: str) -> date | None:
    value = given.get(field)
    if value is None or value == "":
        return None
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadRule(field, said("is no day like 2026-11-22")) from error


def _exclusive(given: Given, kind: str) -> bool:
    is_exclusive = _flag(given, "is_exclusive")
    if is_exclusive and kind != "order":
        raise BadRule("is_exclusive", said("is for rules of orders: there are no lines to take"))
    return is_exclusive


def _conditions(given: Given, kind: str) -> Conditions:
    conditions = read_conditions(given.get("conditions") or {})
    if kind == "order":
        return conditions
    allowed = Conditions()
    if kind == "check_in":
        allowed = Conditions(locations=conditions.locations)
    elif kind == "referral":
        allowed = Conditions(minimum_minor=conditions.minimum_minor)
    if conditions != allowed:
        raise BadRule("conditions", said("ask what %(kind)s does not have", kind=kind))
    return conditions


def _limits(given: Given, kind: str) -> dict[str, Any]:
    limits = given.get("limits") or {}
    if not isinstance(limits, Mapping):
        raise BadRule("limits", said("is no object"))
    unknown = set(limits) - _LIMITS.get(kind, set())
    if unknown:
        raise BadRule(
            "limits",
            said(
                "%(kind)s knows no limit called %(name)s",
                kind=kind,
                name=min(map(str, unknown))[:40],
            ),
        )
    if "check_in" in limits and limits["check_in"] not in PERIODS:
        raise BadRule("limits.check_in", said("is none of %(known)s", known=", ".join(PERIODS)))
    kept = dict(limits)
    if "friend_points" in kept:
        title = "limits.friend_points"
        kept["friend_points"] = _whole(kept, "friend_points", 0, POINTS_MAX, title=title)
    return kept


def _flag(given: Given, field: str) -> bool:
    value = given.get(field)
    if not isinstance(value, bool):
        raise BadRule(field, said("is neither true nor false"))
    return value
