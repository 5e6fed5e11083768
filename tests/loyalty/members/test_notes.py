"""R130: a staff member's note goes with the member, and with nobody once they are erased."""

from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.notes import add_note, list_notes
from loyalty.members.tables import Member, TimelineEvent
from loyalty.merging.merging import merge
from loyalty.privacy import records
from loyalty.privacy.parts import Person, carry_out
from loyalty.shops.tables import Shop
from tests.loyalty.merging.cast import second_account

DANA = Actor("staff", "42")


def note(session: Session, member: Member, text: str) -> UUID:
    """A note of Dana's."""
    ids, key = (member.shop_id, member.id), new_id()
    return add_note(session, *ids, text, key=key, actor=DANA, now=utc_now()).id


def words(session: Session, member: Member) -> list[str | None]:
    """The member's notes, newest first."""
    session.expire_all()
    notes = list_notes(session, member.shop_id, member.id, limit=10).rows
    return [one.details.get("note") for one in notes]


def test_the_survivor_of_a_merge_has_both_members_notes(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = second_account(session, aurora)
    note(session, alice, "Prefers mornings")
    note(session, other, "Called on Monday")

    merge(session, aurora, alice.id, other.id, actor=DANA, now=utc_now())

    assert set(words(session, alice)) == {"Prefers mornings", "Called on Monday"}


def test_erasing_the_member_leaves_no_word_of_a_note(
    session: Session, aurora: Shop, alice: Member
) -> None:
    note(session, alice, "Alice is allergic to wool")
    [part] = [part for part in records.PARTS if part.model is TimelineEvent]
    person = Person(shop_id=alice.shop_id, member_ids=(alice.id,))

    carry_out(session, part.erase, part, person, now=utc_now())

    assert words(session, alice) == [None]
