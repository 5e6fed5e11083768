"""Two debits that race for the same points, on connections of their own: one wins, one is told."""

import threading
from uuid import UUID

from loyalty.adjustments import adjust
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.base.errors import InsufficientPoints
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import MemberBalance
from loyalty.shops.directory import install, register_shop_id
from tests.factories.facts import a_customer


def _aurora_with_alice() -> tuple[int, UUID]:
    with shopless_transaction() as session:
        shop_id = register_shop_id(session, "aurora.myshopify.com")
    with shop_transaction(shop_id) as session:
        shop = install(
            session,
            shop_id,
            domain="aurora.myshopify.com",
            name="Aurora",
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=utc_now(),
        )
        customer = record_customer(session, shop, a_customer(), now=utc_now(), is_backfill=False)
        assert customer.member_id
        return shop_id, customer.member_id


def _adjust(
    shop_id: int,
    member_id: UUID,
    points: int,
    key: str,
    *,
    hold: threading.Event,
    posted: threading.Event | None = None,
) -> None:
    """Post the points, tell so by `posted`, and commit once `hold` is set."""
    with shop_transaction(shop_id) as session:
        adjust(
            session,
            shop_id,
            member_id,
            points=points,
            reason="other",
            note=None,
            order_reference=None,
            client_key=key,
            actor=Actor("staff", "42"),
            now=utc_now(),
        )
        if posted:
            posted.set()
        assert hold.wait(30)


def test_of_two_debits_that_race_one_wins_and_one_is_told(database: None) -> None:
    # given 100 points, and a deduction of 80 that is not committed yet
    shop_id, alice = _aurora_with_alice()
    go, told = threading.Event(), []
    go.set()
    _adjust(shop_id, alice, 100, "grant", hold=go)
    hold, posted = threading.Event(), threading.Event()
    first = threading.Thread(
        target=_adjust,
        args=(shop_id, alice, -80, "first"),
        kwargs={"hold": hold, "posted": posted},
    )
    first.start()
    assert posted.wait(30)

    def deduct_as_well() -> None:
        try:
            _adjust(shop_id, alice, -80, "second", hold=go)
        except InsufficientPoints as refusal:
            told.append(refusal)

    # when another is asked for meanwhile
    second = threading.Thread(target=deduct_as_well)
    second.start()
    second.join(timeout=1.0)
    is_waiting = second.is_alive()
    hold.set()
    first.join(timeout=30)
    second.join(timeout=30)

    # then it waited, and found 20 points
    assert is_waiting
    assert len(told) == 1
    with shop_transaction(shop_id) as session:
        assert session.get_one(MemberBalance, (shop_id, alice)).available == 20
        assert find_differences(session, shop_id) == []
