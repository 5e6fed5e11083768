"""The list's part in what is held of a person: a copy, which goes with what it copies."""

from collections.abc import Sequence

from loyalty.listing.tables import MemberListing
from loyalty.privacy.parts import Drop, Part, Stays, by_member

PARTS: Sequence[Part] = (
    Part(
        MemberListing,
        by_member(MemberListing),
        None,
        Drop(),
        Stays("both are looked at anew, and only the survivor is listed"),
        withheld="it says nothing that does not stand elsewhere in this document",
    ),
)
