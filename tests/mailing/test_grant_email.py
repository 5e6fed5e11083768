"""R139: emails of points given to many let codes pass, and none tells of what was taken back."""

from dataclasses import replace
from uuid import UUID

import pytest

from jobs import deliveries, queues
from jobs.relay import relay
from loyalty import outbox
from loyalty.base.bulk import insert_rows
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.group_grants.deciding import lock_grant, undo_group_grant
from loyalty.members.tables import Member
from loyalty.outbox import OutboxEvent
from loyalty.shops.directory import get_shop
from tests.loyalty.group_grants.cast import a_segment, give, run
from tests.mailing.cast import DANA, MAIL, Addressee, taken
from tests.mailing.stand_in import Amazon

MANY = 1000


@pytest.fixture(autouse=True)
def _bell(valkey_url: str) -> None:
    queues.configure(valkey_url)


def tell_of_a_grant(who: Addressee) -> UUID:
    """100 points for a segment of this member, who is told; the decision's id."""
    with shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        member = session.get_one(Member, (who.shop_id, who.member_id))
        grant = give(session, shop, a_segment(session, shop, member), tells_members=True)
        run(session, grant, now=utc_now())
        return grant.id


def undo(who: Addressee, grant_id: UUID, *, to_its_end: bool) -> None:
    with shop_transaction(who.shop_id) as session:
        now = utc_now()
        undo_group_grant(session, who.shop_id, grant_id, actor=DANA, now=now, is_forced=False)
        if to_its_end:
            run(session, lock_grant(session, who.shop_id, grant_id), now=now)


def test_a_grant_is_told(alice: Addressee, amazon: Amazon, before: int) -> None:
    tell_of_a_grant(alice)

    alice.work()

    assert alice.states() == ["sent"]
    assert "100" in str(taken(amazon, before)[0]["text"])


@pytest.mark.parametrize("to_its_end", [False, True])
def test_nobody_reads_of_points_that_were_taken_back(
    alice: Addressee, amazon: Amazon, before: int, to_its_end: bool
) -> None:
    undo(alice, tell_of_a_grant(alice), to_its_end=to_its_end)

    alice.work()

    assert taken(amazon, before) == []
    (message,) = alice.messages()
    assert (message.state, message.reason) == ("blocked", "What it would tell of is over")


def test_a_code_goes_before_a_grant_of_a_thousand(
    alice: Addressee, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [
        {
            "shop_id": alice.shop_id,
            "id": new_id(),
            "kind": outbox.GRANT_EMAIL_ASKED,
            "member_id": new_id(),
            "body": {"points": 500},
            "state": "new",
            "created_at": utc_now(),
        }
        for _ in range(MANY)
    ]
    with shop_transaction(alice.shop_id) as session:
        insert_rows(session, OutboxEvent, told)
    relay(alice.shop_id)
    with shop_transaction(alice.shop_id) as session:
        whose = {"member_id": alice.member_id, "body": {"challenge_id": str(new_id())}}
        outbox.stage(session, alice.shop_id, outbox.PROOF_EMAIL_ASKED, now=utc_now(), **whose)
    relay(alice.shop_id)
    called: list[UUID] = []
    monkeypatch.setattr(deliveries, "TURN_S", 1)
    subscriber = replace(MAIL, call=lambda _, member_id: called.append(member_id))

    deliveries.deliver(subscriber, alice.shop_id)

    assert called[0] == alice.member_id and len(called) > 1
