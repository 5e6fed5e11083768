"""A shop's tiers as somebody means to have them, checked before anything is written.

The invariant: a `TierPlan` can work. Text from a form or a command becomes one here, or is refused
with the field at fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import get_args
from uuid import UUID

from loyalty.base.errors import BadTier, UnreadableMoney
from loyalty.base.ids import new_id
from loyalty.base.money import parse_minor
from loyalty.base.said import said
from loyalty.tiers.cycles import Cycle
from loyalty.tiers.ladder import Ladder, Rung, make_ladder
from loyalty.tiers.metric import Terms

METRICS = ("spend", "points")
CYCLES: tuple[str, ...] = get_args(Cycle)
GRACE_DAYS_MAX = 365
TIERS_MAX = 20
_NAME_MAX = 40
_POINTS_MAX = 2**53
_MULTIPLIER_MAX = Decimal(100)
_MULTIPLIER_DIGITS = 4


@dataclass(frozen=True, slots=True)
class TierPlan:
    """Tiers on or off, how they are measured, and the ladder."""

    is_on: bool
    terms: Terms
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class RungText:
    """A tier as somebody wrote it; `id` is None for a new one."""

    id: UUID | None
    name: str
    threshold: str
    multiplier: str = "1"


def read_plan(
    *,
    is_on: bool,
    metric: str,
    cycle: str,
    grace_days: str | int,
    counts_grants: bool,
    counts_imports: bool,
    rungs: Sequence[RungText],
    currency: str,
    zone: str,
    known: Mapping[UUID, str],
) -> TierPlan:
    """The plan that these words make. `known`: the tiers there are, by id.

    A threshold is an amount of `currency` or a number of points, as `metric` says. Raises BadTier
    whose field is metric, cycle, grace_days, tiers, or for example tiers[2].threshold.
    """
    if metric not in METRICS:
        raise BadTier("metric", said("Choose spend or points"))
    if cycle not in CYCLES:
        raise BadTier("cycle", said("Choose lifetime, calendar, enrolment or rolling"))
    terms = Terms(
        metric=metric,
        cycle=cycle,  # type: ignore[arg-type]
        grace_days=_grace_days(grace_days),
        counts_grants=counts_grants,
        counts_imports=counts_imports,
        zone=zone,
    )
    if is_on and not rungs:
        raise BadTier("tiers", said("Add a tier before you turn tiers on"))
    if len(rungs) > TIERS_MAX:
        raise BadTier("tiers", said("Use at most %(most)s tiers", most=TIERS_MAX))
    read = [_rung(n, each, metric, currency, known) for n, each in enumerate(rungs)]
    _check_different(read)
    return TierPlan(is_on, terms, make_ladder(read))


def _grace_days(given: str | int) -> int:
    days = _whole("grace_days", str(given))
    if days > GRACE_DAYS_MAX:
        raise BadTier("grace_days", said("Use at most %(most)s days", most=GRACE_DAYS_MAX))
    return days


def _rung(
    number: int, given: RungText, metric: str, currency: str, known: Mapping[UUID, str]
) -> Rung:
    place = f"tiers[{number}]"
    if given.id is not None and given.id not in known:
        raise BadTier(f"{place}.id", said("There is no such tier"))
    name = given.name.strip()
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        raise BadTier(f"{place}.name", said("Use 1 to %(most)s characters", most=_NAME_MAX))
    return Rung(
        id=given.id or new_id(),
        name=name,
        threshold=_threshold(f"{place}.threshold", given.threshold, metric, currency),
        multiplier=_multiplier(f"{place}.multiplier", given.multiplier),
    )


def _threshold(field: str, given: str, metric: str, currency: str) -> int:
    if metric == "points":
        points = _whole(field, given)
        if points > _POINTS_MAX:
            raise BadTier(field, said("That is more than anybody can earn"))
        return points
    try:
        minor = parse_minor(given.strip(), currency)
    except UnreadableMoney as error:
        raise BadTier(
            field, said("Enter an amount of %(currency)s, such as 100", currency=currency)
        ) from error
    if minor < 0:
        raise BadTier(field, said("Enter 0 or more"))
    return minor


def _whole(field: str, given: str) -> int:
    text = given.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise BadTier(field, said("Enter a whole number, 0 or more"))
    return int(text)


def _multiplier(field: str, given: str) -> Decimal:
    try:
        multiplier = Decimal(given.strip())
    except InvalidOperation as error:
        raise BadTier(field, said("Enter a number, such as 1.5")) from error
    # A NaN compares with nothing, so it is asked for first.
    if not multiplier.is_finite() or not 0 < multiplier <= _MULTIPLIER_MAX:
        raise BadTier(field, said("Enter more than 0 and at most %(most)s", most=_MULTIPLIER_MAX))
    if multiplier != round(multiplier, _MULTIPLIER_DIGITS):
        raise BadTier(field, said("Use at most %(most)s decimals", most=_MULTIPLIER_DIGITS))
    return multiplier


def _check_different(rungs: Sequence[Rung]) -> None:
    for number, rung in enumerate(rungs):
        for other in rungs[:number]:
            if other.id == rung.id:
                raise BadTier(
                    f"tiers[{number}].id", said("%(name)s stands here twice", name=other.name)
                )
            if other.name.casefold() == rung.name.casefold():
                raise BadTier(
                    f"tiers[{number}].name",
                    said("There are two tiers called %(name)s", name=rung.name),
                )
            if other.threshold == rung.threshold:
                raise BadTier(
                    f"tiers[{number}].threshold",
                    said(
                        "%(name)s has the same threshold: nobody would ever be in one of the two",
                        name=other.name,
                    ),
                )
