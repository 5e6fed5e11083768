"""New members' rows of the list, in the transaction that enrols them; what they do comes later."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from loyalty.base.bulk import insert_rows
from loyalty.listing.tables import MemberListing
from loyalty.members.tables import Member


def list_new(session: Session, members: Iterable[Member]) -> None:
    """Give these new members their rows; the members are flushed."""
    rows = [
        {"shop_id": member.shop_id, "member_id": member.id, "joined_at": member.joined_at}
        for member in members
    ]
    insert_rows(session, MemberListing, rows)
