"""Whether a reward can work, field by field. Pure; used when one is saved.

The invariant: what passes here can be made a discount of in Shopify; what does not names its field.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from loyalty.base.errors import BadReward, UnreadableMoney
from loyalty.base.money import parse_minor
from loyalty.base.said import said
from loyalty.rewards.tables import REWARD_KINDS

POINTS_MAX = 1_000_000_000
AMOUNT_MINOR_MAX = 10**11
DAYS_MAX = 3650
LIMIT_MAX = 1_000_000
CLASSES = ("order", "product", "shipping")
PRICINGS = ("fixed", "per_point")
PERIODS = ("ever", "day", "week", "month", "year")
VISIBILITIES = ("everywhere", "till", "online", "hidden")
SOURCES = ("made", "stock")
_AMOUNTS = ("fixed_amount", "store_credit")
_NAME_MAX = 100

Given = Mapping[str, object]
"""Settings by name as a form, a command or a row has them; money as minor units or, in `amount`
and `minimum_cart`, as a decimal text of shop money."""


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """Everything about a reward that a merchant chooses, known to work."""

    name: str
    kind: str
    pricing: str
    cost_points: int
    points_min: int | None
    points_max: int | None
    amount_minor: int | None
    percentage: Decimal | None
    product_id: int | None
    variant_id: int | None
    minimum_cart_minor: int
    limit_per_member: int | None
    limit_period: str
    visibility: str
    tier_ids: list[str]
    starts_on: date | None
    ends_on: date | None
    validity_days: int
    code_source: str
    combines_with: dict[str, bool]
    is_active: bool


def check_reward(given: Given, currency: str) -> RewardSettings:
    """The reward's settings; raises BadReward naming the first field that cannot work, and why."""
    kind = _one_of(given, "kind", REWARD_KINDS)
    pricing = _pricing(given, kind)
    points_min, points_max = _bounds(given, pricing)
    starts_on, ends_on = _dates(given)
    return RewardSettings(
        name=_name(given),
        kind=kind,
        pricing=pricing,
        cost_points=_whole(given, "cost_points", 1, POINTS_MAX),
        points_min=points_min,
        points_max=points_max,
        amount_minor=_amount(given, kind, currency),
        percentage=_percentage(given, kind),
        product_id=_product(given, "product_id", kind, is_needed=True),
        variant_id=_product(given, "variant_id", kind, is_needed=False),
        minimum_cart_minor=_minimum(given, kind, currency),
        limit_per_member=_maybe_whole(given, "limit_per_member", 1, LIMIT_MAX),
        limit_period=_one_of(given, "limit_period", PERIODS),
        visibility=_one_of(given, "visibility", VISIBILITIES),
        tier_ids=_tiers(given),
        starts_on=starts_on,
        ends_on=ends_on,
        validity_days=_whole(given, "validity_days", 1, DAYS_MAX),
        code_source=_source(given, kind, pricing),
        combines_with=_classes(given),
        is_active=_flag(given, "is_active"),
    )


def _name(given: Given) -> str:
    name = given.get("name")
    if not isinstance(name, str) or not name.strip() or len(name.strip()) > _NAME_MAX:
        raise BadReward("name", said("is no text of 1–%(most)s characters", most=_NAME_MAX))
    if not name.isprintable():
        raise BadReward("name", said("holds characters that nobody can read"))
    return name.strip()


def _one_of(given: Given, field: str, choices: Collection[str]) -> str:
    value = given.get(field)
    if not isinstance(value, str) or value not in choices:
        raise BadReward(field, said("is none of %(known)s", known=", ".join(choices)))
    return value


def _pricing(given: Given, kind: str) -> str:
    pricing = _one_of(given, "pricing", PRICINGS)
    if pricing == "per_point" and kind not in _AMOUNTS:
        raise BadReward(
            "pricing", said("%(kind)s has no amount that more points could raise", kind=kind)
        )
    return pricing


def _bounds(given: Given, pricing: str) -> tuple[int | None, int | None]:
    """The least and the most points of a reward per point; each must buy a unit at least."""
    if pricing == "fixed":
        for field in ("points_min", "points_max"):
            if given.get(field) is not None:
                raise BadReward(field, said("is for rewards priced per point"))
        return None, None
    least = _maybe_whole(given, "points_min", 1, POINTS_MAX)
    most = _maybe_whole(given, "points_max", 1, POINTS_MAX)
    cost = _whole(given, "cost_points", 1, POINTS_MAX)
    if most is not None and most // cost < -(-max(least or 1, cost) // cost):
        raise BadReward("points_max", said("buys less than the least that one may redeem"))
    return least, most


