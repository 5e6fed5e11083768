"""R135: a coupon is sent by email once its code works, to who still wants emails."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.assigning import assign
from loyalty.coupons.importing import import_codes
from loyalty.coupons.saving import add_coupon
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.coupons.using import OrderWithCodes, note_uses
from loyalty.outbox import OutboxEvent
from loyalty.shops.directory import get_shop
from mailing import addresses
from mailing.addresses import address_hash
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


def give(who: Addressee, **changes: Any) -> UUID:
    """Give them a coupon of 5.00 with the code SPRING-1, by email, twice as a double click does."""
    given = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00"} | changes
    batch, now = uuid4(), utc_now()
    with shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        given |= {"code_source": "imported"}
        coupon = add_coupon(session, shop, given, actor=DANA, now=now)
        import_codes(session, who.shop_id, coupon.id, b"code\nSPRING-1\n", actor=DANA, now=now)
    for _ in range(2):
        with shop_transaction(who.shop_id) as session:
            shop = get_shop(session, who.shop_id)
            assign(
                session,
                shop,
                coupon.id,
                [who.member_id],
                batch_id=batch,
                sends_email=True,
                actor=DANA,
                now=now,
            )
    return coupon.id


def test_the_email_holds_the_code_its_worth_and_its_last_day(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    last_day = day_in("Europe/Madrid", utc_now()) + timedelta(days=10)

    give(alice, ends_on=last_day, minimum_cart="30.00")
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Aurora has a coupon for you: Five off"
    for part in (str(email["html"]), str(email["text"])):
        assert "SPRING-1" in part
        assert "€5.00 off on orders from €30.00" in part
        assert f"{last_day:%B} {last_day.day}, {last_day.year}" in part
    assert [(m.kind, m.state) for m in alice.messages()] == [("coupon", "sent")]


def test_a_name_that_looks_like_html_stays_words(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    give(alice, name="<b>Five</b> & more")
    alice.work()

    (email,) = taken(amazon, before)
    assert "<b>Five</b>" not in str(email["html"])
    assert "<b>Five</b> & more" in str(email["text"])


def test_the_code_stands_in_no_event(alice: Addressee, amazon: Amazon) -> None:
    give(alice)

    with shop_transaction(alice.shop_id) as session:
        bodies = [str(body) for body in session.scalars(select(OutboxEvent.body))]
    assert not [body for body in bodies if "SPRING-1" in body]


def test_a_code_that_was_used_meanwhile_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    give(alice)
    with shop_transaction(alice.shop_id) as session:
        note_uses(session, alice.shop_id, [OrderWithCodes(1, "#1", utc_now(), ("SPRING-1",))])

    alice.work()

    assert taken(amazon, before) == []
    (message,) = alice.messages()
    assert (message.state, message.reason) == ("blocked", "What it would tell of is over")


def test_a_coupon_that_has_ended_meanwhile_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    coupon_id = give(alice)
    with shop_transaction(alice.shop_id) as session:
        session.get_one(Coupon, (alice.shop_id, coupon_id)).ends_on = date(2026, 1, 1)

    alice.work()

    assert taken(amazon, before) == []
    assert alice.states() == ["blocked"]


def test_a_code_that_is_being_made_is_not_sent_yet(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    give(alice)
    with shop_transaction(alice.shop_id) as session:
        session.scalars(select(CouponCode)).one().state = "making"

    alice.work()

    assert taken(amazon, before) == []


def test_who_unsubscribed_has_the_coupon_and_no_email(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    with shop_transaction(alice.shop_id) as session:
        hashed = address_hash(alice.shop_id, "alice@example.com")
        addresses.unsubscribe(session, alice.shop_id, hashed, now=utc_now())

    give(alice)
    alice.work()

    assert taken(amazon, before) == []
    assert [(m.kind, m.state) for m in alice.messages()] == [("coupon", "blocked")]


def test_an_email_whose_answer_was_lost_is_not_sent_again(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    amazon.post("faults", kind="cut")
    give(alice)

    alice.work()
    alice.work_later()

    assert len(taken(amazon, before)) == 1
    assert alice.states() == ["unknown"]
