"""The one home of rounding points."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from loyalty.base.money import minor_digits

_MODES = {"floor": ROUND_FLOOR, "half_up": ROUND_HALF_UP, "ceil": ROUND_CEILING}


def points_for(basis: Decimal, currency: str, points_per_unit: Decimal, rounding: str) -> int:
    """Whole points for a weighted `basis` in minor units; rounded once, here."""
    exact = basis.scaleb(-minor_digits(currency)) * points_per_unit
    return int(exact.to_integral_value(_MODES[rounding]))
