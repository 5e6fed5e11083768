"""R139: points given to many are taken back by opposite entries, the spent ones only by force."""

from datetime import date

from sqlalchemy import event
from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.group_grants.deciding import undo_group_grant
from loyalty.group_grants.giving import prepare_batch
from loyalty.group_grants.tables import GroupGrant
from loyalty.group_grants.undoing import undo_batch
from loyalty.ledger.tables import Lot
from loyalty.ledger.undoing import undo
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.group_grants.cast import STAFF, a_segment, fates, give, run
from tests.loyalty.ledger.cast import DAY, Hand, a_member, agree, entries_of, figures


def undone(session: Session, grant: GroupGrant, *, is_forced: bool = False) -> GroupGrant:
    """Take the points back, and bring that to its end."""
    undo_group_grant(
        session, grant.shop_id, grant.id, actor=STAFF, now=NOON + DAY, is_forced=is_forced
    )
    run(session, grant, now=NOON + DAY)
    return grant


def given(session: Session, shop: Shop, *members: Member) -> GroupGrant:
    """100 points each, given."""
    segment = a_segment(session, shop, *members, name=f"Regulars {new_id()}")
    grant = give(session, shop, segment, client_key=str(new_id()))
    run(session, grant)
    return grant


def test_everybodys_points_are_taken_back(session: Session, aurora: Shop, alice: Member) -> None:
    carol = a_member(session, aurora, 601)
    grant = given(session, aurora, alice, carol)

    undone(session, grant)

    assert (grant.state, grant.given, grant.undone, grant.kept) == ("undone", 0, 2, 0)
    assert entries_of(session, alice) == [("grant", 100), ("grant", -100)]
    assert figures(session, carol) == (0, 0, 0, 0)
    assert agree(session, aurora.shop_id)


def test_who_has_spent_some_keeps_all_until_it_is_forced(
    session: Session, aurora: Shop, alice: Member, hand_of_alice: Hand
) -> None:
    carol = a_member(session, aurora, 601)
    grant = given(session, aurora, alice, carol)
    hand_of_alice.debit(30)

    undone(session, grant)

    assert (grant.undone, grant.kept) == (1, 1)
    assert fates(session, grant)[alice.id] == ("kept", "Has spent 30 of them")
    assert figures(session, alice)[0] == 70

    undone(session, grant, is_forced=True)

    assert (grant.undone, grant.kept) == (2, 0)
    assert figures(session, alice)[0] == -30
    assert agree(session, aurora.shop_id)


def test_what_had_expired_is_told(session: Session, aurora: Shop, alice: Member) -> None:
    grant = given(session, aurora, alice)
    session.query(Lot).filter_by(member_id=alice.id).update(
        {"last_valid_on": date(2026, 11, 22), "has_own_date": True}
    )

    undo_group_grant(session, aurora.shop_id, grant.id, actor=STAFF, now=NOON + 5 * DAY)
    run(session, grant, now=NOON + 5 * DAY)

    assert (grant.undone, grant.expired_points) == (1, 100)
    assert figures(session, alice) == (0, 0, 0, 0)
    assert agree(session, aurora.shop_id)


def test_undo_in_the_middle_gives_nothing_to_who_still_waits(
    session: Session, aurora: Shop, alice: Member
) -> None:
    grant = give(session, aurora, a_segment(session, aurora, alice))
    prepare_batch(session, grant)

    undone(session, grant)

    assert fates(session, grant) == {alice.id: ("skipped", "undone before")}
    assert entries_of(session, alice) == []


def test_undo_of_a_merged_members_points_takes_them_from_the_survivor(
    session: Session, aurora: Shop, alice: Member
) -> None:
    carol = a_member(session, aurora, 601)
    grant = given(session, aurora, carol)
    merge(session, aurora, alice.id, carol.id, actor=STAFF, now=NOON)
    assert figures(session, alice)[0] == 100

    undone(session, grant)

    assert (grant.undone, figures(session, alice)[0]) == (1, 0)
    assert agree(session, aurora.shop_id)


def test_points_that_were_taken_back_by_hand_are_taken_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    grant = given(session, aurora, alice)
    entry_id = session.query(Lot).filter_by(member_id=alice.id).one().entry_id
    undo(session, aurora.shop_id, entry_id, actor=STAFF, now=NOON)

    undone(session, grant)

    assert entries_of(session, alice) == [("grant", 100), ("grant", -100)]


def test_second_undo_changes_nothing(session: Session, aurora: Shop, alice: Member) -> None:
    grant = given(session, aurora, alice)
    undone(session, grant)

    undone(session, grant)

    assert (grant.state, grant.undone) == ("undone", 1)
    assert entries_of(session, alice) == [("grant", 100), ("grant", -100)]


def test_of_a_batch_each_keeps_what_is_theirs(
    session: Session, aurora: Shop, alice: Member, hand_of_alice: Hand
) -> None:
    whole, moved, expired = (a_member(session, aurora, number) for number in (601, 602, 603))
    merged_too = a_member(session, aurora, 604)
    grant = given(session, aurora, alice, whole, moved, expired, merged_too)
    hand_of_alice.debit(30)
    merge(session, aurora, merged_too.id, moved.id, actor=STAFF, now=NOON)
    session.query(Lot).filter_by(member_id=expired.id).update(
        {"last_valid_on": date(2026, 11, 22), "has_own_date": True}
    )

    undo_group_grant(session, aurora.shop_id, grant.id, actor=STAFF, now=NOON + 5 * DAY)
    run(session, grant, now=NOON + 5 * DAY)

    assert (grant.undone, grant.kept, grant.expired_points) == (4, 1, 100)
    assert fates(session, grant)[alice.id] == ("kept", "Has spent 30 of them")
    # Two of the five are one person by now: both credits were taken from them.
    for who in (whole, merged_too, expired):
        assert figures(session, who)[0] == 0
    assert agree(session, aurora.shop_id)


def test_one_that_was_undone_by_hand_before_a_merge_is_not_taken_from_the_survivor(
    session: Session, aurora: Shop, alice: Member
) -> None:
    carol = a_member(session, aurora, 601)
    grant = given(session, aurora, alice, carol)
    entry_id = session.query(Lot).filter_by(member_id=carol.id).one().entry_id
    undo(session, aurora.shop_id, entry_id, actor=STAFF, now=NOON)
    merge(session, aurora, alice.id, carol.id, actor=STAFF, now=NOON)

    undone(session, grant)

    assert (grant.undone, grant.kept) == (2, 0)
    assert figures(session, alice)[0] == 0
    assert agree(session, aurora.shop_id)


def test_many_are_undone_in_as_many_statements_as_two(session: Session, aurora: Shop) -> None:
    grants = [
        given(session, aurora, *(a_member(session, aurora, first + n) for n in range(count)))
        for first, count in ((600, 2), (700, 30))
    ]

    counts = [_statements_of_undoing(session, grant) for grant in grants]

    assert [grant.undone for grant in grants] == [2, 30]
    # Audit rows are written many at once, but not all: the rest is the same.
    assert counts[1] <= counts[0] + 2


def _statements_of_undoing(session: Session, grant: GroupGrant) -> int:
    undo_group_grant(session, grant.shop_id, grant.id, actor=STAFF, now=NOON + DAY)
    seen: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        undo_batch(session, grant, now=NOON + DAY)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return len(seen)
