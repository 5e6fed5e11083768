"""The five switches over a member's pushes: what turning one writes, and what obeys it."""

import pytest
from sqlalchemy import select

from loyalty.audit import Actor, AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from loyalty.outbox import OutboxEvent
from loyalty.preferences import NAMES, Name, Preferences, get_preferences
from loyalty.preferences import set_preference as turn
from tests.wallet.cast import Cardholder
from wallet.notices import loudest


def test_everything_is_active_until_the_member_says_otherwise(alice: Cardholder) -> None:
    with shop_transaction(alice.shop_id) as session:
        assert get_preferences(session, alice.shop_id, alice.member_id) == Preferences()


@pytest.mark.parametrize("name", NAMES)
def test_a_switch_turns_itself_and_no_other(alice: Cardholder, name: Name) -> None:
    alice.prefer(name, False)
    paused = alice.preferences()
    alice.prefer(name, True)

    assert [other for other in NAMES if not paused.is_active(other)] == [name]
    assert alice.preferences() == Preferences()


def test_a_turn_is_on_the_timeline_and_in_the_audit_and_tells_the_subscribers(
    alice: Cardholder,
) -> None:
    before = _events(alice)

    assert alice.prefer("balance", False)

    assert alice.timeline() == ["preference_changed"]
    with shop_transaction(alice.shop_id) as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "preference_changed")).one()
    assert (row.actor_kind, row.subject_id) == ("member", str(alice.member_id))
    assert row.details == {"preference": "balance", "is_active": False}
    assert _events(alice) == before + 1


def test_the_same_turn_again_writes_nothing(alice: Cardholder) -> None:
    alice.prefer("tier", False)
    before = _events(alice)

    assert not alice.prefer("tier", False)

    assert (alice.timeline(), _events(alice)) == (["preference_changed"], before)


def test_another_shops_member_has_no_switches_here(alice: Cardholder, bob: Cardholder) -> None:
    with pytest.raises(MemberNotFound), shop_transaction(bob.shop_id) as session:
        turn(
            session,
            bob.shop_id,
            alice.member_id,
            "balance",
            False,
            now=utc_now(),
            actor=Actor("member", str(alice.member_id)),
        )


def test_an_erased_member_has_no_switches(alice: Cardholder) -> None:
    alice.erase()

    with pytest.raises(MemberNotFound):
        alice.prefer("balance", False)


@pytest.mark.parametrize(
    ("held", "said", "preferences", "told"),
    [
        ({"balance": "0"}, {"balance": "5"}, Preferences(), "balance"),
        ({"balance": "5"}, {"balance": "5"}, Preferences(), None),
        ({"balance": "0"}, {"balance": "5"}, Preferences(balance=False), None),
        ({"balance": "0", "tier": "A"}, {"balance": "5", "tier": "B"}, Preferences(), "tier"),
        (
            *({"balance": "0", "tier": "A"}, {"balance": "5", "tier": "B"}),
            *(Preferences(tier=False), "balance"),
        ),
        ({"balance": "0", "tier": "A"}, {"balance": "5", "tier": "A"}, Preferences(), "balance"),
        ({"balance": "0"}, {}, Preferences(), None),
    ],
)
def test_only_the_most_important_change_that_is_not_paused_is_told(
    held: dict[str, str], said: dict[str, str], preferences: Preferences, told: str | None
) -> None:
    assert loudest(held, said, preferences) == told


def _events(holder: Cardholder) -> int:
    with shop_transaction(holder.shop_id) as session:
        return len(session.scalars(select(OutboxEvent)).all())
