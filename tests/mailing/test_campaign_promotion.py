"""R154: who announces a promotion names it with its last day, and only while it runs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from jobs import queues
from loyalty.base.clock import today_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.campaigns.saving import get_campaign
from loyalty.earning.saving import add_promotion
from loyalty.programme.tables import Promotion
from loyalty.shops.directory import get_shop
from tests.mailing.campaign_cast import Sent, start
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


@pytest.fixture(autouse=True)
def _bell(valkey_url: str) -> None:
    queues.configure(valkey_url)


def announce(who: Addressee, **changes: Any) -> tuple[Sent, UUID]:
    """A campaign of Double points, which runs for three days more, started; and the promotion."""
    with shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        given = {
            "name": "Double <points>",
            "multiplier": "2",
            "ends_on": today_in(shop.timezone) + timedelta(days=3),
        }
        promotion = add_promotion(session, shop.shop_id, given, actor=DANA, now=utc_now())
    words = {
        "subject": "{{ promotion }}!",
        "text": "Hello\n{{ promotion }} until {{ promotion_until }}\n{{ tier }} is yours",
    }
    return start(who, promotion_id=str(promotion.id), **words | changes), promotion.id


def switch_off(who: Addressee, promotion_id: UUID) -> None:
    """The merchant ends it."""
    with shop_transaction(who.shop_id) as session:
        session.get_one(Promotion, (who.shop_id, promotion_id)).is_active = False


def announce_later(who: Addressee) -> tuple[Sent, UUID]:
    """The same, scheduled, and its time has come."""
    later = utc_now() + timedelta(days=2)
    sent, promotion_id = announce(who, starts_at=f"{later:%Y-%m-%dT%H:%M}")
    with shop_transaction(who.shop_id) as session:
        get_campaign(session, who.shop_id, sent.campaign_id).starts_at = utc_now()
    return sent, promotion_id


def test_the_email_names_it_and_its_last_day(alice: Addressee, amazon: Amazon, before: int) -> None:
    sent, promotion_id = announce(alice)
    with shop_transaction(alice.shop_id) as session:
        last_day = session.get_one(Promotion, (alice.shop_id, promotion_id)).ends_on

    sent.advance()
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Double <points>!"
    text, html = str(email["text"]), str(email["html"])
    assert last_day is not None and f"Double <points> until {last_day:%B} {last_day.day}" in text
    assert "Double &lt;points&gt;" in html and "<points>" not in html
    # A line whose field is empty is left out.
    assert "is yours" not in text


def test_one_that_is_switched_off_before_it_starts_halts_it(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent, promotion_id = announce_later(alice)
    switch_off(alice, promotion_id)

    sent.advance()

    found = sent.campaign()
    assert (found.state, found.error) == ("paused", "Double <points> is switched off")
    assert taken(amazon, before) == []


def test_one_that_ends_while_some_are_still_to_be_told_halts_it(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent, promotion_id = announce(alice)
    switch_off(alice, promotion_id)

    sent.advance()

    assert (sent.campaign().state, sent.fate()) == ("paused", ("waiting", None))
    alice.work()
    assert taken(amazon, before) == []


def test_an_email_under_way_is_not_sent_of_one_that_has_ended(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent, promotion_id = announce(alice)
    sent.advance()
    switch_off(alice, promotion_id)

    alice.work()
    sent.advance()

    assert taken(amazon, before) == []
    assert sent.fate()[0] == "skipped" and sent.campaign().state == "done"


def test_a_new_last_day_is_the_one_that_is_told(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent, promotion_id = announce(alice)
    sent.advance()
    with shop_transaction(alice.shop_id) as session:
        today = today_in(get_shop(session, alice.shop_id).timezone)
        session.get_one(Promotion, (alice.shop_id, promotion_id)).ends_on = today

    alice.work()

    (email,) = taken(amazon, before)
    assert f"until {today:%B} {today.day}" in str(email["text"])
