"""Group grants' part in what is held of a person: which decisions gave them points."""

from collections.abc import Sequence

from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.privacy.parts import BOOKS, Part, Stays, by_member

PARTS: Sequence[Part] = (
    Part(
        GroupGrantMember,
        by_member(GroupGrantMember),
        "Points given to many",
        BOOKS,
        Stays("the points move in the ledger, and an undo finds them there"),
        named={"grant_id": GroupGrant.segment_name},
    ),
)
