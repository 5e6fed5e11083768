"""Coupons' part in what is held of a person: their codes are the shop's discounts, and name
nobody once the member is anonymous.
"""

from collections.abc import Sequence

from loyalty.coupons.tables import CouponCode
from loyalty.privacy.parts import Keep, Moves, Part, by_member

PARTS: Sequence[Part] = (
    Part(
        CouponCode,
        by_member(CouponCode),
        "Coupons",
        Keep("the shop's discounts: codes of a member who is anonymous by now"),
        Moves("points at the survivor"),
    ),
)
