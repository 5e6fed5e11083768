"""Points by hand: bad input is refused beside its field, a resend counts once, staff is named."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.adjustments import adjust
from loyalty.audit import Actor, AuditRow
from loyalty.base.errors import BadAdjustment, InsufficientPoints
from loyalty.ledger.tables import EntryNote, LedgerEntry
from loyalty.members.tables import Member
from tests.factories.facts import NOON
from tests.loyalty.conftest import balance_of

STAFF = Actor("staff", "42")


def adjusted(session: Session, member: Member, **changes: Any) -> LedgerEntry:
    given: dict[str, Any] = {
        "points": "100",
        "reason": "contest",
        "note": None,
        "order_reference": None,
        "client_key": "k1",
        "actor": STAFF,
        "now": NOON,
    }
    return adjust(session, member.shop_id, member.id, **(given | changes))


def test_a_grant_is_posted_with_its_note_and_who_did_it(session: Session, alice: Member) -> None:
    entry = adjusted(session, alice, note="Sorry for the wait", order_reference="#1001")

    assert (entry.kind, entry.points, entry.actor) == ("grant", 100, "staff:42")
    note = session.get_one(EntryNote, (alice.shop_id, entry.id))
    assert note.body == "#1001\nSorry for the wait"
    row = session.scalars(select(AuditRow)).one()
    assert (row.action, row.actor_id, row.subject_id) == ("points_adjusted", "42", str(alice.id))


def test_a_resend_counts_once(session: Session, alice: Member) -> None:
    adjusted(session, alice)
    adjusted(session, alice)

    assert balance_of(session, alice).available == 100


@pytest.mark.parametrize(
    "points", ["0", "-0", "", "ten", "1.5", "1" + "0" * 30, "++1", "1e3", "²", "--5"]
)
def test_points_that_cannot_be_posted_are_refused_beside_their_field(
    session: Session, alice: Member, points: str
) -> None:
    with pytest.raises(BadAdjustment) as refusal:
        adjusted(session, alice, points=points)

    assert refusal.value.field == "points"
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", "because"),
        ("note", "x" * 10_000),
        ("order_reference", "#" * 60),
        ("client_key", ""),
        ("client_key", "a\0b"),
    ],
)
def test_other_bad_input_names_its_field(
    session: Session, alice: Member, field: str, value: str
) -> None:
    with pytest.raises(BadAdjustment) as refusal:
        adjusted(session, alice, **{field: value})

    assert refusal.value.field == field


def test_more_than_is_there_cannot_be_deducted(session: Session, alice: Member) -> None:
    adjusted(session, alice, points="40")

    with pytest.raises(InsufficientPoints):
        adjusted(session, alice, points="-41", client_key="k2")

    assert balance_of(session, alice).available == 40
