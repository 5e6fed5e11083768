"""The till's tables in what is held of a person."""

from collections.abc import Sequence

from loyalty.privacy.parts import Drop, Part, Stays, by_member
from loyalty.till.tables import TillCode

PARTS: Sequence[Part] = (
    Part(
        TillCode,
        by_member(TillCode),
        None,
        Drop(),
        Stays("a code of a minute ago is nobody's any more"),
        withheld="a digest of a code that was good for a minute",
    ),
)
