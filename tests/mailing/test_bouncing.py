"""The fact of criteria that only email knows: whose present address bounces for good."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.shops.directory import get_shop
from mailing.bouncing import select_bouncing
from tests.factories.facts import a_customer
from tests.mailing.cast import Addressee
from tests.mailing.stand_in import Amazon


def bouncing(alice: Addressee, member_ids: list[UUID] | None = None) -> set[UUID]:
    """Whose address bounces for good."""
    return {row.member_id for row in _found(alice, member_ids) if row.has_hard_bounce}


def bouncing_softly(alice: Addressee, member_ids: list[UUID] | None = None) -> set[UUID]:
    """Whose address bounces for a while, and not for good."""
    return {row.member_id for row in _found(alice, member_ids) if row.has_soft_bounce}


def _found(alice: Addressee, member_ids: list[UUID] | None) -> Sequence[Any]:
    with shop_transaction(alice.shop_id) as session:
        return session.execute(select_bouncing(session, alice.shop_id, member_ids)).all()


def bounce(alice: Addressee, amazon: Amazon, kind: str = "Permanent") -> None:
    alice.ask("first")
    alice.work()
    amazon.post("bounce", message_id=alice.messages()[0].ses_message_id, type=kind)


def test_member_whose_address_bounces_is_found_among_all_and_among_some(
    alice: Addressee, amazon: Amazon
) -> None:
    assert bouncing(alice) == bouncing(alice, [alice.member_id]) == set()

    bounce(alice, amazon)

    assert bouncing(alice) == bouncing(alice, [alice.member_id]) == {alice.member_id}
    assert bouncing(alice, []) == set()


def test_a_soft_bounce_is_none_for_good(alice: Addressee, amazon: Amazon) -> None:
    bounce(alice, amazon, "Transient")

    assert bouncing(alice) == bouncing(alice, [alice.member_id]) == set()
    assert bouncing_softly(alice) == bouncing_softly(alice, [alice.member_id]) == {alice.member_id}


def test_a_hard_bounce_is_no_soft_one_besides(alice: Addressee, amazon: Amazon) -> None:
    bounce(alice, amazon, "Transient")
    again = alice.messages()[0].ses_message_id
    amazon.post("bounce", message_id=again, type="Permanent")

    assert bouncing(alice) == {alice.member_id}
    assert bouncing_softly(alice) == set()


def test_new_address_begins_afresh(alice: Addressee, amazon: Amazon) -> None:
    bounce(alice, amazon)

    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.email = member.email_norm = "alice@example.net"

    assert bouncing(alice) == bouncing(alice, [alice.member_id]) == set()


def test_who_has_the_same_address_is_found_too(alice: Addressee, amazon: Amazon) -> None:
    bounce(alice, amazon)
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        facts = a_customer(599, first_name="Erin", email="alice@example.com")
        erin = record_customer(session, shop, facts, now=utc_now(), is_backfill=True).member_id
    assert erin is not None

    assert bouncing(alice) == {alice.member_id, erin}
    assert bouncing(alice, [erin]) == {erin}
