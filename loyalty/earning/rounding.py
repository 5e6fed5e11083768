"""The one home of rounding points."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from loyalty.base.money import minor_digits

_MODES = {"floor": ROUND_FLOOR, "half_up": ROUND_HALF_UP, "ceil": ROUND_CEILING}
ROUNDINGS = tuple(_MODES)


def points_for(basis: Decimal, currency: str, points_per_unit: Decimal, rounding: str) -> int:
    """Whole points for a weighted `basis` in minor units; rounded once, here."""
    exact = exact_points(basis, currency, points_per_unit)
    return int(exact.to_integral_value(_MODES[rounding]))


def exact_points(basis: Decimal, currency: str, points_per_unit: Decimal) -> Decimal:
    """What `basis` minor units give before rounding."""
    return basis.scaleb(-minor_digits(currency)) * points_per_unit
