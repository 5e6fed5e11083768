"""R76: staff may have a member told of points that were given or taken by hand."""

import pytest

from loyalty.adjustments import adjust
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from mailing import addresses
from mailing.addresses import address_hash
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


def change(alice: Addressee, points: int, *, tells: bool = True) -> None:
    """Twice, as a double click does."""
    for _ in range(2):
        with shop_transaction(alice.shop_id) as session:
            adjust(
                session,
                alice.shop_id,
                alice.member_id,
                points=points,
                reason="service_recovery",
                note="She called",
                order_reference=None,
                client_key=f"key:{points}",
                actor=DANA,
                now=utc_now(),
                tells_member=tells,
            )


@pytest.mark.parametrize(("points", "said"), [(250, "+250 points"), (-100, "−100 points")])
def test_the_member_hears_once_what_changed_and_what_it_is_now(
    alice: Addressee, amazon: Amazon, before: int, points: int, said: str
) -> None:
    alice.earn(1000)

    change(alice, points)
    alice.work()

    (email,) = taken(amazon, before)
    for part in (str(email["html"]), str(email["text"])):
        assert said in part
        assert f"{1000 + points:,} points" in part
        assert "She called" not in part
    assert [(m.kind, m.state) for m in alice.messages()] == [("adjustment", "sent")]


def test_nobody_is_told_unless_it_is_asked_for(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    change(alice, 250, tells=False)
    alice.work()

    assert taken(amazon, before) == []


def test_who_unsubscribed_is_not_told(alice: Addressee, amazon: Amazon, before: int) -> None:
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "alice@example.com")
        addresses.unsubscribe(session, alice.shop_id, hashed, now=utc_now())

    change(alice, 250)
    alice.work()

    assert taken(amazon, before) == []
    assert [(m.kind, m.state) for m in alice.messages()] == [("adjustment", "blocked")]
