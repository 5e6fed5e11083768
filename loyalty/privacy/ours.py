"""The parts of the domain's own tables. The books stay; who they are of does not."""

from collections.abc import Sequence

from loyalty.privacy import books, persons, records
from loyalty.privacy.parts import Part

PARTS: Sequence[Part] = (*persons.PARTS, *books.PARTS, *records.PARTS)
"""Parents before children; what is erased later must still find its parents' rows."""
