"""The faults that `make prove` plants: each is one line somebody could write, and nobody may.

The invariant: `old` stands exactly once in `file`, and `test` fails once it reads `new`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """In `file`, `old` becomes `new`; `test` must turn red."""

    name: str
    file: str
    old: str
    new: str
    test: str


_ORDERS = "tests/loyalty/test_orders.py::"
_POSTING = "tests/loyalty/test_posting.py::"

FAULTS = (
    Fault(
        "a floor becomes a ceiling",
        "loyalty/earning/rounding.py",
        '"floor": ROUND_FLOOR',
        '"floor": ROUND_CEILING',
        _ORDERS + "test_a_paid_order_earns_the_floor_of_its_amount",
    ),
    Fault(
        "the removed share is rounded up",
        "loyalty/earning/removal.py",
        "return points - floor(points * removed)",
        "return points - -floor(-points * removed)",
        _ORDERS + "test_a_refund_takes_back_only_its_share",
    ),
)
