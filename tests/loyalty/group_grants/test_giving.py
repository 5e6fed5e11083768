"""R139: each member of a segment gets the points once, whatever happens between two batches."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.errors import (
    BadGroupGrant,
    GroupGrantNotFound,
    IdempotencyConflict,
    SegmentNotFound,
)
from loyalty.group_grants import giving
from loyalty.group_grants.deciding import count_audience, get_grant, list_grants
from loyalty.group_grants.giving import give_batch, prepare_batch
from loyalty.members import archiving
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.outbox import GRANT_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.group_grants.cast import STAFF, a_segment, fates, give, run
from tests.loyalty.ledger.cast import a_member, agree, entries_of, figures


@pytest.fixture
def carol(session: Session, aurora: Shop) -> Member:
    """Another member of Aurora."""
    return a_member(session, aurora, 601)


def test_each_member_gets_the_points_with_the_reason(
    session: Session, aurora: Shop, alice: Member, carol: Member
) -> None:
    outsider = a_member(session, aurora, 602)
    grant = give(session, aurora, a_segment(session, aurora, alice, carol))

    run(session, grant)

    assert (grant.state, grant.members, grant.given, grant.skipped) == ("done", 2, 2, 0)
    assert entries_of(session, alice) == entries_of(session, carol) == [("grant", 100)]
    assert entries_of(session, outsider) == []
    assert agree(session, aurora.shop_id)


def test_batches_go_on_where_the_last_one_ended(
    session: Session, aurora: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "PREPARED_AT_ONCE", 2)
    monkeypatch.setattr(giving, "GIVEN_AT_ONCE", 2)
    members = [a_member(session, aurora, 700 + number) for number in range(5)]
    grant = give(session, aurora, a_segment(session, aurora, *members))

    prepare_batch(session, grant)
    assert (grant.state, grant.members) == ("preparing", 2)
    run(session, grant)

    assert (grant.members, grant.given) == (5, 5)
    assert all(entries_of(session, one) == [("grant", 100)] for one in members)


def test_batch_whose_marks_were_lost_posts_nothing_again(
    session: Session, aurora: Shop, alice: Member
) -> None:
    grant = give(session, aurora, a_segment(session, aurora, alice))
    prepare_batch(session, grant)
    savepoint = session.begin_nested()
    give_batch(session, grant, now=NOON)
    savepoint.rollback()  # as a crash does
    session.refresh(grant)

    run(session, grant)

    assert entries_of(session, alice) == [("grant", 100)]


def test_member_who_left_meanwhile_is_skipped_with_the_reason(
    session: Session, aurora: Shop, alice: Member, carol: Member
) -> None:
    dave = a_member(session, aurora, 602)
    grant = give(session, aurora, a_segment(session, aurora, alice, carol, dave))
    prepare_batch(session, grant)
    archiving.archive(session, aurora, alice.id, actor=STAFF, reason="asked", now=NOON)
    merge(session, aurora, dave.id, carol.id, actor=STAFF, now=NOON)

    run(session, grant)

    assert fates(session, grant) == {
        alice.id: ("skipped", "archived"),
        carol.id: ("skipped", "merged"),
        dave.id: ("given", None),
    }
    assert (grant.given, grant.skipped) == (1, 2)


def test_whoever_took_in_a_waiting_member_gets_the_points_once(
    session: Session, aurora: Shop, alice: Member, carol: Member
) -> None:
    dave, erin = a_member(session, aurora, 602), a_member(session, aurora, 603)
    grant = give(session, aurora, a_segment(session, aurora, alice, carol))
    prepare_batch(session, grant)
    merge(session, aurora, dave.id, carol.id, actor=STAFF, now=NOON)
    merge(session, aurora, dave.id, alice.id, actor=STAFF, now=NOON)
    merge(session, aurora, erin.id, dave.id, actor=STAFF, now=NOON)

    run(session, grant)

    assert fates(session, grant) == {
        alice.id: ("skipped", "merged"),
        carol.id: ("skipped", "merged"),
        erin.id: ("given", None),
    }
    assert (grant.state, grant.members, grant.given, grant.skipped) == ("done", 3, 1, 2)
    assert entries_of(session, erin) == [("grant", 100)]


def test_whoever_takes_in_one_who_has_the_points_gets_none_besides(
    session: Session, aurora: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "GIVEN_AT_ONCE", 1)
    first, second, third = sorted((a_member(session, aurora, n) for n in (7, 8, 9)), key=_id_of)
    between = a_member(session, aurora, 10)
    grant = give(session, aurora, a_segment(session, aurora, first, second, third))
    prepare_batch(session, grant)
    give_batch(session, grant, now=NOON)
    merge(session, aurora, between.id, first.id, actor=STAFF, now=NOON)
    merge(session, aurora, third.id, between.id, actor=STAFF, now=NOON)

    run(session, grant)

    assert fates(session, grant) == {
        first.id: ("given", None),
        second.id: ("given", None),
        third.id: ("skipped", "has it already"),
    }
    assert (grant.members, grant.given, grant.skipped) == (3, 2, 1)
    assert figures(session, third)[0] == 100
    assert agree(session, aurora.shop_id)


def test_they_are_told_only_where_that_was_ticked(
    session: Session, aurora: Shop, alice: Member, carol: Member
) -> None:
    quiet = give(session, aurora, a_segment(session, aurora, alice, name="A"))
    loud = give(
        session,
        aurora,
        a_segment(session, aurora, carol, name="B"),
        client_key="key-2",
        tells_members=True,
    )
    run(session, quiet)
    run(session, loud)

    asked = session.execute(
        select(OutboxEvent.member_id, OutboxEvent.body).where(
            OutboxEvent.shop_id == aurora.shop_id, OutboxEvent.kind == GRANT_EMAIL_ASKED
        )
    ).all()
    assert [tuple(one) for one in asked] == [(carol.id, {"points": 100, "grant_id": str(loud.id)})]


def test_one_key_is_one_decision(session: Session, aurora: Shop, alice: Member) -> None:
    segment = a_segment(session, aurora, alice)

    first, again = give(session, aurora, segment), give(session, aurora, segment)

    assert first is again
    assert len(list_grants(session, aurora.shop_id).rows) == 1
    with pytest.raises(IdempotencyConflict):
        give(session, aurora, segment, points=200)


def test_all_decisions_are_listed_batch_by_batch(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, alice)
    given = [give(session, aurora, segment, client_key=str(n)).id for n in range(3)]

    first = list_grants(session, aurora.shop_id, limit=2)
    rest = list_grants(session, aurora.shop_id, after=first.next, limit=2)

    assert [one.id for one in (*first.rows, *rest.rows)] == given[::-1]
    assert rest.next is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"points": "0"}, "points"),
        ({"points": "-5"}, "points"),
        ({"points": "1.5"}, "points"),
        ({"points": "99999999"}, "points"),
        ({"reason": "because"}, "reason"),
        ({"client_key": ""}, "client_key"),
        ({"expected": 2}, "segment"),
    ],
)
def test_what_cannot_be_given_is_refused_and_nothing_written(
    session: Session, aurora: Shop, alice: Member, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadGroupGrant) as refusal:
        give(session, aurora, a_segment(session, aurora, alice), **changes)

    assert refusal.value.field == field
    assert list_grants(session, aurora.shop_id).rows == []


def test_empty_segment_is_refused(session: Session, aurora: Shop, alice: Member) -> None:
    segment = a_segment(session, aurora, alice)
    archiving.archive(session, aurora, alice.id, actor=STAFF, reason="asked", now=NOON)

    with pytest.raises(BadGroupGrant, match="nobody to give to"):
        give(session, aurora, segment)


def test_audience_is_counted_before_anything_is_given(
    session: Session, aurora: Shop, alice: Member, carol: Member
) -> None:
    segment = a_segment(session, aurora, alice, carol)

    audience = count_audience(session, aurora.shop_id, segment.id, points=100)

    assert (audience.members, audience.points) == (2, 200)
    assert figures(session, alice) == (0, 0, 0, 0)


def test_decision_stands_in_the_audit_trail_once(
    session: Session, aurora: Shop, alice: Member
) -> None:
    grant = give(session, aurora, a_segment(session, aurora, alice))
    run(session, grant)

    (row,) = session.scalars(select(AuditRow).where(AuditRow.action == "group_grant_begun"))
    assert (row.subject_id, row.actor_id) == (str(grant.id), "42")
    assert row.details["members"] == 1


def test_decision_of_another_shop_is_not_found(
    session: Session, aurora: Shop, alice: Member
) -> None:
    segment = a_segment(session, aurora, alice)
    grant = give(session, aurora, segment)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")

    with pytest.raises(GroupGrantNotFound):
        get_grant(session, borealis.shop_id, grant.id)
    with pytest.raises(SegmentNotFound):
        give(session, borealis, segment, client_key="key-2")


def _id_of(member: Member) -> UUID:
    return member.id