def _amount(given: Given, kind: str, currency: str) -> int | None:
    value = _money(given, "amount", currency)
    if kind not in _AMOUNTS:
        if value is not None:
            raise BadReward("amount", said("has no place in %(kind)s", kind=kind))
        return None
    if value is None or not 1 <= value <= AMOUNT_MINOR_MAX:
        raise BadReward("amount", said("is no amount above 0"))
    return value


def _minimum(given: Given, kind: str, currency: str) -> int:
    value = _money(given, "minimum_cart", currency) or 0
    if not 0 <= value <= AMOUNT_MINOR_MAX:
        raise BadReward("minimum_cart", said("is no amount from 0 on"))
    if value and kind == "store_credit":
        raise BadReward("minimum_cart", said("cannot be asked of store credit: it is spent later"))
    if value and kind == "free_product":
        raise BadReward(
            "minimum_cart", said("cannot be asked with a product: Shopify counts it alone")
        )
    return value


def _money(given: Given, field: str, currency: str) -> int | None:
    """`field` in shop money, or `field_minor` in minor units; None when neither says anything."""
    text, minor = given.get(field), given.get(f"{field}_minor")
    if text is None or text == "":
        return _maybe_whole(given, f"{field}_minor", 0, AMOUNT_MINOR_MAX)
    try:
        value = parse_minor(text, currency)
    except UnreadableMoney as error:
        raise BadReward(field, said("is no amount of %(currency)s", currency=currency)) from error
    if minor is not None and minor != value:
        raise BadReward(field, said("says something else than its minor units"))
    return value


def _percentage(given: Given, kind: str) -> Decimal | None:
    value = given.get("percentage")
    if kind != "percentage":
        if value is not None:
            raise BadReward("percentage", said("has no place in %(kind)s", kind=kind))
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadReward("percentage", said("is no decimal number"))
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise BadReward("percentage", said("is no decimal number")) from error
    if not number.is_finite() or not 0 < number <= 100:
        raise BadReward("percentage", said("is not above 0 and at most 100"))
    if int(number.as_tuple().exponent) < -2:
        raise BadReward("percentage", said("has more than 2 decimals"))
    return number


def _product(given: Given, field: str, kind: str, *, is_needed: bool) -> int | None:
    if kind != "free_product":
        if given.get(field) is not None:
            raise BadReward(field, said("has no place in %(kind)s", kind=kind))
        return None
    if is_needed:
        return _whole(given, field, 1, 2**62)
    return _maybe_whole(given, field, 1, 2**62)


def _source(given: Given, kind: str, pricing: str) -> str:
    source = _one_of(given, "code_source", SOURCES)
    if source == "stock" and kind == "store_credit":
        raise BadReward("code_source", said("store credit has no codes"))
    if source == "stock" and pricing == "per_point":
        raise BadReward("code_source", said("imported codes have one worth: price the reward once"))
    return source


def _tiers(given: Given) -> list[str]:
    value = given.get("tier_ids")
    if not isinstance(value, list | tuple):
        raise BadReward("tier_ids", said("is no list of tiers"))
    try:
        return sorted({str(UUID(str(each))) for each in value})
    except ValueError as error:
        raise BadReward("tier_ids", said("holds what is no tier's id")) from error


def _classes(given: Given) -> dict[str, bool]:
    value = given.get("combines_with")
    if not isinstance(value, Mapping):
        raise BadReward("combines_with", said("is no object"))
    for name, may in value.items():
        if name not in CLASSES:
            raise BadReward("combines_with", said("knows only %(known)s", known=", ".join(CLASSES)))
        if not isinstance(may, bool):
            raise BadReward("combines_with", said("%(name)s is neither true nor false", name=name))
    return dict(value)


def _dates(given: Given) -> tuple[date | None, date | None]:
    starts_on, ends_on = (_date(given, field) for field in ("starts_on", "ends_on"))
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise BadReward("ends_on", said("is before the first day"))
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
        raise BadReward(field, said("is no day like 2026-11-22")) from error


def _maybe_whole(given: Given, field: str, least: int, most: int) -> int | None:
    return None if given.get(field) in (None, "") else _whole(given, field, least, most)


def _whole(given: Given, field: str, least: int, most: int) -> int:
    value = given.get(field)
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadReward(
            field, said("is no whole number from %(least)s to %(most)s", least=least, most=most)
        )
    return value


def _flag(given: Given, field: str) -> bool:
    value = given.get(field)
    if not isinstance(value, bool):
        raise BadReward(field, said("is neither true nor false"))
    return value
